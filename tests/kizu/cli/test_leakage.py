"""The command that looks for the same thing on both sides of a split."""

import json
import re

import pytest
from published import publish
from station_photos import jpeg, recompressed, station_photo

from kizu.imaging.codecs import encode_png
from kizu.publish.layout import VersionFolder
from kizu.publish.version import point_to_latest

PARTS = 8
SPEC = """\
name: parts
images: {path: photos, near_duplicates: true}
defects: [{defect_type: hole, prompt: a deep hole}]
"""


def version(store, photos, splits, name="0123"):
    """Publish normal photos in splits."""
    folder = VersionFolder("parts", name)
    rows = [(f"photo{n}", "good", split, "accept", None) for n, split in enumerate(splits)]
    publish(store, folder, rows, photos)
    point_to_latest(store, folder)


@pytest.fixture
def photos():
    return [station_photo(part) for part in range(PARTS)]


@pytest.fixture
def leakage(run, store):
    return lambda *words: run("leakage", "parts", "--store", store.url, "--no-open", *words)


def test_a_photo_and_its_copy_across_train_and_test_are_a_leak(leakage, store, photos):
    version(store, [*photos, recompressed(photos[2])], ["train"] * PARTS + ["test"])
    code, said, _ = leakage()
    assert code == 1
    assert re.search(r"train / test │ photo2 +│ photo8 +│ +(0.9\d|1.00) │ the same", said)
    assert "Pairs across the splits that show the same: 1 (photo2 and photo8)" in said
    assert store.read("reports/parts/0123/leakage.png").startswith(b"\x89PNG")


def test_parts_on_one_station_are_proven_to_be_apart(leakage, store, photos):
    version(store, photos, ["train", "test"] * (PARTS // 2))
    code, said, _ = leakage()
    assert code == 0
    assert "photos 4 in train, 4 in test" in said
    assert "No two photos across the splits show the same" in said
    assert "Not seen: one part from another side" in said


def test_the_figures_are_json(leakage, store, photos):
    version(store, [*photos, recompressed(photos[2])], ["train"] * PARTS + ["test"])
    code, said, _ = leakage("--json")
    told = json.loads(said)
    assert code == 1
    assert (told["proven"], told["leaks"], told["photos"]) == (False, 1, {"train": 8, "test": 1})
    assert told["pairs"][0]["verdict"] == "the same"


def test_a_version_without_test_photos_proves_nothing(leakage, store, photos):
    version(store, photos, ["train"] * PARTS)
    code, said, _ = leakage()
    assert code == 1
    assert "There is nothing to compare: test has no photos" in said


def test_what_was_not_accepted_is_on_no_side(leakage, store, photos):
    splits = ["train", "test"] * (PARTS // 2)
    version(store, [*photos, recompressed(photos[2])], [*splits, "review"])
    assert leakage()[0] == 0


def test_a_photo_that_is_gone_is_told_and_proves_nothing(leakage, store, photos):
    version(store, photos, ["train", "test"] * (PARTS // 2))
    lost = next(path for path in store.list("datasets/parts") if path.endswith("photo3.png"))
    store.remove(lost)
    code, said, errors = leakage()
    assert code == 1
    assert "Nothing is proven: photos that could not be looked at: 1" in said
    assert "is missing from the version" in errors


def test_a_version_that_is_not_there_is_one_sentence(leakage):
    code, _, errors = leakage()
    assert code == 2
    assert "there is no dataset 'parts'" in errors


def test_plan_tells_of_photos_that_show_the_same_and_changes_nothing(run, tmp_path, photos):
    (tmp_path / "photos").mkdir()
    for number, photo in enumerate(photos):
        (tmp_path / "photos" / f"{number}.png").write_bytes(encode_png(photo))
    (tmp_path / "photos" / "2.jpg").write_bytes(jpeg(photos[2]))
    (tmp_path / "dataset.yaml").write_text(SPEC)
    before = sorted(tmp_path.rglob("*"))
    code, said, errors = run("plan", "dataset.yaml")
    assert code == 0
    assert "8 groups of 9 photos, the largest of 2" in said
    assert "2 photos show the same as another (2.jpg and 2.png)" in errors
    assert sorted(tmp_path.rglob("*")) == before
    (tmp_path / "dataset.yaml").write_text(SPEC.replace("true", "false"))
    assert "9 groups of 9 photos" in run("plan", "dataset.yaml")[1]
