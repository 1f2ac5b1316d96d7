"""What a first build publishes of photos, defects and what annotators found."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from bare_build import bare_build
from republished import changed

import kizu
from kizu.imaging.codecs import decode_png, encode_png
from kizu.imaging.rle import decode_rle
from kizu.publish.layout import latest_version
from kizu.publish.schemas import decode_table
from kizu.store import Store


def rows(store: Store, table: str) -> list[dict]:
    return decode_table(
        table, store.read(latest_version(store, "plates").path(f"{table}.parquet"))
    ).to_pylist()


def written(store: Store) -> dict[str, int]:
    """When each file of edits and stages was last written, in nanoseconds."""
    paths = [*store.list("stages"), *store.list("edits")]
    return {path: Path(store.address(path)).stat().st_mtime_ns for path in paths}


@pytest.fixture
def build(store):
    """Build, and return the summary."""
    return lambda spec: bare_build(spec, store)[1]


def test_published_pixels_that_were_not_touched_are_the_photos_own(kept_plates):
    spec, store, _ = kept_plates
    dataset = kizu.open_dataset(store, "plates")
    names = dataset.provenance.set_index("sample_id").normal_name
    defects = [sample for sample in dataset if not sample.is_normal]
    assert len(defects) == 4
    for sample in defects:
        photo = decode_png((Path(spec.images.path) / names[sample.sample_id]).read_bytes())
        image, label, touched = sample.image(), sample.label(), sample.touched()
        assert label.any()
        assert not (label & ~touched).any()
        assert np.array_equal(image[~touched], photo[~touched])
        assert not np.array_equal(image[label], photo[label])


def test_boxes_areas_and_regions_are_those_of_the_label(kept_plates):
    dataset = kizu.open_dataset(kept_plates.store, "plates")
    measured = dataset.instances[dataset.instances.annotator == "kizu-diff"]
    for sample in (sample for sample in dataset if not sample.is_normal):
        found = measured[measured.sample_id == sample.sample_id]
        label = sample.label()
        rows, columns = np.flatnonzero(label.any(axis=1)), np.flatnonzero(label.any(axis=0))
        assert found.area_px.sum() == label.sum()
        assert (found.x0.min(), found.x1.max()) == (columns[0], columns[-1] + 1)
        assert (found.y0.min(), found.y1.max()) == (rows[0], rows[-1] + 1)


def test_no_photo_is_in_train_and_test(build, spec, store, photos, make_photo):
    for number in range(6):
        (photos / f"more {number}.png").write_bytes(encode_png(make_photo(10 + number)))
    build(changed(spec, defects=[{"defect_type": "hole", "prompt": "a deep hole"}]))
    photo_of = {row["sample_id"]: row["normal_sha256"] for row in rows(store, "provenance")}
    samples = rows(store, "samples")
    sides = {
        split: {photo_of[row["sample_id"]] for row in samples if row["split"].startswith(split)}
        for split in ("train", "test")
    }
    assert sides["train"]
    assert sides["test"]
    assert not sides["train"] & sides["test"]
    assert not any(row["label_index"] and row["split"] == "train" for row in samples)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("stage", ["diff", "verdict"])
def test_deleting_one_stage_output_recomputes_just_that_one(build, spec, store, stage):
    [victim, *_] = [path for path in store.list(f"stages/{stage}") if path.endswith("record.json")]
    before = written(store)
    shutil.rmtree(Path(store.address(victim)).parent)
    build(spec)
    after = written(store)
    assert set(after) == set(before)
    repeated = {path for path in after if before[path] != after[path]}
    assert {str(Path(path).parent) for path in repeated} == {str(Path(victim).parent)}


def test_missing_weights_are_told_once_and_send_to_review(build, spec, store, tmp_path):
    grounding = {
        "annotator": "grounding-dino+sam",
        "detector_weights": str(tmp_path / "no weights"),
        "segmenter_weights": str(tmp_path / "no weights"),
    }
    summary = build(changed(spec, grounding=grounding, agree={}))
    assert summary.failed == 0
    assert summary.note.startswith("Samples are not grounded: ")
    assert "no weights" in summary.note
    assert summary.review == 4
    reasons = {row["reason"] for row in rows(store, "provenance") if row["reason"]}
    assert reasons == {"annotator_unavailable"}


def test_with_weights_every_edit_is_looked_at_and_its_regions_are_published(
    build, spec, store, tiny_grounding
):
    grounding = tiny_grounding | {"box_threshold": 0.0, "max_boxes": 3}
    summary = build(changed(spec, grounding=grounding))
    assert summary.failed == 0
    assert summary.note == ""
    provenance = [row for row in rows(store, "provenance") if row["edit_key"]]
    assert all(row["detections"] is not None for row in provenance)
    assert all("grounding-dino" in row["annotators"][0] for row in provenance)
    instances = rows(store, "instances")
    assert {row["phrase"] for row in instances} == {None, "hole", "stain"}
    assert tiny_grounding["detector_weights"] not in str(provenance)


def test_broken_files_are_left_out_by_name(build, spec, photos):
    (photos / "c broken.png").write_bytes(b"\x89PNG broken")
    (photos / "d notes.txt").write_text("notes")
    summary = build(spec)
    assert summary.failed == 0
    assert summary.photos == 2
    assert [skip.name for skip in summary.skipped] == ["c broken.png", "d notes.txt"]


def test_of_redrawn_pictures_what_the_annotators_found_is_the_label_to_review(build, spec, store):
    names = ("demo-grounding-dino", "demo-grounding-dino+demo-sam")
    all_counts = {"box_threshold": 0.02, "rivals": False, "on_normal": False}
    sure = [{"annotator": name, **all_counts} for name in names]
    redraw = {"name": "painter", "drift": "redraw"}
    summary = build(changed(spec, editor=redraw, grounding={"annotators": sure}))
    provenance = [row for row in rows(store, "provenance") if row["edit_key"]]
    redrawn = {row["sample_id"]: row for row in provenance if row["reason"] == "redrawn"}
    assert redrawn
    assert summary.review >= len(redrawn)
    assert {row["mask_source"] for row in redrawn.values()} == {"grounding"}
    instances = rows(store, "instances")
    for sample_id, row in redrawn.items():
        own = [one for one in instances if one["sample_id"] == sample_id]
        assert "kizu-diff" not in {one["annotator"] for one in own}
        label = kizu.open_dataset(store, "plates")[sample_id].label()
        found = [union([one]) for one in own if "demo-sam" in one["annotator"]]
        counted = [mask for mask in found if not (mask & ~label).any()]
        assert np.array_equal(label, np.logical_or.reduce(counted))
        assert len(counted) >= len(found) - 1  # one mask lies mostly outside of its box
        assert len(row["annotators"]) == len(json.loads(row["witnesses"])) == 2


def union(instances) -> np.ndarray:
    """Return the union of rows' masks, (96, 96) bool."""
    found = np.zeros((96, 96), np.bool_)
    for row in instances:
        size = [row["rle_height"], row["rle_width"]]
        found |= decode_rle({"size": size, "counts": row["rle_counts"]})
    return found
