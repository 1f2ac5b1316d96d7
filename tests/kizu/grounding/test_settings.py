"""How a spec names one annotator or several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from kizu.grounding import (
    GroundingChoice,
    GroundingSettings,
    SeveralAnnotators,
    annotator_version,
)
from kizu.grounding.settings import MOST_ANNOTATORS
from kizu.spec import DatasetSpec, SpecError

GROUNDING = TypeAdapter(GroundingChoice)
NAMES = ("clipseg", "grounding-dino+sam", "llmdet+sam2", "owlvit", "sam3")
MINIMAL = {
    "name": "mugs",
    "images": {"path": "photos"},
    "defects": [{"defect_type": "crack", "prompt": "a thin crack"}],
}


def names_of(grounding) -> list[str]:
    return [settings.annotator for settings in grounding.annotators]


def told_of(grounding: object) -> str:
    with pytest.raises(SpecError) as error:
        DatasetSpec.parse({**MINIMAL, "grounding": grounding}, origin="dataset.yaml")
    return str(error.value)


def test_one_annotator_is_written_as_ever():
    chosen = GROUNDING.validate_python({"annotator": "clipseg", "max_boxes": 3})
    assert isinstance(chosen, GroundingSettings)
    assert chosen.annotators == (chosen,)


def test_several_annotators_have_settings_of_their_own():
    fields = {"annotators": ["clipseg", {"annotator": "owlvit", "max_boxes": 3}]}
    clipseg, owlvit = GROUNDING.validate_python(fields).annotators
    assert clipseg == GroundingSettings(annotator="clipseg")
    assert owlvit == GroundingSettings(annotator="owlvit", max_boxes=3)


def test_none_is_no_annotator():
    assert GROUNDING.validate_python({"annotator": "none"}).annotators == ()
    assert GROUNDING.validate_python({"annotators": ["none"]}).annotators == ()


@given(st.permutations(NAMES), st.integers(1, len(NAMES)))
def test_the_order_of_several_annotators_means_nothing(names, count):
    chosen = GROUNDING.validate_python({"annotators": names[:count]})
    assert chosen == GROUNDING.validate_python({"annotators": sorted(names[:count])})
    assert names_of(chosen) == sorted(names[:count])


def test_a_list_of_one_is_that_one():
    one = {"annotator": "clipseg", "tile_px": 512}
    assert GROUNDING.validate_python({"annotators": [one]}) == GROUNDING.validate_python(one)
    several = SeveralAnnotators(annotators=("clipseg",))
    assert GROUNDING.validate_python(several) == GroundingSettings(annotator="clipseg")


@pytest.mark.parametrize("names", [["clipseg"], ["clipseg", "sam3"], ["none"]])
def test_what_is_written_down_is_read_again(names):
    spec = DatasetSpec.parse({**MINIMAL, "grounding": {"annotators": names}})
    assert DatasetSpec.parse(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("grounding", "sentence"),
    [
        (
            {"annotator": "clipseg", "annotators": ["sam3"]},
            "grounding: has both annotator and annotators; keep one of them",
        ),
        (
            {"annotators": ["clipseg", "sam3"], "max_boxes": 3},
            "grounding: max_boxes stands beside annotators; each annotator has settings of its own",
        ),
        ({"annotators": ["clipseg", "none"]}, "'none' stands for no annotator at all"),
        ({"annotators": []}, "grounding.annotators: is empty; name an annotator"),
        ({"annotators": ["dyno"]}, "grounding.annotators.0.annotator: unknown annotator 'dyno'"),
        (
            {"annotators": ["sam3", {"annotator": "clipseg", "max_boxes": 0}]},
            "grounding.annotators.1.max_boxes: Input should be greater than or equal to 1",
        ),
        ({"max_boxes": 0}, "grounding.max_boxes: Input should be greater than or equal to 1"),
        ({"anotator": "clipseg"}, "grounding.anotator is not a setting; did you mean annot"),
        (7, "grounding: takes settings of its own, as 'name: value' below it (got 7)"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence_at_its_place(grounding, sentence):
    told = told_of(grounding)
    assert told.count("dataset.yaml: ") == 1
    assert sentence in told


def test_a_name_alone_is_that_annotator_with_its_defaults():
    assert GROUNDING.validate_python("clipseg") == GroundingSettings(annotator="clipseg")


@pytest.mark.parametrize("twice", [["clipseg", "clipseg"], ["sam3", "owlvit", "sam3 "]])
def test_an_annotator_is_named_once(twice):
    assert "appears twice; name each annotator once" in told_of({"annotators": twice})


def test_more_annotators_than_can_be_told_apart_are_refused():
    names = [
        f"{name}{end}"
        for name in ("grounding-dino", "owlvit")
        for end in ("", "+sam", "+sam2", "+sam-hq")
    ]
    assert "at most" in told_of({"annotators": names})
    assert len(names) > MOST_ANNOTATORS


@pytest.mark.parametrize(
    ("annotator", "more"),
    [
        ("grounding-dino+sam", True),
        ("clipseg", True),
        ("glip", True),
        ("azure-vision", False),
        ("gpt-vision+sam", False),
    ],
)
def test_only_services_that_bill_are_not_asked_for_more_by_default(annotator, more):
    default = GroundingSettings(annotator=annotator)
    assert (default.asks_rivals, default.asks_on_normal) == (more, more)
    other = GroundingSettings(annotator=annotator, rivals=not more, on_normal=not more)
    assert (other.asks_rivals, other.asks_on_normal) == (not more, not more)


def test_what_else_is_looked_for_is_no_part_of_an_annotators_version():
    plain = GroundingSettings(annotator="demo-grounding-dino")
    more = plain.model_copy(update={"rivals": False, "on_normal": False})
    assert annotator_version(plain) == annotator_version(more)
