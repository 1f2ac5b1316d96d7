from kizu.grounding import GroundingSettings, annotator_version
from kizu.grounding.storage import open_detections
from kizu.spec import DatasetSpec
from kizu.stages import EDIT, GROUNDING
from kizu.stages.grounding import choose_annotator

NONE = annotator_version(GroundingSettings(annotator="none"))
NOWHERE = GroundingSettings(annotator="grounding-dino+sam", detector_weights="/nowhere")


def test_without_an_annotator_there_is_nothing_to_do(through, store):
    assert through(EDIT, GROUNDING).kept == 4
    assert list(store.list("stages/grounding")) == []


def test_what_the_annotator_finds_is_stored_with_its_version(through, inputs):
    assert through(EDIT, GROUNDING, annotator=NONE).made == 4
    record = open_detections(GROUNDING.folder(inputs(annotator=NONE)[0]))
    assert (record.annotator, record.phrase) == (NONE, ())


def test_an_annotator_is_loaded_only_where_something_is_missing(through, spec):
    through(EDIT, GROUNDING, annotator=NONE)
    fields = spec.model_dump(mode="json")
    elsewhere = DatasetSpec.parse({**fields, "grounding": NOWHERE.model_dump(mode="json")})
    assert through(GROUNDING, annotator=NONE, spec=elsewhere).kept == 4


def test_another_annotator_than_planned_fails_every_sample(through):
    report = through(EDIT, GROUNDING, annotator='{"annotator": "planned"}')
    assert "this worker's annotator is not the one" in report.failures[0].reason
    assert len(report.failures) == 4


def test_the_choice_of_an_annotator_says_why_there_is_none():
    unasked = choose_annotator(GroundingSettings(annotator="none"))
    assert (unasked.version, unasked.note) == (None, "")
    missing = choose_annotator(NOWHERE)
    assert missing.version is None
    assert missing.note.startswith("Samples are not grounded: ")
    assert "/nowhere" in missing.note
