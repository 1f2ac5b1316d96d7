from importlib import import_module

import pytest

from kizu.export import FORMATS, ExportError, export_dataset


@pytest.mark.parametrize("name", FORMATS)
def test_every_row_names_a_module_that_exports(name):
    assert callable(import_module(f"kizu.export.{name}").export)


@pytest.mark.parametrize("name", FORMATS)
def test_only_normal_and_accepted_images_are_exported_unless_more_is_asked_for(
    name, dataset, tmp_path
):
    assert export_dataset(dataset, name, tmp_path / "accepted") == 4
    assert export_dataset(dataset, name, tmp_path / "all", also=["review"]) == 5


def test_an_unknown_format_lists_those_there_are(dataset, tmp_path):
    with pytest.raises(ExportError, match=r"no export format 'kml'; choose one of coco"):
        export_dataset(dataset, "kml", tmp_path / "out")


def test_nothing_is_written_over_what_is_there(dataset, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    for place in (folder, folder / "notes.txt"):
        with pytest.raises(ExportError, match="is not an empty folder"):
            export_dataset(dataset, "coco", place)
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]
