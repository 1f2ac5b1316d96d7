from inspect import isabstract

import pytest

from kizu.edit.registry import EDITORS, ReplaySettings, editor_names, load_editor
from kizu.planning import plan_samples
from kizu.sources import NormalImage
from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError

NEEDED = {"folder": {"path": "edited"}, "transplant": {"defects": "real"}}
"""Settings without a default."""
IMAGE = NormalImage("ab" * 32, "ab" * 32, "a.png", 640, 480)


def with_editor(spec, **editor):
    return DatasetSpec.parse({**spec.model_dump(mode="json"), "editor": editor})


def test_every_editor_can_be_named_in_a_spec(spec):
    assert editor_names()[0] == "painter"
    for name in editor_names():
        assert with_editor(spec, name=name, **NEEDED.get(name, {})).editor.name == name


def test_every_editor_is_complete_and_loaded_by_its_name():
    for name, editor in zip(editor_names(), (*EDITORS, ReplaySettings), strict=True):
        assert not isabstract(editor)
        settings = editor.model_validate({"name": name, **NEEDED.get(name, {})})
        assert load_editor(name, settings).is_paid == settings.is_paid
        assert name in NEEDED or load_editor(name).is_paid == settings.is_paid


def test_an_editor_without_default_says_what_it_needs():
    with pytest.raises(ValueError, match="the editor 'folder' has no default for path"):
        load_editor("folder")


def test_an_earlier_name_means_the_same_editor_and_the_same_edits(spec):
    now, before = with_editor(spec, name="gpt-image"), with_editor(spec, name="azure")
    assert now == before
    assert before.editor.name == "gpt-image"
    [sample, *_] = plan_samples(now, [IMAGE])
    assert sample.request.editor["name"] == "azure"
    replay = with_editor(spec, name="replay", of={"name": "azure"})
    assert plan_samples(replay, [IMAGE]) == plan_samples(now, [IMAGE])
    assert load_editor("azure", now.editor).is_paid


def test_a_wrong_setting_is_named_below_its_editor(spec):
    with pytest.raises(SpecError, match=r"qualty is not a setting; did you mean quality\?"):
        with_editor(spec, name="azure", qualty="low")


def test_unknown_editors_list_the_choices(spec):
    with pytest.raises(ValueError, match="no editor 'gimp'; choose one of painter, gpt-image"):
        load_editor("gimp")
    with pytest.raises(SpecError, match="editor: there is no 'gimp'; choose one of painter, gpt-i"):
        with_editor(spec, name="gimp")
    with pytest.raises(SpecError, match="editor: there is no"):
        with_editor(spec, name=["gpt-image"])
    with pytest.raises(ValueError, match="settings of 'replay' given to the editor 'painter'"):
        load_editor("painter", ReplaySettings(name="replay"))
