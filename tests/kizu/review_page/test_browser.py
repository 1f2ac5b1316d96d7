"""The page in a browser, with its server in a process of its own: what a person does and keeps."""

import json
import os
import shutil
import subprocess
import time
from collections import Counter

import httpx
import numpy as np
import pytest
from reviewed import spec_of
from served import PATIENCE_S, ROOT, kizu

from kizu.imaging.run_lengths import mask_of_runs
from kizu.loopback import free_port
from kizu.publish.dataset import open_dataset
from kizu.review import latest_decision
from kizu.review_page.candidates import open_build
from kizu.store import Store

pytestmark = pytest.mark.slow

SIDE_PX = 96


class Project:
    """A folder with a spec and a store, and the commands a user would run there."""

    def __init__(self, folder, **fields):
        self.folder = folder
        self.store = Store(str(folder / "kizu-store"))
        self.spec = spec_of(folder / "photos", side_px=SIDE_PX, **fields)
        text = json.dumps(self.spec.model_dump(mode="json", exclude_none=True))
        (folder / "dataset.yaml").write_text(text, encoding="utf-8")
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "KIZU_"))},
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "PREFECT_HOME": str(folder / "prefect"),
        }
        self.url = f"http://127.0.0.1:{free_port()}"

    def build(self):
        done = subprocess.run(  # noqa: S603 - our own command
            kizu("build", "dataset.yaml"),
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def review(self):
        """Start the page's server; it answers when this returns."""
        port = self.url.rpartition(":")[2]
        words = ["review", "plates", "--port", port, "--no-open", "--segmenter", "demo-sam"]
        with (self.folder / "review.out").open("a") as output:
            server = subprocess.Popen(  # noqa: S603 - our own command
                kizu(*words), cwd=self.folder, env=self.env, stdout=output, stderr=output
            )
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            said = (self.folder / "review.out").read_text()
            assert server.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.2)
        return server

    def _answers(self):
        try:
            return httpx.get(self.url, timeout=5).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def decisions(self):
        """The last decision on each sample, by its name."""
        samples = (each.outcome for each in open_build(self.store, "plates").samples)
        found = {o.sample_id: latest_decision(self.store, o.decisions) for o in samples}
        return {sample_id: each for sample_id, each in found.items() if each}


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path, photos=5, variants=3)
    made.build()
    return made


@pytest.fixture(scope="module")
def few_built(tmp_path_factory):
    """The store of a project of a few samples, built once."""
    made = Project(tmp_path_factory.mktemp("few"), photos=2)
    made.build()
    return made.folder / "kizu-store"


@pytest.fixture
def few(few_built, tmp_path):
    """A project of a few samples, its page served."""
    made = Project(tmp_path, photos=2)
    shutil.copytree(few_built, tmp_path / "kizu-store")
    server = made.review()
    yield made
    server.kill()
    server.wait()


@pytest.fixture
def review(project):
    """The page's server, whichever one runs at the end is stopped."""
    servers = [project.review()]

    def again():
        servers[-1].kill()
        servers[-1].wait()
        servers.append(project.review())

    yield again
    servers[-1].kill()
    servers[-1].wait()


def come_in(page, url, name="Aiko"):
    page.goto(url)
    page.wait_for_selector("#who[open]")
    page.fill("#who-name", name)
    page.keyboard.press("Enter")
    page.wait_for_selector("#who:not([open])", state="attached")
    settle(page)


def decided(page):
    counts = page.locator("#progress b").all_inner_texts()
    return sum(int(text.split(" / ")[0]) for text in counts)


def wait_for_count(page, count):
    """Wait until the page shows that so many samples are decided."""
    counts = "[...document.querySelectorAll('#progress b')].map((b) => parseInt(b.innerText))"
    page.wait_for_function(f"() => {counts}.reduce((a, b) => a + b, 0) === {count}")


def decide(page, key):
    """Press a key that decides, and wait until that is stored and the next sample is shown."""
    before = decided(page)
    page.keyboard.press(key)
    page.wait_for_function(
        "n => [...document.querySelectorAll('#progress b')]"
        ".reduce((sum, each) => sum + parseInt(each.textContent), 0) > n",
        arg=before,
    )
    settle(page)


def settle(page):
    page.wait_for_selector("body[aria-busy=false]")


def sent_mask(request):
    [wanted] = json.loads(request.post_data)["decisions"]
    return mask_of_runs(wanted["mask"], (SIDE_PX, SIDE_PX))


def shown_sample(page, project):
    """What the page says of the sample that it shows, from the server."""
    number = page.locator("#single").get_attribute("data-number")
    return httpx.get(f"{project.url}/api/samples/{number}").json()


def at(page, x, y):
    """Return where a place of the picture, in its pixels, is on the screen while it is fitted."""
    box = page.locator("#canvas").bounding_box()
    scale = 0.97 * min(box["width"], box["height"]) / SIDE_PX
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return middle[0] + (x - SIDE_PX / 2) * scale, middle[1] + (y - SIDE_PX / 2) * scale


def draw_line(page):
    """Draw a thin oblique line with the brush, undone and made again; return what was sent."""
    page.keyboard.press("Delete")
    page.keyboard.press("p")
    for _ in range(8):
        page.keyboard.press("[")
    page.mouse.move(*at(page, 10.5, 20.5))
    page.mouse.down()
    page.mouse.move(*at(page, 80.5, 47.5), steps=31)
    page.mouse.up()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("+")
    page.keyboard.press("f")
    with page.expect_request("**/api/decisions") as request:
        decide(page, "a")
    return sent_mask(request.value)


def click_label(page, label):
    """Click into the middle of a label; return what was marked there, and what was sent."""
    page.wait_for_selector("#tool-click:not([hidden])")
    middle = [float(np.mean(places)) for places in np.nonzero(label)]
    page.keyboard.press("Delete")
    page.keyboard.press("s")
    with page.expect_response("**/clicks") as response:
        page.mouse.click(*at(page, middle[1], middle[0]))
    marked = mask_of_runs(response.value.json()["mask"], (SIDE_PX, SIDE_PX))
    page.wait_for_selector("#stage:not(.busy)")
    with page.expect_request("**/api/decisions") as request:
        decide(page, "a")
    return marked, sent_mask(request.value)


def decide_many(page, count):
    for turn in range(count):
        decide(page, "r" if turn % 4 == 3 else "a")


@pytest.mark.timeout(600)  # building sixty takes a busy machine minutes
def test_sixty_samples_are_judged_by_keyboard_and_nothing_is_lost(page, project, review):
    come_in(page, project.url)
    drawn = shown_sample(page, project)["sample_id"]
    line = draw_line(page)
    rows, columns = np.nonzero(line)
    assert sorted(columns) == list(range(10, 81)), "one pixel in every column"
    assert np.abs(rows - (20 + (columns - 10) * 27 / 70)).max() <= 1

    clicked = shown_sample(page, project)
    label = mask_of_runs(clicked["label"], (SIDE_PX, SIDE_PX))
    marked, sent = click_label(page, label)
    assert marked.any()
    assert np.array_equal(sent, marked)

    decide_many(page, 28)
    wait_for_count(page, 30)  # shown once the server's answer is there
    before = project.decisions()
    assert len(before) == 30
    review()  # the server was killed, and another one is started
    page.reload()
    settle(page)
    wait_for_count(page, 30)
    assert project.decisions() == before
    decide_many(page, 30)
    page.wait_for_selector("#done:not([hidden])")
    made = project.decisions()
    assert len(made) == 60
    assert {each.reviewed_by for each in made.values()} == {"Aiko"}
    assert all(made[sample_id] == each for sample_id, each in before.items())

    project.build()
    dataset = open_dataset(project.store, "plates")
    for sample_id, each in made.items():
        assert dataset[sample_id].row["verdict"] == each.verdict
    assert np.array_equal(dataset[drawn].label(), line)
    assert np.array_equal(dataset[clicked["sample_id"]].label(), marked)
    assert dataset.verify() == []


def test_a_decision_is_taken_back_by_another_one(page, few):
    come_in(page, few.url)
    sample_id = shown_sample(page, few)["sample_id"]
    decide(page, "r")
    page.keyboard.press("u")
    page.wait_for_selector("#decided:not([hidden])")
    assert shown_sample(page, few)["sample_id"] == sample_id
    with page.expect_response("**/api/decisions"):
        page.keyboard.press("a")
    assert few.decisions()[sample_id].verdict == "accept"


def test_two_people_see_different_samples_and_each_others_decisions(page, few):
    come_in(page, few.url)
    other = page.context.browser.new_context().new_page()
    come_in(other, few.url, "Ben")
    settle(other)
    one, two = (shown_sample(each, few)["sample_id"] for each in (page, other))
    assert one != two
    other.goto(f"{few.url}/#{one}")
    other.reload()
    settle(other)
    decide(other, "r")
    with page.expect_response("**/api/decisions"):
        page.keyboard.press("a")
    page.wait_for_selector("#message[data-kind=problem]")
    assert "Ben" in page.inner_text("#message")
    assert few.decisions()[one].reviewed_by == "Ben"


def test_a_sheet_is_judged_with_a_few_keys(page, tmp_path):
    project = Project(tmp_path, photos=4, defects=["hole"], agree={"without_grounding": "review"})
    project.build()
    server = project.review()
    try:
        come_in(page, project.url)
        page.wait_for_selector("#sheet:not([hidden])")
        for key in ("ArrowRight", "x", "ArrowRight", "ArrowRight", "Space"):
            page.keyboard.press(key)
        assert page.inner_text("#sheet-count") == "Accept 2, reject 2"
        decide(page, "a")
        page.wait_for_selector("#done:not([hidden])")
    finally:
        server.kill()
        server.wait()
    verdicts = [each.verdict for each in project.decisions().values()]
    assert Counter(verdicts) == {"accept": 2, "reject": 2}


def test_what_is_drawn_is_kept_until_it_is_decided_and_ends_at_the_pictures_edge(page, few):
    come_in(page, few.url)
    sample_id = shown_sample(page, few)["sample_id"]
    page.keyboard.press("Delete")
    page.keyboard.press("p")
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(*at(page, SIDE_PX - 10.5, 20.5))
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 60, at(page, 0, 20.5)[1], steps=9)
    page.keyboard.press("r")
    page.mouse.up()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert shown_sample(page, few)["sample_id"] != sample_id
    page.keyboard.press("ArrowLeft")
    settle(page)
    assert shown_sample(page, few)["sample_id"] == sample_id
    with page.expect_request("**/api/decisions") as request:
        decide(page, "a")
    columns = np.flatnonzero(sent_mask(request.value).any(axis=0))
    assert columns[-1] == SIDE_PX - 1
    assert columns[0] > SIDE_PX - 20


def test_a_sample_that_cannot_be_loaded_is_passed_over(page, few):
    page.route("**/api/samples/0", lambda route: route.fulfill(status=404, body="file is gone"))
    come_in(page, few.url)
    seen = set()
    for _ in range(4):
        seen.add(page.locator("#single").get_attribute("data-number"))
        page.keyboard.press("j")
        settle(page)
    assert "0" not in seen
    assert len(seen - {None}) > 1
    assert page.inner_text("#message") == "file is gone"


def test_a_sheet_keeps_what_another_decided_meanwhile(page, tmp_path):
    project = Project(tmp_path, photos=4, defects=["hole"], agree={"without_grounding": "review"})
    project.build()
    server = project.review()
    try:
        come_in(page, project.url)
        page.wait_for_selector("#sheet:not([hidden])")
        sample = httpx.get(f"{project.url}/api/samples/0").json()
        wanted = {"number": 0, "version": sample["version"], "verdict": "reject"}
        body = {"reviewed_by": "Ben", "decisions": [wanted]}
        other = page.context.browser.new_context().new_page()
        other.goto(project.url)
        assert other.evaluate(
            "body => fetch('/api/decisions', { method: 'POST', body: JSON.stringify(body),"
            " headers: { 'Content-Type': 'application/json' } }).then(answer => answer.ok)",
            body,
        )
        decide(page, "a")
        assert "Ben" in page.inner_text("#message")
        assert page.locator(".tile").count() == 4
        assert page.locator(".tile[aria-pressed=true]").count() == 1
        page.keyboard.press("a")
        page.wait_for_selector("#done:not([hidden])")
    finally:
        server.kill()
        server.wait()
    decisions = project.decisions().values()
    assert Counter(each.verdict for each in decisions) == {"accept": 3, "reject": 1}
    assert {each.reviewed_by for each in decisions if each.verdict == "reject"} == {"Ben"}


def test_the_page_speaks_the_browsers_language(page, few):
    context = page.context.browser.new_context(locale="ja-JP")
    japanese = context.new_page()
    japanese.goto(few.url)
    japanese.wait_for_selector("#who[open]")
    assert japanese.locator("html").get_attribute("lang") == "ja"
    assert japanese.inner_text("#accept span") == "採用"
