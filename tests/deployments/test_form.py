"""The run form: what Prefect's page draws, and what the server takes."""

import pytest
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import validate

from deployments.form import run_form
from flows.build import build_dataset
from kizu.edit.registry import editor_names
from kizu.grounding.names import annotator_names, parse_annotator_name
from kizu.spec import DatasetSpec


@pytest.fixture(scope="module")
def form():
    return run_form(parameter_schema(build_dataset).model_dump(mode="json"))


@pytest.fixture
def typed(photos):
    """What the page sends of a form in which a person has filled in no more than what it asks."""
    defect = {"defect_type": "hole", "prompt": "a deep hole", "region": None}
    return {
        "name": "plates",
        "images": {"path": str(photos)},
        "defects": [defect],
        "editor": {"name": "gpt-image", "quality": "low"},
        "grounding": {"annotator": "none"},
        "agree": {},
        "diff": {},
        "publish": {},
    }


def problems(form, **parameters):
    return [error.message for error in validate(parameters, form, allow_none_with_default=True)]


def properties(form, model):
    return form["definitions"][model]["properties"]


def choices(form, model, field):
    """What the tabs of a field are called."""
    forms = properties(form, model)[field]["anyOf"]
    return [one.get("title") or form["definitions"][one["$ref"][14:]]["title"] for one in forms]


def test_what_a_person_fills_in_is_a_spec(form, typed):
    assert problems(form, spec=typed) == []
    spec = DatasetSpec.model_validate(typed)
    assert spec.diff == DatasetSpec.model_fields["diff"].default_factory()


def test_a_whole_spec_is_taken_with_the_settings_that_the_form_leaves_out(form, spec):
    editors = [{"name": "gpt-image"}, {"name": "flux"}, {"name": "folder", "path": "edited"}]
    editors += [{"name": "transplant", "defects": "real"}, {"name": "replay"}]
    for editor in editors:
        fields = spec.model_dump(mode="json") | {"editor": editor}
        whole = DatasetSpec.model_validate(fields).model_dump(mode="json")
        assert problems(form, spec=whole) == [], editor


def test_several_annotators_are_taken(form, typed):
    both = [{"annotator": "clipseg"}, {"annotator": "grounding-dino+sam2"}]
    assert problems(form, spec=typed | {"grounding": {"annotators": both}}) == []


def test_a_typo_is_refused_before_a_run_begins(form, typed):
    assert problems(form, spec=typed | {"editor": {"name": "gpt-image", "qualty": "low"}})
    assert problems(form, spec=typed | {"grounding": {"annotator": "grounding-dinosaur"}})


def test_what_is_wrong_is_told_at_its_field(form, typed):
    del typed["name"]
    [error] = validate({"spec": typed}, form, allow_none_with_default=True)
    assert (list(error.absolute_path), error.message[:6]) == (["spec"], "'name'")


def test_a_spec_file_is_enough():
    whole = parameter_schema(build_dataset).model_dump(mode="json")
    form = run_form(whole, of_file=True)
    assert next(iter(form["properties"])) == "spec_file"
    assert problems(form, spec_file="dataset.yaml") == []
    assert problems(form) == ["'spec_file' is a required property"]


def test_choices_are_called_by_words_and_editors_by_their_names(form):
    assert choices(form, "DatasetSpec", "editor") == list(editor_names())
    assert choices(form, "DatasetSpec", "grounding") == ["one annotator", "several"]
    assert choices(form, "DatasetSpec", "publish") == ["as usual", "change"]
    regions = ["anywhere", "a box", "the object", "drawn masks"]
    assert choices(form, "DefectSpec", "region") == regions


def test_an_editor_that_is_chosen_brings_its_name(form):
    names = properties(form, "GptImageSettings")["name"]
    assert (names["enum"], names["default"]) == (["gpt-image"], "gpt-image")


def test_annotators_are_a_list_of_names_that_exist_each_once(form):
    names = properties(form, "GroundingSettings")["annotator"]["enum"]
    assert names == list(annotator_names())
    assert len(set(names)) == len(names)
    assert all(parse_annotator_name(name) is not None for name in names)


def test_no_setting_is_asked_for_as_json(form):
    for name, model in form["definitions"].items():
        for field, asked in model.get("properties", {}).items():
            kinds = [asked, *asked.get("anyOf", [])]
            assert "oneOf" not in asked
            plain = [kind for kind in kinds if kind.get("type") == "object"]
            assert all("const" in kind for kind in plain), f"{name}.{field} is a box of code"
