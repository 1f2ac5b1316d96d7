import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from bare_build import bare_build
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from republished import changed

import kizu
from kizu.grounding import annotator_version
from kizu.imaging.codecs import decode_png, encode_png
from kizu.imaging.rle import decode_rle
from kizu.planning import plan_samples
from kizu.publish.layout import VersionFolder, latest_version
from kizu.publish.schemas import TABLES, decode_table
from kizu.sources import list_source, take_in
from kizu.store import Store


def rows(store: Store, dataset: str, table: str, version: str = "latest") -> list[dict]:
    folder = latest_version(store, dataset)
    if version != "latest":
        folder = VersionFolder(dataset, version)
    return decode_table(table, store.read(folder.path(f"{table}.parquet"))).to_pylist()


def written(store: Store, folder: str) -> dict[str, int]:
    """When each file below a folder was last written, in nanoseconds."""
    return {path: Path(store.address(path)).stat().st_mtime_ns for path in store.list(folder)}


def test_a_build_publishes_every_photo_and_every_defect(build, spec, store):
    state, summary = build(spec)
    assert state.is_completed()
    assert (summary.photos, summary.samples, summary.failed) == (2, 4, 0)
    without_annotators = ["edit", "diff", "fuse", "verdict", "publish"]
    assert [stage.stage for stage in summary.stages] == without_annotators
    samples = rows(store, "plates", "samples")
    assert [row["defect_type"] for row in samples].count("good") == 2
    assert {row["defect_type"] for row in samples} == {"good", "hole", "stain"}
    assert {row["category"] for row in samples} == {"plate"}
    assert not any(value is None for row in samples for value in row.values())


def test_the_bare_build_that_other_tests_use_is_the_flows(build, spec, tmp_path):
    _, summary = build(spec)
    _, bare = bare_build(spec, Store(str(tmp_path / "bare")))
    same = set(type(bare).model_fields) - {"dataset_address", "report_address", "stages"}
    assert bare.model_dump(include=same) == summary.model_dump(include=same)


def test_published_pixels_that_were_not_touched_are_the_photos_own(build, spec, store):
    build(spec)
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


def test_boxes_areas_and_regions_are_those_of_the_label(build, spec, store):
    build(spec)
    dataset = kizu.open_dataset(store, "plates")
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
    build(spec)
    photo_of = {
        row["sample_id"]: row["normal_sha256"] for row in rows(store, "plates", "provenance")
    }
    samples = rows(store, "plates", "samples")
    sides = {
        split: {photo_of[row["sample_id"]] for row in samples if row["split"].startswith(split)}
        for split in ("train", "test")
    }
    assert sides["train"]
    assert sides["test"]
    assert not sides["train"] & sides["test"]
    assert not any(row["label_index"] and row["split"] == "train" for row in samples)


@pytest.mark.usefixtures("old_photos")
def test_a_second_build_makes_nothing(build, spec, store):
    _, first = build(spec)
    before = written(store, "")
    _, second = build(spec)
    assert (second.version, second.is_new) == (first.version, False)
    after = written(store, "")
    repeated = {path for path in after if before.get(path) != after[path]}
    assert {path.split("/")[0] for path in repeated} <= {"reports", "datasets"}
    assert {path for path in repeated if path.startswith("datasets")} <= {
        "datasets/plates/latest.json"
    }


@pytest.mark.parametrize("stage", ["diff", "verdict"])
def test_deleting_one_stage_output_recomputes_just_that_one(build, spec, store, stage):
    build(spec)
    [victim, *_] = [path for path in store.list(f"stages/{stage}") if path.endswith("record.json")]
    before = written(store, "stages") | written(store, "edits")
    shutil.rmtree(Path(store.address(victim)).parent)
    build(spec)
    after = written(store, "stages") | written(store, "edits")
    assert set(after) == set(before)
    repeated = {path for path in after if before[path] != after[path]}
    assert {str(Path(path).parent) for path in repeated} == {str(Path(victim).parent)}


def test_two_stores_and_two_places_give_byte_identical_manifests(build, spec, tmp_path, photos):
    elsewhere = tmp_path / "another place"
    shutil.copytree(photos, elsewhere)
    one, two = Store(str(tmp_path / "one")), Store(str(tmp_path / "two"))
    build(spec, one.url)
    moved = changed(spec, images={"path": str(elsewhere), "category": "plate"})
    build(moved, two.url, shard_size=1)
    first, second = latest_version(one, "plates"), latest_version(two, "plates")
    assert first == second
    for name in (*(f"{table}.parquet" for table in TABLES), "manifest.json"):
        assert one.read(first.path(name)) == two.read(second.path(name))
    assert list(one.list("datasets")) == list(two.list("datasets"))


def test_a_failed_image_stops_no_other_and_a_rerun_makes_only_it(build, spec, store):
    for file in list_source(spec.images.path):
        take_in(file, store)
    build(spec)
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    lost = plan_samples(spec, images)[1].request.key
    shutil.rmtree(Path(store.address(f"edits/{lost[:2]}/{lost}")))
    replay = changed(spec, editor={"name": "replay", "of": {"name": "painter"}})
    state, summary = build(replay)
    assert state.is_failed()
    assert state.message.startswith("1 of 4 samples failed, for example: edit: ")
    assert (summary.accepted, summary.failed) == (3, 1)
    assert "is not in the store" in summary.problems[0].reason
    edits = rows(store, "plates", "edits", version=summary.version)
    ledger = {row["edit_key"]: row["status"] for row in edits}
    assert ledger[lost] == "failed"
    before = written(store, "edits")
    state, summary = build(spec)
    assert state.is_completed()
    assert summary.failed == 0
    assert {path for path, time in written(store, "edits").items() if before.get(path) != time} == {
        f"edits/{lost[:2]}/{lost}/picture.png",
        f"edits/{lost[:2]}/{lost}/edit.json",
    }


def test_missing_weights_are_told_once_and_send_to_review(build, spec, store, tmp_path):
    grounding = {
        "annotator": "grounding-dino+sam",
        "detector_weights": str(tmp_path / "no weights"),
        "segmenter_weights": str(tmp_path / "no weights"),
    }
    state, summary = build(changed(spec, grounding=grounding, agree={}))
    assert state.is_completed()
    assert summary.note.startswith("Samples are not grounded: ")
    assert "no weights" in summary.note
    assert summary.review == 4
    reasons = {row["reason"] for row in rows(store, "plates", "provenance") if row["reason"]}
    assert reasons == {"annotator_unavailable"}


def test_with_weights_every_edit_is_looked_at_and_its_regions_are_published(
    build, spec, store, tiny_grounding
):
    grounding = tiny_grounding | {"box_threshold": 0.0, "max_boxes": 3}
    state, summary = build(changed(spec, grounding=grounding))
    assert state.is_completed()
    assert summary.note == ""
    provenance = [row for row in rows(store, "plates", "provenance") if row["edit_key"]]
    assert all(row["detections"] is not None for row in provenance)
    assert all("grounding-dino" in row["annotators"][0] for row in provenance)
    instances = rows(store, "plates", "instances")
    assert {row["phrase"] for row in instances} == {None, "hole", "stain"}
    assert tiny_grounding["detector_weights"] not in str(provenance)


def test_a_worker_with_other_weights_than_planned_fails_its_shard_and_names_both(
    build, spec, store, tiny_grounding, monkeypatch
):
    here = json.loads(annotator_version(changed(spec, grounding=tiny_grounding).grounding))
    planned = json.dumps({**here, "detector": "sha256:of another machine"})
    monkeypatch.setattr("kizu.stages.grounding.annotator_version", lambda _: planned)
    state, summary = build(changed(spec, grounding=tiny_grounding))
    assert state.is_failed()
    assert (summary.failed, summary.version) == (4, "")
    told = f"detector: {here['detector']!r} here, 'sha256:of another machine' planned"
    assert all(told in problem.reason for problem in summary.problems)
    assert list(store.list("stages/grounding")) == []


def test_broken_files_are_left_out_by_name(build, spec, photos):
    (photos / "c broken.png").write_bytes(b"\x89PNG broken")
    (photos / "d notes.txt").write_text("notes")
    state, summary = build(spec)
    assert state.is_completed()
    assert summary.photos == 2
    assert [skip.name for skip in summary.skipped] == ["c broken.png", "d notes.txt"]


def test_japanese_names_reach_manifest_report_and_files(build, spec, store, photos, make_photo):
    (photos / "皿 三.png").write_bytes(encode_png(make_photo(3)))
    defects = [{"defect_type": "穴", "prompt": "深い穴", "phrases": ["穴"]}]
    state, summary = build(changed(spec, name="皿", defects=defects))
    assert state.is_completed()
    assert summary.dataset == "皿"
    paths = [row["image_path"] for row in rows(store, "皿", "samples")]
    assert any(path.startswith("files/images/穴/皿-三_穴_000_") for path in paths)
    page = store.read(VersionFolder("皿", summary.version).report("index.html")).decode()
    assert "深い穴" in page


def test_people_recognise_the_runs_and_find_the_yield_in_the_ui(build, spec):
    state, _ = build(spec, shard_size=3)
    of_this_build = FlowRunFilter(id={"any_": [state.state_details.flow_run_id]})
    with get_client(sync_client=True) as client:
        runs = {run.name for run in client.read_task_runs(flow_run_filter=of_this_build)}
        artifacts = {artifact.key for artifact in client.read_artifacts(limit=200)}
        flows = {run.name for run in client.read_flow_runs()}
    assert {"edit 1 of 2", "diff 2 of 2", "publish 1 of 2"} <= runs
    assert {"progress-plates", "yield-plates", "summary-plates"} <= artifacts
    assert "build plates: painter, none" in flows


def test_of_redrawn_pictures_what_the_annotators_found_is_the_label_to_review(build, spec, store):
    names = ("demo-grounding-dino", "demo-grounding-dino+demo-sam")
    all_counts = {"box_threshold": 0.02, "rivals": False, "on_normal": False}
    sure = [{"annotator": name, **all_counts} for name in names]
    redraw = {"name": "painter", "drift": "redraw"}
    _, summary = build(changed(spec, editor=redraw, grounding={"annotators": sure}))
    provenance = [row for row in rows(store, "plates", "provenance") if row["edit_key"]]
    redrawn = {row["sample_id"]: row for row in provenance if row["reason"] == "redrawn"}
    assert redrawn
    assert summary.review >= len(redrawn)
    assert {row["mask_source"] for row in redrawn.values()} == {"grounding"}
    instances = rows(store, "plates", "instances")
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
