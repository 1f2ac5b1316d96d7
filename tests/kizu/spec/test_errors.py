"""What is said of settings whose name has changed: one true sentence with the name of today."""

from typing import get_args

import pytest

from kizu.spec import DatasetSpec
from kizu.spec.errors import REMOVED, RENAMED, SpecError, with_current_names

MINIMAL = {
    "name": "mugs",
    "images": {"path": "photos"},
    "defects": [{"defect_type": "crack", "prompt": "a thin crack"}],
}


def told_of(fields: dict) -> list[str]:
    with pytest.raises(SpecError) as error:
        DatasetSpec.parse({**MINIMAL, **fields}, origin="dataset.yaml")
    return str(error.value).splitlines()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"ground": {"annotator": "none"}}, "ground is called grounding now; rename it"),
        (
            {"grounding": {"max_area_share": 0.5}},
            "grounding.max_area_share is called grounding.max_area_fraction now; rename it",
        ),
    ],
)
def test_an_old_name_is_told_in_one_sentence_with_the_name_of_today(fields, sentence):
    assert told_of(fields) == [f"dataset.yaml: {sentence}"]


def test_every_renamed_setting_is_a_setting_by_its_new_name():
    for place, name in RENAMED.items():
        *above, _ = place.split(".")
        model = DatasetSpec
        for part in above:
            model = model.model_fields[part].annotation
            model = next(iter(get_args(model)), model)  # one annotator's settings come first
        assert name in model.model_fields


def test_an_old_name_below_an_old_name_is_told_too():
    assert told_of({"ground": {"max_area_share": 0.5}}) == [
        "dataset.yaml: ground is called grounding now; rename it",
        "dataset.yaml: ground.max_area_share is called grounding.max_area_fraction now; rename it",
    ]


def test_what_is_wrong_with_its_value_is_told_under_the_name_of_today():
    renamed, wrong = told_of({"grounding": {"max_area_share": 7}})
    assert renamed.endswith("rename it")
    assert wrong.startswith("dataset.yaml: grounding.max_area_fraction: Input should be less")


def test_an_old_name_beside_the_new_one_is_to_be_removed():
    both = {"grounding": {"max_area_share": 0.5, "max_area_fraction": 0.6}}
    [sentence] = told_of(both)
    assert sentence.endswith("max_area_fraction now; remove it, for both are there")
    assert with_current_names(both)[0] == {"grounding": {"max_area_fraction": 0.6}}


def test_old_names_in_the_items_of_a_list_are_told_with_their_number():
    fields = {"defects": [{"type": "crack"}, {"defect_type": "dent"}, {"type": "hole"}]}
    current, told = with_current_names(fields, {"defects.*.type": "defect_type"})
    assert [defect["defect_type"] for defect in current["defects"]] == ["crack", "dent", "hole"]
    assert told == [
        "defects.0.type is called defects.0.defect_type now; rename it",
        "defects.2.type is called defects.2.defect_type now; rename it",
    ]


def test_a_spec_without_old_names_stays_as_it_is():
    assert with_current_names(MINIMAL) == (MINIMAL, [])


@pytest.mark.parametrize("place", REMOVED)
def test_a_setting_that_is_gone_is_told_with_what_took_its_place(place):
    above, name = place.split(".")
    assert told_of({above: {name: 0.5}}) == [f"dataset.yaml: {place} {REMOVED[place]}"]
