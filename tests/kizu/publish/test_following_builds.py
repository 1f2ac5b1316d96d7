"""What a build's version is made from, what it is called, and which version is the latest."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from bare_build import bare_build
from kept import copy_store
from republished import changed

import kizu
from kizu.imaging.codecs import encode_png
from kizu.planning import plan_samples
from kizu.publish.dataset import DatasetError
from kizu.publish.layout import complete_versions
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.store.keys import sha256_hex
from kizu.summary import next_steps

REPLAY = {"name": "replay", "of": {"name": "painter"}}
FIRST = {"annotator": "demo-grounding-dino"}
SECOND = {"annotator": "demo-grounding-dino+demo-sam"}
"""Annotators whose weights come with kizu."""
HOLE = {"defect_type": "hole", "prompt": "a deep hole"}


def planned(spec: DatasetSpec, store: Store):
    return plan_samples(spec, [take_in(file, store) for file in list_source(spec.images.path)])


def edit_folder(store: Store, key: str) -> Path:
    return Path(store.address(f"edits/{key[:2]}/{key}"))


def answer_otherwise(store: Store, key: str, picture: np.ndarray) -> None:
    """Put another picture in the place of an edit, as a service that is asked again would."""
    path = f"edits/{key[:2]}/{key}/edit.json"
    record, data = store.read_json(path), encode_png(picture)
    store.write(f"edits/{key[:2]}/{key}/picture.png", data)
    store.write_json(path, {**record, "picture_sha256": sha256_hex(data)})


def stamped(photo: np.ndarray) -> np.ndarray:
    """A photo with a dark block in its corner."""
    picture = photo.copy()
    picture[8:24, 8:24] = 0
    return picture


@pytest.fixture
def build(store):
    """Build, and return the summary."""

    def run(spec, url=store.url):
        return bare_build(spec, Store(url))[1]

    return run


@pytest.fixture
def sample(spec, store, kept_plates):
    """The first sample of a dataset that is built."""
    copy_store(kept_plates.store, store)
    return planned(spec, store)[0]


def test_an_edit_bought_again_with_another_answer_is_compared_and_published_anew(
    build, spec, store, sample, make_photo
):
    before = kizu.open_dataset(store, "plates")
    answer_otherwise(store, sample.request.key, stamped(make_photo(1)))
    build(spec)
    after = kizu.open_dataset(store, "plates")
    assert after.version != before.version
    label = after[sample.sample_id].label()
    assert label[8:24, 8:24].mean() > 0.9
    assert not label[32:, 32:].any()
    assert (after[sample.sample_id].image()[10:22, 10:22] == 0).all()
    others = [other.sample_id for other in before if other.sample_id != sample.sample_id]
    for other in others:
        assert np.array_equal(before[other].image(), after[other].image())


def test_two_stores_whose_service_answered_differently_name_their_versions_differently(
    build, spec, store, sample, tmp_path, make_photo
):
    other = Store(str(tmp_path / "other"))
    shutil.copytree(Path(store.address("edits")), Path(other.address("edits")))
    answer_otherwise(other, sample.request.key, stamped(make_photo(1)))
    build(spec, other.url)
    assert kizu.open_dataset(store, "plates").version != kizu.open_dataset(other, "plates").version


@pytest.mark.parametrize("composite", [True, False])
def test_a_painted_picture_that_was_damaged_is_painted_anew_and_changes_nothing(
    build, spec, store, sample, composite
):
    spec = changed(spec, publish={"composite": composite})
    before = build(spec)
    picture = edit_folder(store, sample.request.key) / "picture.png"
    painted = picture.read_bytes()
    picture.write_bytes(painted[:-40])
    shutil.rmtree(Path(store.address("stages")))
    summary = build(spec)
    assert summary.failed == 0
    assert (summary.version, summary.is_new) == (before.version, False)
    assert picture.read_bytes() == painted


def test_a_night_without_the_annotator_leaves_the_latest_version_where_it_is(
    build, spec, store, tiny_grounding
):
    grounded = build(changed(spec, grounding=tiny_grounding))
    lost = changed(spec, grounding={**tiny_grounding, "detector_weights": "/nowhere"})
    summary = build(lost)
    assert summary.note.startswith("Samples are not grounded: ")
    assert summary.version != grounded.version == summary.latest
    taken = build(changed(lost, publish={"latest": "always"}))
    assert taken.latest == taken.version == kizu.open_dataset(store, "plates").version


def test_a_night_without_one_of_several_annotators_leaves_the_latest_version_where_it_is(
    build, spec
):
    spec = changed(spec, defects=[HOLE])
    both = {"annotators": [FIRST, SECOND]}
    whole = build(changed(spec, grounding=both))
    lost = {"annotators": [FIRST, {**SECOND, "segmenter_weights": "/nowhere"}]}
    summary = build(changed(spec, grounding=lost))
    assert summary.note.startswith(f"{SECOND['annotator']} does not look at the samples: ")
    assert summary.version != whole.version == summary.latest
    assert not any("Nobody could confirm" in step for step in next_steps(summary))
    fewer = build(changed(spec, grounding=FIRST))
    assert fewer.latest == fewer.version, "who asks for one annotator misses none"


def test_an_annotator_that_was_never_there_keeps_no_version_from_being_the_latest(build, spec):
    spec = changed(spec, defects=[HOLE])
    build(changed(spec, grounding=FIRST))
    more = {"annotators": [FIRST, {**SECOND, "segmenter_weights": "/nowhere"}]}
    summary = build(changed(spec, grounding=more))
    assert summary.latest == summary.version


def test_photos_that_cannot_be_read_tonight_leave_the_latest_version_where_it_is(
    build, built, spec, photos, monkeypatch
):
    opened = os.open

    def refuse(path, *args, **options):
        if path == str(photos / "b.png"):
            raise OSError(5, "Input/output error")
        return opened(path, *args, **options)

    monkeypatch.setattr("kizu.source_files.os.open", refuse)
    summary = build(spec)
    assert [skip.name for skip in summary.skipped] == ["b.png"]
    assert summary.version != built.version == summary.latest
    monkeypatch.undo()
    (photos / "b.png").unlink()
    fewer = build(spec)
    assert fewer.latest == fewer.version == summary.version


def test_a_build_with_failures_is_published_but_not_the_latest(build, spec, store, sample):
    complete = kizu.open_dataset(store, "plates").version
    shutil.rmtree(edit_folder(store, sample.request.key))
    summary = build(changed(spec, editor=REPLAY))
    assert (summary.failed, summary.latest) == (1, complete)
    assert summary.version != complete
    assert kizu.open_dataset(store, "plates").version == complete
    partial = kizu.open_dataset(store, "plates", summary.version)
    assert len(partial) == 5
    assert partial.verify() == []


def test_a_spec_may_take_versions_with_failures_as_the_latest(build, spec, store, sample):
    shutil.rmtree(edit_folder(store, sample.request.key))
    summary = build(changed(spec, editor=REPLAY, publish={"latest": "always"}))
    assert summary.failed == 1
    assert kizu.open_dataset(store, "plates").version == summary.version == summary.latest


@pytest.mark.parametrize("latest", ["complete", "always"])
def test_an_empty_version_is_never_published(build, spec, store, latest):
    summary = build(changed(spec, editor=REPLAY, publish={"latest": latest}))
    assert (summary.version, summary.latest, summary.report_address) == ("", "", "")
    assert complete_versions(store, "plates") == []
    assert list(store.list("reports")) == []
    with pytest.raises(DatasetError, match="there is no dataset 'plates'"):
        kizu.open_dataset(store, "plates")


def test_a_first_build_with_failures_leaves_the_choice_of_a_version_to_its_user(
    build, spec, store, sample
):
    shutil.rmtree(edit_folder(store, sample.request.key))
    store.remove("datasets/plates/latest.json")
    summary = build(changed(spec, editor=REPLAY))
    with pytest.raises(DatasetError, match=rf"name one of: .*{summary.version}"):
        kizu.open_dataset(store, "plates")


def test_a_failure_is_told_in_other_words_and_the_version_stays(build, spec, store, sample):
    folder = edit_folder(store, sample.request.key)
    shutil.rmtree(folder)
    first = build(changed(spec, editor=REPLAY))
    for path in store.list("failures"):
        store.write_json(path, {**store.read_json(path), "reason": "in other words"})
    second = build(changed(spec, editor=REPLAY))
    assert (second.version, second.is_new) == (first.version, False)


@pytest.mark.usefixtures("sample")
def test_settings_that_change_no_result_change_nothing(build, spec, store):
    outputs = set(store.list("stages"))
    version = kizu.open_dataset(store, "plates").version
    summary = build(
        changed(
            spec,
            diff={"threads": 2},
            grounding={"annotator": "none", "device": "cpu", "mmdet_python": "elsewhere"},
            budget={"max_requests": 5},
        )
    )
    assert (summary.version, summary.is_new) == (version, False)
    assert set(store.list("stages")) == outputs


def test_what_a_version_holds_is_verified_when_it_is_read(store, sample):
    dataset = kizu.open_dataset(store, "plates")
    assert dataset.verify() == []
    path = dataset[sample.sample_id].row["mask_path"]
    mask = Path(store.address(f"datasets/plates/{path}"))
    mask.write_bytes(encode_png(np.zeros((96, 96), np.uint8)))
    [problem] = dataset.verify()
    assert f"{mask.name} is not the file that was published" in problem
    with pytest.raises(DatasetError, match=r"kizu verify plates --version .* --restore"):
        dataset[sample.sample_id].label()
