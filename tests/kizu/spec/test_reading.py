"""What a spec file may hold, and what is said of one that cannot be meant."""

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError
from kizu.spec.reading import MOST_BYTES, read_spec

DEFECT = "- defect_type: {kind}\n  prompt: {prompt}\n{more}"
SPEC = "name: {name}\nimages: {{path: photos}}\n{top}defects:\n" + DEFECT
PLAIN = {"name": "mugs", "kind": "crack", "prompt": "a thin crack", "more": "", "top": ""}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "dataset.yaml"


def spec_of(file, **changes) -> DatasetSpec:
    file.write_text(SPEC.format(**PLAIN | changes), encoding="utf-8")
    return DatasetSpec.from_yaml(file)


def told_of(file, content: bytes | str) -> list[str]:
    """The sentences about a file, without its name; each begins with it."""
    data = content.encode() if isinstance(content, str) else content
    file.write_bytes(data)
    with pytest.raises(SpecError) as error:
        DatasetSpec.from_yaml(file)
    sentences = str(error.value).splitlines()
    assert all(sentence.startswith(f"{file}: ") for sentence in sentences)
    return [sentence.removeprefix(f"{file}: ") for sentence in sentences]


@pytest.mark.parametrize(
    "word",
    ["no", "yes", "on", "off", "007", "3", "1.50", "1e3", "2026-01-02", "true", "0x1f"],
)
def test_a_bare_word_is_the_text_that_was_written(file, word):
    spec = spec_of(file, name=word, kind=word, prompt=word, more=f"  phrases: [{word}]\n")
    [defect] = spec.defects
    assert [spec.name, defect.defect_type, defect.prompt, *defect.phrases] == [word] * 4


def test_numbers_and_truth_values_are_read_where_they_are_meant(file):
    spec = spec_of(
        file,
        more="  variants: 010\n",
        top="seed: 0007\npublish: {composite: no, test_fraction: .25}\n",
    )
    assert (spec.seed, spec.defects[0].variants) == (7, 10)
    assert (spec.publish.composite, spec.publish.test_fraction) == (False, 0.25)


def test_a_tag_of_what_a_spec_holds_anyway_is_no_obstacle(file):
    spec = spec_of(
        file,
        name="!!str 12",
        top="seed: !!int '7'\npublish: {composite: !!bool no, test_fraction: !!float .25}\n",
    )
    assert (spec.name, spec.seed) == ("12", 7)
    assert (spec.publish.composite, spec.publish.test_fraction) == (False, 0.25)


@pytest.mark.parametrize("empty", ["", "~", "null", "# a comment"])
def test_an_empty_value_is_said_to_be_empty(file, empty):
    text = SPEC.format(**PLAIN | {"top": f"budget: {empty}\n"})
    assert told_of(file, text) == ["line 3: budget is empty; give a value, or remove the line"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ("  phrases: a scratch\n", "phrases"),
        ("  wordings: a scratch\n", "wordings"),
        ("  phrases: '007'\n", "phrases"),
    ],
)
def test_a_text_stands_for_a_list_of_one(file, more, field):
    listed = more.split(": ")[1].strip().strip("'")
    assert getattr(spec_of(file, more=more).defects[0], field) == (listed,)


def test_one_defect_and_one_annotator_stand_for_lists_of_one(file):
    text = SPEC.format(**PLAIN | {"top": "grounding: {annotators: clipseg}\n"})
    file.write_text(text.replace("- defect_type", "  defect_type"))
    spec = DatasetSpec.from_yaml(file)
    assert [defect.defect_type for defect in spec.defects] == ["crack"]
    assert [each.annotator for each in spec.grounding.annotators] == ["clipseg"]


@pytest.mark.parametrize(
    ("brackets", "count"), [("[", 30), ("[", 200_000), ("- ", 100_000), ("{a: ", 100_000)]
)
def test_deep_nesting_is_named_at_once(file, brackets, count):
    [sentence] = told_of(file, brackets * count)
    assert "more than 24 levels below each other" in sentence


def test_aliases_that_multiply_or_hold_themselves_are_named(file):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    [sentence] = told_of(file, bomb)
    assert "check anchors" in sentence
    for itself in ("name: &a [*a]\n", "x: &x {<<: *x}\n", "x: &x {<<: [*x, *x], y: *x}\n"):
        [sentence] = told_of(file, itself)
        assert "check anchors" in sentence


def test_a_mapping_can_be_merged_into_others(file):
    base = "more: &more {variants: 3, prompt: a}\n"
    merged = "  <<: *more\n"
    file.write_text(base + SPEC.format(**PLAIN | {"more": merged}))
    fields = read_spec(file).fields
    assert fields["defects"] == [
        {"defect_type": "crack", "prompt": "a thin crack", "variants": "3"}
    ]


def test_a_large_file_is_no_spec(file):
    [sentence] = told_of(file, b"#" * (MOST_BYTES + 1))
    assert "is larger than 512 KiB" in sentence


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_unicode_encoding_is_read(file, encoding):
    file.write_bytes(SPEC.format(**PLAIN | {"kind": "ひび"}).encode(encoding))
    assert DatasetSpec.from_yaml(file).defects[0].defect_type == "ひび"


@pytest.mark.parametrize(("codec", "name"), [("cp932", "Shift-JIS"), ("euc_jp", "EUC-JP")])
def test_a_japanese_editors_own_encoding_is_named(file, codec, name):
    text = SPEC.format(**PLAIN | {"kind": "ひび割れ", "prompt": "釉薬に細いひび"})
    [sentence] = told_of(file, text.encode(codec))
    assert sentence.startswith("line 4 is not UTF-8 text (perhaps ")
    assert sentence.endswith("save the file as UTF-8")
    if codec == "cp932":
        assert name in sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: a\nname: b\n", "line 2: name is given twice, first in line 1; remove one"),
        ("a: {b: 1, b: 2}\n", "line 1: a.b is given twice"),
        ("name: a\n---\nname: b\n", "line 2: a second document begins; keep one"),
        ("name: !!python/object/apply:os.system [id]\n", "line 1: the tag !!python/object/apply"),
        ("name: !!timestamp 2026-13-45\n", "line 1: the tag !!timestamp is not for specs"),
        ("name: !mine x\n", "line 1: the tag !mine is not for specs"),
        ("a:\n\tname: b\n", "indent with spaces instead of tabs"),
        ("name: %s\n", "line 1: found character that cannot start any token"),
        ("name: a: b\n", "line 1: mapping values are not allowed in this context"),
        ("name: *x\n", "line 1: found undefined alias"),
        ("? [a]\n: b\n", "line 1: a list or a mapping stands where a setting's name belongs"),
        ("a: {<<: 3}\n", "line 1: << takes a mapping"),
        ("name: \x00\n", "control characters are not allowed"),
    ],
)
def test_what_yaml_does_not_mean_is_named_with_its_line(file, text, sentence):
    [told] = told_of(file, text)
    assert sentence in told


def test_text_after_a_number_sign_is_remarked_on(file):
    spec = spec_of(file, prompt="a scratch #3 on the lid", more="  variants: 2 # a few\n")
    [remark] = spec.remarks
    assert remark.startswith(f"{file}: line 5: #3 on the lid after defects.0.prompt is a comment")


@pytest.mark.parametrize(
    ("key", "near"),
    [("varaints: 3", "variants"), ("Prompt: x", "prompt"), ("wording: x", "wordings")],
)
def test_an_unknown_setting_is_told_with_the_nearest_one(file, key, near):
    text = SPEC.format(**PLAIN | {"more": f"  {key}\n"})
    name = key.split(":")[0]
    assert told_of(file, text) == [
        f"line 6: defects.0.{name} is not a setting; did you mean {near}?"
    ]


def test_the_nearest_setting_is_one_of_the_chosen_editor(file):
    text = SPEC.format(**PLAIN | {"top": "editor: {name: gpt-image, qualty: low}\n"})
    assert told_of(file, text) == ["line 3: editor.qualty is not a setting; did you mean quality?"]


def test_what_is_wrong_inside_a_defect_is_all_that_is_said(file):
    text = SPEC.format(**PLAIN | {"more": "  variants: some\n"})
    assert told_of(file, text) == [
        "line 6: defects.0.variants: Input should be a valid integer (got some)"
    ]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("  variants: 1000000000\n", "less than or equal to 1000 (got 1000000000)"),
        ("  variants: -1\n", "greater than or equal to 1 (got -1)"),
        ("  area: {max_fraction: nan}\n", "should be a finite number (got nan)"),
        ("  area: {max_fraction: inf}\n", "should be a finite number (got inf)"),
        ('  placement: "a\\0b"\n', "holds the control character U+0000; remove it"),
        ('  placement: "a\\eb"\n', "holds the control character U+001B; remove it"),
        (f"  placement: {'x' * 32_001}\n", "has 32,001 characters; 32,000 are the most"),
    ],
)
def test_hostile_values_are_named(file, more, sentence):
    [told] = told_of(file, SPEC.format(**PLAIN | {"more": more}))
    assert told.endswith(sentence)
    assert len(told) < 200


def test_a_control_character_in_a_settings_name_stays_out_of_the_sentence(file):
    [told] = told_of(file, SPEC.format(**PLAIN | {"top": '"a\\nb\\e[31m": 3\n'}))
    assert told.isprintable()


def test_what_is_no_file_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place, sentence in {
        tmp_path: "is a folder",
        tmp_path / "pipe": "is no regular file",
        tmp_path / "none": "no such file",
        tmp_path / ("x" * 300): "cannot be read",
        tmp_path / "a\0b": "no file can have this name",
    }.items():
        with pytest.raises(SpecError, match=sentence):
            DatasetSpec.from_yaml(place)


def test_a_json_file_is_a_spec_too(file):
    fields = {
        "name": "mugs",
        "images": {"path": "photos"},
        "defects": {"defect_type": "crack", "prompt": "a crack", "variants": 2},
    }
    place = file.with_suffix(".json")
    place.write_text(json.dumps(fields, indent="\t"))
    assert DatasetSpec.from_yaml(place).defects[0].variants == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[" * 100_000, "more than 24 levels"),
        ('{"name": "a", "name": "b"}', "name is given twice"),
        ('{"name": "a",}', "is not JSON: line 1"),
        ("9" * 10_000, "is not JSON"),
        ('{"name": NaN}', "name: Input should be a valid string"),
    ],
)
def test_a_json_file_that_is_no_spec_is_named(file, text, sentence):
    assert any(sentence in told for told in told_of(file.with_suffix(".json"), text))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=60), at=st.integers(0, 200))
def test_whatever_a_file_holds_every_sentence_names_it(file, data, at):
    text = SPEC.format(**PLAIN).encode()
    damaged = text[:at] + data + text[at:]
    file.write_bytes(damaged)
    try:
        DatasetSpec.from_yaml(file)
    except SpecError as error:
        for sentence in str(error).splitlines():
            assert sentence.startswith(f"{file}: ")
