"""The tools themselves: a Label Studio server on this machine, and CVAT's own readers.

Each lies in an environment of its own, for they pin other versions than kizu. This makes them:
``python -m venv build/label-studio && build/label-studio/bin/pip install label-studio`` and
``python -m venv build/cvat && build/cvat/bin/pip install datumaro cvat-sdk``.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from served import ROOT

from kizu.export import export_dataset
from kizu.imaging.brush_rle import decode_brush, encode_brush
from kizu.imaging.codecs import decode_mask, encode_mask, encode_png
from kizu.loopback import free_port
from kizu.publish.samples import made_label
from kizu.review_exchange import cvat, export_review
from kizu.review_exchange.label_studio import TASKS, read, write

pytestmark = pytest.mark.slow

TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - of a server that lives for a test
EMAIL, PASSWORD = "aiko@example.org", "for-a-test-only"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
STARTS_WITHIN_S = 400
"""On two shared cores the first start, with all its migrations, took two minutes."""


def tool(variable, path, install):
    """A tool's command; the test is skipped where there is none."""
    command = Path(os.environ.get(variable) or ROOT / "build" / path)
    if not command.exists():
        pytest.skip(f"{command} is not installed; {install}, or set {variable}")
    return str(command)


@pytest.fixture(scope="module")
def label_studio(tmp_path_factory):
    """A server with a folder of local files; gives a client of its API, and the folder."""
    command = tool(
        "KIZU_LABEL_STUDIO", "label-studio/bin/label-studio", "pip install label-studio there"
    )
    root = tmp_path_factory.mktemp("files")
    address = f"http://127.0.0.1:{(port := free_port())}"
    own = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(tmp_path_factory.mktemp("label-studio")),
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(root),
        "COLLECT_ANALYTICS": "false",
    }
    words = ["start", "--no-browser", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--username", EMAIL, "--password", PASSWORD]
    words += ["--user-token", TOKEN, "--enable-legacy-api-token"]
    with (root.parent / "label-studio.log").open("w") as log:
        server = subprocess.Popen(  # noqa: S603 - ours
            [command, *words],
            env=os.environ | own,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    headers = {"Authorization": f"Token {TOKEN}"}
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        try:
            wait_for(client, server)
            yield client, root
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(60)


def wait_for(client, server):
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            client.get("/health").raise_for_status()
        except httpx.HTTPError:
            time.sleep(1)
        else:
            return
    pytest.fail("Label Studio did not start")


def call(client, path, body=None):
    answer = client.get(path) if body is None else client.post(path, json=body)
    answer.raise_for_status()
    return answer.json()


def project(client, folder):
    """A project with an export's interface and tasks; returns the tasks as the server has them."""
    interface = (folder / "interface.xml").read_text(encoding="utf-8")
    wanted = {"title": folder.name, "label_config": interface, "show_collab_predictions": True}
    made = call(client, "/api/projects", wanted)["id"]
    local = {"project": made, "path": str(folder / "images"), "use_blob_urls": True}
    call(client, "/api/storages/localfiles", local)
    tasks = json.loads((folder / TASKS).read_text(encoding="utf-8"))
    call(client, f"/api/projects/{made}/import", tasks)
    listed = call(client, f"/api/tasks?project={made}&fields=all&page_size=100")
    return made, listed["tasks"]


def prediction(client, task):
    """The prediction that is the published mask."""
    predictions = call(client, f"/api/predictions?task={task['id']}")
    [found] = [each for each in predictions if each["model_version"] == "kizu"]
    return found


def annotate(client, task, verdict, result=None):
    """Do what the browser does when a person submits: the prediction's regions and a choice."""
    start = prediction(client, task)
    chosen = {
        "id": "verdict",
        "from_name": "verdict",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": [verdict]},
    }
    regions = start["result"] if result is None else result
    body = {"result": [*regions, chosen], "parent_prediction": start["id"]}
    call(client, f"/api/tasks/{task['id']}/annotations/", body)


def exported_json(client, made):
    path = f"/api/projects/{made}/export?exportType=JSON&download_all_tasks=true"
    answer = client.get(path)
    answer.raise_for_status()
    return answer.content


def test_hard_masks_come_back_from_label_studio_pixel_for_pixel(label_studio, hard, masks):
    client, root = label_studio
    folder = root / "hard"
    (folder / "images").mkdir(parents=True)
    write(iter(hard), [hard[0].defect_type], folder)
    made, tasks = project(client, folder)
    for task in tasks:
        annotate(client, task, "accept")
    found = {each.sample_id: each for each in read(exported_json(client, made))}
    assert sorted(found) == sorted(masks)
    for sample_id, mask in masks.items():
        assert np.count_nonzero(found[sample_id].mask(mask.shape) != mask) == 0


def test_an_export_is_imported_as_finished_annotations_and_comes_back_pixel_for_pixel(
    label_studio, dataset, masks, tmp_path
):
    client, root = label_studio
    export_dataset(dataset, "label-studio", tmp_path / "export")
    shutil.copytree(tmp_path / "export", root, dirs_exist_ok=True)  # it is the root of local files
    made, tasks = project(client, root)
    for task in tasks:
        picture = client.get(task["data"]["image"]).content
        assert picture == dataset[task["data"]["sample_id"]].read("image")
    found = {}
    for task in json.loads(exported_json(client, made)):
        [annotation] = task["annotations"]
        found[task["data"]["sample_id"]] = [each["value"] for each in annotation["result"]]
    assert found.pop("normal") == []
    assert found.keys() == masks.keys()
    for sample_id, [value] in found.items():
        assert value["brushlabels"] == [dataset[sample_id].row["defect_type"]]
        assert np.array_equal(decode_brush(value["rle"], masks[sample_id].shape), masks[sample_id])


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the path")
def test_a_task_opens_with_the_published_mask_and_is_submitted_pixel_for_pixel(
    label_studio, hard, masks, make_photo
):
    from playwright.sync_api import sync_playwright

    client, root = label_studio
    folder = root / "browser"
    (folder / "images").mkdir(parents=True)
    for each in hard:
        picture = make_photo(1)[: each.label.shape[0], : each.label.shape[1]]
        (folder / "images" / each.file_name).write_bytes(encode_png(np.ascontiguousarray(picture)))
    write(iter(hard), [hard[0].defect_type], folder)
    made, tasks = project(client, folder)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(base_url=str(client.base_url))
        page.goto("/user/login/")
        page.fill("input[name=email]", EMAIL)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "login" not in url)
        for task in tasks:
            page.goto(f"/projects/{made}/data?task={task['id']}")
            page.get_by_text("accept").first.click()
            with page.expect_response(lambda answer: "/annotations" in answer.url) as answer:
                page.get_by_role("button", name="Submit").click()
            assert answer.value.status == 201
        browser.close()
    found = {each.sample_id: each for each in read(exported_json(client, made))}
    assert sorted(found) == sorted(masks)
    for sample_id, mask in masks.items():
        assert np.count_nonzero(found[sample_id].mask(mask.shape) != mask) == 0


def test_a_build_is_judged_in_label_studio_and_comes_back(
    label_studio, build, store, take_back, fresh
):
    client, root = label_studio
    samples = build()
    export_review(store, "plates", "label-studio", root / "to review (1)")
    made, tasks = project(client, root / "to review (1)")
    assert len(tasks) == 4
    for task in tasks:
        picture = client.get(task["data"]["image"])
        shown = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR)
        assert shown.shape == (96, 96, 3)
    accepted, redrawn, rejected, _ = (task["data"]["sample_id"] for task in tasks)
    drawn = np.zeros((96, 96), np.bool_)
    drawn[np.arange(50), np.arange(50) + 20] = drawn[60:70, 3:9] = True
    drawn[63:66, 5:7] = False
    [region] = prediction(client, tasks[1])["result"]
    region["value"]["rle"] = encode_brush(drawn)
    annotate(client, tasks[0], "accept")
    annotate(client, tasks[1], "accept", [region])
    annotate(client, tasks[2], "reject")
    data = exported_json(client, made)
    assert take_back("label-studio", data).recorded == 3
    assert take_back("label-studio", data).recorded == 0
    decisions = {sample_id: fresh(each).decision for sample_id, each in samples.items()}
    assert decisions[accepted].mask is None
    assert np.count_nonzero(decisions[redrawn].label() != drawn) == 0
    assert decisions[rejected].verdict == "reject"
    assert sum(each is None for each in decisions.values()) == 1
    assert made_label(samples[accepted]).any()


def test_our_run_lengths_are_those_of_label_studios_own_library(masks, tmp_path):
    """Its own functions pack what ours pack, and unpack ours to the mask."""
    command = tool(
        "KIZU_LABEL_STUDIO", "label-studio/bin/label-studio", "pip install label-studio there"
    )
    program = """
import json, sys
import numpy as np
from label_studio_sdk.converter import brush
from PIL import Image
for name, rle in json.load(open("ours.json")).items():
    mask = np.array(Image.open(name + ".png"))
    assert list(map(int, brush.mask2rle(mask))) == rle, name
    alpha = brush.decode_rle(rle).reshape(*mask.shape, 4)[..., 3]
    assert np.array_equal(alpha, mask), name
    print(name)
"""
    large = cv2.resize(masks["parts"].astype(np.uint8), (901, 703), interpolation=cv2.INTER_NEAREST)
    drawn = masks | {"large": large > 0, "all": np.ones((300, 301), np.bool_)}
    drawn |= {f"row{width}": np.arange(width)[None] % 9 > 3 for width in range(1, 20)}
    for name, mask in drawn.items():
        (tmp_path / f"{name}.png").write_bytes(encode_mask(mask))
    ours = {name: encode_brush(mask) for name, mask in drawn.items()}
    (tmp_path / "ours.json").write_text(json.dumps(ours))
    said = python(Path(command).parent / "python", program, tmp_path)
    assert said.split() == list(drawn)


def test_cvats_readers_read_our_masks_pixel_for_pixel(hard, tmp_path):
    """Datumaro reads the XML; the SDK, whose functions a client uses, packs the same runs."""
    command = tool("KIZU_CVAT_PYTHON", "cvat/bin/python", "pip install datumaro cvat-sdk there")
    cvat.write(iter(hard), [hard[0].defect_type], tmp_path)
    (tmp_path / "images").mkdir()
    for each in hard:
        (tmp_path / "images" / each.file_name).write_bytes(encode_mask(each.label))
    program = """
import datumaro as dm
import numpy as np
from cvat_sdk.masks import encode_mask
from PIL import Image
found = dm.Dataset.import_from(".", "cvat")
names = found.categories()[dm.AnnotationType.label]
for item in found:
    shown = [a for a in item.annotations if a.type is dm.AnnotationType.mask]
    [mask] = [a.image for a in shown if not names[a.label].name.startswith("found by ")]
    Image.fromarray(np.uint8(mask) * 255).save(item.id.split("/")[-1] + ".read.png")
    ys, xs = np.nonzero(mask)
    box = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
    points = encode_mask(mask.astype(bool), box)
    print(item.id.split("/")[-1].split(".")[0], *[int(p) for p in points[:-4]])
"""
    said = python(command, program, tmp_path)
    runs = {line.split()[0]: line.split()[1:] for line in said.splitlines()}
    for each in hard:
        file = tmp_path / each.file_name.replace(".png", ".read.png")
        assert np.count_nonzero(decode_mask(file.read_bytes()) != each.label) == 0
        assert cvat.encode_cvat(each.label)["rle"].split(", ") == runs[each.sample_id]


def python(command, program, folder):
    done = subprocess.run(  # noqa: S603 - ours
        [str(command), "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
