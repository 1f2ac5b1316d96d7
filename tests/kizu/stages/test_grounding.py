import pytest
from kept import copy_store

from kizu.grounding import (
    GroundingSettings,
    GroundingUnavailable,
    SeveralAnnotators,
    annotator_name,
    annotator_version,
)
from kizu.grounding.storage import open_detections
from kizu.spec import DatasetSpec
from kizu.stages import EDIT, GROUNDING, grounding
from kizu.stages.grounding import choose_annotators


@pytest.fixture(autouse=True)
def _edits(kept_plates, photos, store):
    """Have one photo, and the edits of its two samples, for all stages after them."""
    (photos / "b.png").unlink()
    copy_store(kept_plates.store, store, ("edits", "normals", "truth"))


NONE = annotator_version(GroundingSettings(annotator="none"))
PLANNED = annotator_version(GroundingSettings(annotator="none")).replace("2", "1")
NOWHERE = GroundingSettings(annotator="grounding-dino+sam", detector_weights="/nowhere")


def test_without_an_annotator_there_is_nothing_to_do(through, store):
    assert through(EDIT, GROUNDING).kept == 2
    assert list(store.list("stages/grounding")) == []


def test_what_the_annotator_finds_is_stored_with_its_version(through, inputs):
    assert through(EDIT, GROUNDING, annotators=(NONE,)).made == 2
    record = open_detections(GROUNDING.folders(inputs(annotators=(NONE,))[0])[NONE])
    assert (record.annotator, record.phrase) == (NONE, ())


def test_an_annotator_is_loaded_only_where_something_is_missing(through, spec):
    through(EDIT, GROUNDING, annotators=(NONE,))
    fields = spec.model_dump(mode="json")
    elsewhere = DatasetSpec.parse({**fields, "grounding": NOWHERE.model_dump(mode="json")})
    assert through(GROUNDING, annotators=(NONE,), spec=elsewhere).kept == 2


def test_another_annotator_than_planned_fails_every_sample(through):
    report = through(EDIT, GROUNDING, annotators=(PLANNED,))
    assert "this worker's annotator is not the one" in report.failures[0].reason
    assert len(report.failures) == 2


def test_the_choice_of_an_annotator_says_why_there_is_none():
    unasked = choose_annotators(GroundingSettings(annotator="none"))
    assert (unasked.versions, unasked.note) == ((), "")
    missing = choose_annotators(NOWHERE)
    assert missing.versions == ()
    assert missing.note.startswith("Samples are not grounded: ")
    assert "/nowhere" in missing.note


BOTH = ("demo-grounding-dino", "demo-grounding-dino+demo-sam")
"""Two annotators whose weights come with kizu."""
ALONE = {"rivals": False, "on_normal": False}
"""Settings of an annotator that looks for the asked phrases in the edits, and for nothing else."""


def asked_only(*names):
    """Return annotators that look for the asked phrases in the edits only."""
    return [{"annotator": name, **ALONE} for name in names]


def test_several_annotators_store_what_each_found(through, inputs, looked_at):
    both = looked_at(*BOTH)
    assert through(EDIT, GROUNDING, **both).made == 2
    for sample in inputs(**both):
        boxes, masks = GROUNDING.results(sample)
        assert (boxes.annotator, masks.annotator) == both["annotators"]
        assert boxes.rle is None
        assert masks.rle is not None


def test_what_one_annotator_found_is_found_again_beside_another(through, inputs, looked_at, store):
    one, both = looked_at(*asked_only(BOTH[0])), looked_at(*asked_only(*BOTH))
    through(EDIT, GROUNDING, **one)
    before = stored(store)
    assert through(GROUNDING, **both).made == 2
    after = stored(store)
    assert {path: after[path] for path in before} == before
    assert len(after) == 2 * len(before) == 4
    for alone, beside in zip(inputs(**one), inputs(**both), strict=True):
        [version] = one["annotators"]
        assert GROUNDING.key(alone) in GROUNDING.key_inputs(beside)["annotators"]
        assert open_detections(GROUNDING.folders(beside)[version]).annotator == version


@pytest.mark.parametrize("failing", BOTH)
def test_the_failure_of_one_annotator_loses_nothing_of_another(
    through, inputs, looked_at, store, monkeypatch, failing
):
    both = looked_at(*asked_only(*BOTH))
    load = grounding.load_annotator

    def refuse(name, *args, **options):
        if name == failing:
            raise GroundingUnavailable("its weights are gone")
        return load(name, *args, **options)

    monkeypatch.setattr(grounding, "load_annotator", refuse)
    report = through(EDIT, GROUNDING, **both)
    assert [failure.reason for failure in report.failures] == [
        f"GroundingUnavailable: {failing}: its weights are gone"
    ] * 2
    before = stored(store)
    assert len(before) == 2
    monkeypatch.undo()
    assert through(GROUNDING, **both).made == 2
    assert {path: stored(store)[path] for path in before} == before
    assert all(GROUNDING.is_done(sample) for sample in inputs(**both))


def test_annotators_that_cannot_work_here_are_named_and_the_others_go_on():
    missing = {"annotator": "clipseg", "detector_weights": "/nowhere"}
    fields = {"annotators": [BOTH[0], missing]}
    chosen = choose_annotators(SeveralAnnotators.model_validate(fields))
    assert [annotator_name(version) for version in chosen.versions] == [BOTH[0]]
    assert chosen.note.startswith("clipseg does not look at the samples: ")
    assert "/nowhere" in chosen.note


def test_where_no_annotator_can_work_the_samples_are_not_grounded():
    both = [{"annotator": name, "detector_weights": "/nowhere"} for name in ("clipseg", "owlvit")]
    chosen = choose_annotators(SeveralAnnotators.model_validate({"annotators": both}))
    assert chosen.versions == ()
    assert chosen.note.count("Samples are not grounded: ") == 2


def test_the_asked_phrases_are_found_as_before_beside_rivals_and_the_normal_image(
    through, inputs, looked_at, store
):
    only, more = looked_at(*asked_only(BOTH[0])), looked_at(BOTH[0])
    through(EDIT, GROUNDING, **only)
    before = stored(store)
    assert through(GROUNDING, **more).made == 2
    assert {path: stored(store)[path] for path in before} == before
    for sparse, full in zip(inputs(**only), inputs(**more), strict=True):
        assert GROUNDING.results(full) == GROUNDING.results(sparse)
        assert GROUNDING.key(full) != GROUNDING.key(sparse)
        assert GROUNDING.rivals(sparse) == GROUNDING.on_normal(sparse) == ()


def test_rivals_are_the_other_defects_of_the_dataset(through, inputs, looked_at):
    more = looked_at({"annotator": BOTH[0], "on_normal": False, "box_threshold": 0.01})
    through(EDIT, GROUNDING, **more)
    for sample in inputs(**more):
        [found] = GROUNDING.rivals(sample)
        others = more["spec"].rival_phrases(sample.sample.defect_type, sample.sample.phrases)
        assert found.phrase
        assert set(found.phrase) <= set(others)
        assert not set(found.phrase) & set(sample.sample.phrases)
        assert GROUNDING.on_normal(sample) == ()


def test_edits_of_one_photo_and_defect_share_the_look_at_the_normal_image(
    through, inputs, looked_at, store
):
    more = looked_at({"annotator": BOTH[0], "rivals": False})
    fields = more["spec"].model_dump(mode="json")
    fields["defects"] = [{**fields["defects"][0], "variants": 3}]
    more["spec"] = DatasetSpec.parse(fields)
    through(EDIT, GROUNDING, **more)
    photos = len({sample.sample.normal.sha256 for sample in inputs(**more)})
    assert len(stored(store)) == len(inputs(**more)) + photos == 4 * photos
    assert all(len(GROUNDING.on_normal(sample)) == 1 for sample in inputs(**more))


def test_a_sample_is_done_only_when_all_looks_are(through, inputs, looked_at):
    through(EDIT, GROUNDING, **looked_at(*asked_only(BOTH[0])))
    more = looked_at(BOTH[0])
    assert not any(GROUNDING.is_done(sample) for sample in inputs(**more))
    through(GROUNDING, **more)
    assert all(GROUNDING.is_done(sample) for sample in inputs(**more))


def stored(store) -> dict[str, bytes]:
    """Return what annotators have stored, by path."""
    return {path: store.read(path) for path in store.list("stages/grounding")}
