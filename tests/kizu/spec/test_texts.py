"""Names and phrases a user writes."""

import pytest
from pydantic import TypeAdapter, ValidationError

from kizu.spec import DatasetSpec
from kizu.spec.texts import MOST_NAME_BYTES, FolderName, split_caption

NAME = TypeAdapter(FolderName)


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "CON",
        "con.txt",
        "Lpt9",
        "a.",
        "a/b",
        "a\\b",
        "a:b",
        "x" * 300,
        "傷" * 41,
        "\u202ea",
        " ",
    ],
)
def test_a_name_that_some_file_system_cannot_hold_is_refused(name):
    with pytest.raises(ValidationError):
        NAME.validate_python(name)


@pytest.mark.parametrize(
    "name", ["console", "crack.v2", "傷" * 40, "x" * MOST_NAME_BYTES, "🔨 mark", "com10", "-"]
)
def test_a_name_that_every_file_system_holds_stays_as_it_is(name):
    assert NAME.validate_python(name) == name


@pytest.mark.parametrize(
    ("caption", "phrases"),
    [
        ("a scratch. a hole.", ["a scratch", "a hole"]),
        ("a scratch. a hole", ["a scratch", "a hole"]),
        ("scratch . hole", ["scratch", "hole"]),
        ("scratch. hole. dent.", ["scratch", "hole", "dent"]),
        ("傷。穴。", ["傷", "穴"]),
        ("傷。穴", ["傷", "穴"]),
        ("傷\uff0e 穴\uff0e", ["傷", "穴"]),
        ("傷\uff61穴\uff61", ["傷", "穴"]),
        ("a scratch ca. 3 mm. a hole.", ["a scratch ca. 3 mm", "a hole"]),
        ("dent (No. 5). scratch, e.g. by a tool.", ["dent (No. 5)", "scratch, e.g. by a tool"]),
    ],
)
def test_a_caption_is_split_into_its_phrases(caption, phrases):
    assert split_caption(caption) == phrases


@pytest.mark.parametrize(
    "phrase",
    [
        "a scratch",
        "a scratch.",
        "傷。",
        "a 0.5 mm scratch",
        "No. 5 bolt missing",
        "approx. 3 mm",
        "approx. 3 mm crack.",
        "a scratch, e.g. by a tool.",
        "a U.S. flag.",
        "a chip of max. 2 mm at No. 5.",
        "0.5 mm scratch.",
        "...",
    ],
)
def test_a_phrase_alone_stays_as_it_is(phrase):
    assert split_caption(phrase) == [phrase]


def test_a_caption_in_a_defect_is_remarked_on():
    defect = {"defect_type": "a", "prompt": "b", "phrases": ["a dent", "a scratch. a hole."]}
    spec = DatasetSpec.parse({"name": "x", "images": {"path": "y"}, "defects": [defect]})
    assert spec.defects[0].phrases == ("a dent", "a scratch", "a hole")
    [remark] = spec.remarks
    assert remark.startswith("the spec: defects.0.phrases: 'a scratch. a hole.' is taken for")
