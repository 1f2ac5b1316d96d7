import pytest

from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError

MINIMAL = {
    "name": "mugs",
    "images": {"path": "photos"},
    "defects": [
        {"defect_type": "crack", "prompt": "a thin crack across the glaze"},
        {"defect_type": "stain", "prompt": "a brown stain"},
    ],
}


def test_a_folder_and_two_defects_are_enough():
    spec = DatasetSpec.parse(MINIMAL)
    assert spec.editor.name == "painter"
    assert spec.defects[0].grounding_phrases == ("crack",)
    assert spec.defects[0].variants == 1


def changed(**fields) -> dict:
    return {**MINIMAL, **fields}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"nmae": "x"}, r"nmae is not a setting; did you mean name\?"),
        ({"xyz": "x"}, "xyz is not a setting; check the spelling or remove it"),
        ({"name": ""}, "name: is empty; write at least one word"),
        ({"name": "a/b"}, r"name: contains /; it names a folder.*\(got 'a/b'\)"),
        ({"editor": {"drift": "none"}}, "editor.name is missing; add it"),
        ({"images": {}}, "images.path is missing; give the folder of your normal images"),
        ({"defects": []}, "defects: .*at least 1 item"),
        ({"seed": -1}, r"seed: .*greater than or equal to 0 \(got -1\)"),
        (
            {"editor": {"name": "gimp"}},
            "editor: there is no 'gimp'; choose one of painter, gpt-image",
        ),
        (
            {"defects": [{"defect_type": "good", "prompt": "x"}]},
            "defects.0: defect_type 'good' means 'no defect'; choose another name",
        ),
        (
            {"defects": [MINIMAL["defects"][0], MINIMAL["defects"][0]]},
            "defect_type crack appears twice",
        ),
        (
            {
                "defects": [
                    {
                        **MINIMAL["defects"][0],
                        "area": {"min_fraction": 0.5, "max_fraction": 0.1},
                    }
                ]
            },
            "defects.0.area: min_fraction 0.5 is not below max_fraction 0.1",
        ),
        (
            {
                "defects": [
                    {
                        **MINIMAL["defects"][0],
                        "region": {"kind": "box", "x0": 0.6, "y0": 0, "x1": 0.4, "y1": 1},
                    }
                ]
            },
            "region.*is empty; give left < right",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_value_and_the_way_out(fields, sentence):
    with pytest.raises(SpecError, match=sentence):
        DatasetSpec.parse(changed(**fields))


def test_all_wrong_fields_are_told_at_once():
    with pytest.raises(SpecError) as error:
        DatasetSpec.parse(changed(name="", seed=-1))
    assert len(str(error.value).splitlines()) == 2


def test_japanese_text_works_everywhere():
    spec = DatasetSpec.parse(
        {
            "name": "湯呑み",
            "images": {"path": "写真/良品", "category": "湯呑み"},
            "defects": [
                {"defect_type": "ひび", "prompt": "釉薬に細いひび", "phrases": ["細いひび"]}
            ],
        }
    )
    assert spec.recipe()["defects"][0]["phrases"] == ["細いひび"]


def test_equal_text_in_two_unicode_forms_is_one_spec():
    composed, apart = "\u30ac", "\u30ab\u3099"
    assert composed != apart
    assert DatasetSpec.parse(changed(name=composed)) == DatasetSpec.parse(changed(name=apart))


def test_a_relative_place_starts_at_the_spec_file(tmp_path):
    file = tmp_path / "dataset.yaml"
    file.write_text(
        "name: mugs\nimages: {path: photos}\ndefects: [{defect_type: crack, prompt: a crack}]\n"
    )
    assert DatasetSpec.from_yaml(file).images.path == str(tmp_path / "photos")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: [", "is not YAML"),
        ("just text", "expected 'name:', 'images:' and 'defects:' entries"),
        ("", "expected 'name:'"),
    ],
)
def test_a_file_that_is_no_spec_is_named(tmp_path, text, sentence):
    file = tmp_path / "dataset.yaml"
    file.write_text(text)
    with pytest.raises(SpecError, match=f"dataset.yaml: .*{sentence}"):
        DatasetSpec.from_yaml(file)


def test_a_missing_file_names_the_command_that_writes_one(tmp_path):
    with pytest.raises(SpecError, match="no such file; 'kizu init FOLDER' writes one"):
        DatasetSpec.from_yaml(tmp_path / "dataset.yaml")


def test_the_recipe_holds_no_place_and_no_budget():
    recipe = DatasetSpec.parse(changed(budget={"max_requests": 3})).recipe()
    assert "path" not in recipe["images"]
    assert "budget" not in recipe


def test_every_field_of_the_form_has_a_title_and_a_description():
    schema = DatasetSpec.model_json_schema()
    models = {"DatasetSpec": schema, **schema["$defs"]}
    bare = [
        f"{model}.{name}"
        for model, definition in models.items()
        for name, field in definition.get("properties", {}).items()
        if not (field.get("title") and field.get("description"))
    ]
    assert bare == []
