import json
import shutil
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from republished import changed

from kizu.grounding import annotator_version
from kizu.imaging.codecs import encode_png
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


def test_a_build_publishes_every_photo_and_every_defect(by_flow):
    state, summary, store = by_flow
    assert state.is_completed()
    assert (summary.photos, summary.samples, summary.failed) == (2, 4, 0)
    without_annotators = ["edit", "diff", "fuse", "verdict", "publish"]
    assert [stage.stage for stage in summary.stages] == without_annotators
    samples = rows(store, "plates", "samples")
    assert [row["defect_type"] for row in samples].count("good") == 2
    assert {row["defect_type"] for row in samples} == {"good", "hole", "stain"}
    assert {row["category"] for row in samples} == {"plate"}
    assert not any(value is None for row in samples for value in row.values())


def test_the_bare_build_that_other_tests_use_is_the_flows(by_flow, kept_plates):
    summary, bare = by_flow.summary, kept_plates.summary
    same = set(type(bare).model_fields) - {"dataset_address", "report_address", "stages"}
    assert bare.model_dump(include=same) == summary.model_dump(include=same)


def test_two_stores_and_two_places_give_byte_identical_manifests(by_flow, kept_plates):
    one, two = kept_plates.store, by_flow.store
    first, second = latest_version(one, "plates"), latest_version(two, "plates")
    assert first == second
    for name in (*(f"{table}.parquet" for table in TABLES), "manifest.json"):
        assert one.read(first.path(name)) == two.read(second.path(name))
    assert list(one.list("datasets")) == list(two.list("datasets"))


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


@pytest.mark.usefixtures("built")
def test_a_failed_image_stops_no_other_and_a_rerun_makes_only_it(build, spec, store):
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


def test_people_recognise_the_runs_and_find_the_yield_in_the_ui(by_flow):
    of_this_build = FlowRunFilter(id={"any_": [by_flow.state.state_details.flow_run_id]})
    with get_client(sync_client=True) as client:
        runs = {run.name for run in client.read_task_runs(flow_run_filter=of_this_build)}
        artifacts = {artifact.key for artifact in client.read_artifacts(limit=200)}
        flows = {run.name for run in client.read_flow_runs()}
    assert {"edit 1 of 2", "diff 2 of 2", "publish 1 of 2"} <= runs
    assert {"progress-plates", "yield-plates", "summary-plates"} <= artifacts
    assert "build plates: painter, none" in flows
