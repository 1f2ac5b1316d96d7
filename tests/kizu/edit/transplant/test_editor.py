from datetime import date

import numpy as np
import pytest
from real_defects import surface, write_defects

from kizu.edit.editor import EditError
from kizu.edit.registry import load_editor
from kizu.edit.request import DefectRequest, EditRequest
from kizu.edit.transplant.settings import TransplantSettings
from kizu.imaging.codecs import decode_png, encode_png
from kizu.source_files import SourceError

PHOTO = surface(7, 160)


@pytest.fixture
def folder(tmp_path):
    return write_defects(tmp_path / "real", ["pit", "burr"], count=3)


def settings_of(folder):
    return TransplantSettings(name="transplant", defects=str(folder))


def request_of(settings, defect_type="pit", variant=0, normal="ab" * 32):
    wanted = DefectRequest(
        normal, (160, 160), "plate", defect_type, "a pit", "a pit", variant, seed=0
    )
    return EditRequest(
        normal_sha256=normal,
        ask=settings.describe(wanted),
        editor=settings.identity(emulated=False),
        variant=variant,
        seed=0,
    )


def test_an_edit_says_which_real_defect_it_shows(folder):
    settings = settings_of(folder)
    request = request_of(settings)
    edit = settings.make().edit(request, PHOTO, None)
    assert request.ask["source"] in edit.note
    assert str(request.ask["source"]).startswith("pit/")
    assert edit.cost_usd == 0.0
    assert (decode_png(edit.picture) != PHOTO)[edit.truth].any()


def test_variants_of_one_photo_take_turns_through_the_real_defects(folder):
    settings = settings_of(folder)
    used = [request_of(settings, variant=number).ask["source"] for number in range(6)]
    assert used[:3] == used[3:]
    assert len(set(used)) == 3


def test_a_changed_picture_gives_a_new_edit_and_another_folder_of_the_same_ones_none(folder):
    before = request_of(settings_of(folder)).key
    elsewhere = folder.rename(folder.with_name("moved"))
    assert request_of(settings_of(elsewhere)).key == before
    for file in (elsewhere / "pit").glob("00?.png"):
        file.write_bytes(file.read_bytes() + b" ")
    assert request_of(settings_of(elsewhere)).key != before


def test_one_more_picture_changes_only_the_edits_that_use_it(folder):
    normals = [f"{number:064x}" for number in range(12)]
    before = [request_of(settings_of(folder), normal=each) for each in normals]
    more = write_defects(folder.with_name("more"), ["pit"], count=4) / "pit"
    for name in ("003.png", "003_mask.png"):
        (more / name).rename(folder / "pit" / name)
    after = [request_of(settings_of(folder), normal=each) for each in normals]
    changed = [b.ask["source"] for a, b in zip(before, after, strict=True) if a.key != b.key]
    assert set(changed) == {"pit/003.png"}


def test_a_class_without_pictures_is_an_error_of_the_spec(folder):
    with pytest.raises(SourceError, match=r"editor\.defects: .* and no 'crack'"):
        request_of(settings_of(folder), "crack")


def test_pictures_that_cannot_be_used_are_told_before_anything_is_made(folder):
    (folder / "pit" / "001_mask.png").unlink()
    [sentence] = settings_of(folder).warnings(["a pit"], date(2026, 11, 29))
    assert sentence.startswith("editor.defects: left out: pit/001.png has no mask")


def test_a_picture_that_changed_since_the_plan_is_named(folder):
    settings = settings_of(folder)
    request = request_of(settings)
    (folder / str(request.ask["source"])).write_bytes(encode_png(surface(9)))
    with pytest.raises(EditError, match=r"pit/00\d.png in .* has changed since it was looked at"):
        load_editor("transplant", settings).edit(request, PHOTO, None)


def test_an_edit_is_the_same_on_another_day(folder):
    settings = settings_of(folder)
    first, again = (settings.make().edit(request_of(settings), PHOTO, None) for _ in range(2))
    assert first.picture == again.picture
    np.testing.assert_array_equal(first.truth, again.truth)


def test_without_words_it_can_be_asked_all_the_same(folder):
    assert not settings_of(folder).needs_prompt


def test_the_settings_with_their_folder_resolved_look_into_that_one(folder):
    settings = settings_of("nowhere")
    with pytest.raises(SourceError):
        _ = settings.sources
    assert settings.with_paths(lambda _: str(folder)).sources.found
