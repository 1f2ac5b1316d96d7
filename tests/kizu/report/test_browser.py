"""The report in a browser, opened from disk and served: what a person sees and can do."""

import io
import subprocess
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image

from benchmarks.report_page import write_many
from deployments.file_server import serving_files
from kizu.imaging.codecs import decode_png

pytestmark = pytest.mark.slow

COUNT = 130  # of samples, on three pages
FULL_SIZE = (4000, 6000)  # a photograph of 24 megapixels
AXE_VERSION = "4.10.3"

ELEMENTS = "document.querySelectorAll('*').length"
PICTURES_ARE_THERE = (
    "[...document.querySelectorAll('.strip img')].every((one) => one.complete && one.naturalWidth)"
)


@pytest.fixture
def many(store):
    return write_many(store, COUNT)


def opened(page, file, **state):
    page.goto(f"{file.as_uri()}#{urlencode(state, doseq=True)}")
    page.wait_for_selector(".card, #no-match:not([hidden])")
    return page


def names(page):
    return page.eval_on_selector_all(".card", "cards => cards.map((one) => one.dataset.id)")


def matching(page):
    return page.text_content("#matching")


def open_full_size(page):
    page.click(".film")
    page.wait_for_selector("#viewer[data-shown]")
    page.wait_for_timeout(300)  # the canvas is painted with the next frame


def test_every_sample_is_reached_page_by_page(page, many):
    opened(page, many)
    seen, counts = set(), []
    for number in range(3):
        page.wait_for_function(PICTURES_ARE_THERE)
        seen.update(names(page))
        counts.append(page.evaluate("document.querySelectorAll('.card').length"))
        if number < 2:
            page.click("#page-after")
    assert (len(seen), counts) == (COUNT, [48, 48, 34])
    assert page.is_disabled("#page-after")


def test_the_first_page_is_a_fair_mix(page, many):
    opened(page, many)
    badges = page.eval_on_selector_all(
        ".card .badge", "all => all.slice(0, 9).map((one) => one.className)"
    )
    assert badges == ["badge accept", "badge review", "badge reject"] * 3


def test_the_address_is_a_link_to_what_is_shown(page, many):
    opened(page, many, verdict="review", defect=["crack", "dent"], sort="score", reverse="1")
    page.check("input[value=not_grounded]")
    page.fill("[name=q]", "part_0")
    told, shown = matching(page), names(page)
    scores = page.eval_on_selector_all(".card", "all => all.map((one) => one.innerText)")
    assert shown
    assert all("not grounded" in text for text in scores)
    opened(page, many)
    assert matching(page) == f"{COUNT} of {COUNT} samples"
    page.go_back()
    page.wait_for_function(f"document.getElementById('matching').textContent === {told!r}")
    assert names(page) == shown


def test_every_filter_narrows_and_counts(page, many):
    opened(page, many)
    for box in ("verdict", "reason", "defect", "finder", "size"):
        row = page.locator(f"fieldset[data-facet={box}] .choice:not(.zero)").first
        count = int(row.locator("b").text_content())
        row.locator("input").check()
        assert matching(page) == f"{count} of {COUNT} samples", box
        row.locator("input").uncheck()
    page.fill("[name=photo]", "part_00007")
    assert matching(page) == f"5 of {COUNT} samples"


def test_a_sample_opens_at_full_size_by_its_address(page, many, screenshots):
    opened(page, many)
    wanted = names(page)[3]
    opened(page, many, verdict="accept", open=wanted)
    page.wait_for_selector("#viewer[data-shown]")
    assert wanted in page.text_content("#viewer-head")
    page.keyboard.press("ArrowRight")
    assert wanted not in page.text_content("#viewer-head")
    page.screenshot(path=screenshots / "report-full-size.png")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "film"


def test_a_photograph_of_24_megapixels_is_seen_pixel_by_pixel(page, store, screenshots):
    file = write_many(store, 1, FULL_SIZE, most_drawn=1)
    opened(page, file)
    open_full_size(page)
    page.keyboard.press("s")  # one pane
    page.keyboard.press("o")  # no outlines
    page.keyboard.press("z")  # one to one
    assert page.text_content("#zoom-level") == "100 %"
    page.wait_for_timeout(300)
    shot = np.asarray(Image.open(io.BytesIO(page.locator("#canvas").screenshot())).convert("RGB"))
    image = decode_png(store.read("datasets/many/files/images/image-0.png"))
    middle = shot[shot.shape[0] // 2 - 40 :, shot.shape[1] // 2 - 60 :][:80, :120]
    height, width = FULL_SIZE[0] // 2, FULL_SIZE[1] // 2
    near = image[height - 50 : height + 50, width - 70 : width + 70].astype(int)
    distances = [
        np.abs(near[y : y + 80, x : x + 120] - middle).max() for y in range(20) for x in range(20)
    ]
    assert min(distances) == 0
    page.screenshot(path=screenshots / "report-24-megapixels.png")


def test_normal_and_published_take_turns_and_the_evidence_is_laid_over(page, many, screenshots):
    opened(page, many)
    open_full_size(page)
    page.keyboard.press("s")
    edited = page.locator("#canvas").screenshot()
    page.keyboard.down("b")
    page.wait_for_timeout(200)
    normal = page.locator("#canvas").screenshot()
    page.keyboard.up("b")
    page.keyboard.press("t")
    page.wait_for_timeout(200)
    heat = page.locator("#canvas").screenshot()
    assert len({edited, normal, heat}) == 3
    page.screenshot(path=screenshots / "report-evidence.png")
    links = page.eval_on_selector_all("#links a", "all => all.map((one) => one.href)")
    assert [link.rpartition("/")[2].partition("-")[0] for link in links] == ["image", "normal"]


def test_a_page_without_its_files_shows_the_small_pictures_and_says_so(page, many, store):
    for path in list(store.list("datasets")):
        store.remove(path)
    opened(page, many)
    open_full_size(page)
    assert "not beside this page" in page.text_content("#viewer-note")


@pytest.mark.parametrize("how", ["browser", "address", "button"])
def test_the_page_speaks_japanese(page, many, screenshots, how):
    if how == "browser":
        page = page.context.browser.new_page(locale="ja-JP")
    opened(page, many, **({"lang": "ja"} if how == "address" else {}))
    if how == "button":
        assert page.text_content("fieldset[data-facet=verdict] legend") == "Verdict"
        page.click("#language")
    assert page.text_content("fieldset[data-facet=verdict] legend") == "判定"
    assert "差分とテキスト検出が、同じ場所を示しています。" in page.text_content("#cards")
    assert page.is_visible("text=サンプル >> nth=0")
    assert not page.is_visible("text='Samples'")
    page.screenshot(path=screenshots / f"report-japanese-{how}.png")


def test_the_old_japanese_address_leads_to_the_page(page, many):
    from kizu.report.write import _LEADS_ON

    other = many.with_name("index.ja.html")
    other.write_text(_LEADS_ON, encoding="utf-8")
    page.goto(other.as_uri())
    page.wait_for_selector(".card")
    assert page.evaluate("document.documentElement.lang") == "ja"


@pytest.mark.usefixtures("many")
def test_served_reports_work_as_those_on_disk(page, store):
    with serving_files(store, "127.0.0.1", 0) as port:
        page.goto(f"http://127.0.0.1:{port}/reports/many/v1/index.html")
        page.wait_for_selector(".card")
        page.wait_for_function(PICTURES_ARE_THERE)
        open_full_size(page)
        assert page.is_hidden("#viewer-note")
        assert page.locator("#viewer-words .found, #viewer-words .metrics").count()


def test_narrow_and_dark_screens_have_no_sideways_scrolling(page, many, screenshots):
    page.set_viewport_size({"width": 375, "height": 760})
    page.emulate_media(color_scheme="dark")
    opened(page, many)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.screenshot(path=screenshots / "report-narrow.png")
    open_full_size(page)
    assert page.evaluate("document.getElementById('viewer').scrollWidth") <= 375
    page.screenshot(path=screenshots / "report-narrow-full-size.png")


def test_5000_samples_are_at_hand_and_the_page_stays_as_small_as_one_of_them(
    page, store, screenshots
):
    opened(page, write_many(store, 5000))
    elements = page.evaluate(ELEMENTS)
    assert page.evaluate("Number(document.getElementById('page-number').max)") == 105
    for number in (40, 80, 105):
        page.fill("#page-number", str(number))
        page.keyboard.press("Enter")
        page.wait_for_function(PICTURES_ARE_THERE)
        assert page.evaluate(ELEMENTS) < elements * 1.2
    page.fill("[name=q]", "part_04999")
    assert matching(page) == "1 of 5,000 samples".replace(",", "")
    page.screenshot(path=screenshots / "report-5000.png")


def test_axe_finds_no_serious_fault_of_accessibility(page, many, tmp_path):
    packed = subprocess.run(  # noqa: S603 - a package of its own version
        ["npm", "pack", f"axe-core@{AXE_VERSION}"],  # noqa: S607 - npm of this machine
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=120,
    )
    if packed.returncode:
        pytest.skip("npm cannot fetch axe-core here")
    subprocess.run(["tar", "xzf", f"axe-core-{AXE_VERSION}.tgz"], cwd=tmp_path, check=True)  # noqa: S603, S607 - as above
    axe = (tmp_path / "package" / "axe.min.js").read_text(encoding="utf-8")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        opened(page, many)
        page.evaluate(axe)
        assert faults(page) == [], scheme
        open_full_size(page)
        assert faults(page) == [], f"{scheme}, at full size"
        page.goto("about:blank")


def faults(page):
    """What axe calls serious or worse: rule, and the elements it is about."""
    found = page.evaluate("axe.run().then((told) => told.violations)")
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"][:3]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
