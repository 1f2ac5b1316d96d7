from pathlib import Path

import pytest
from published import SHAPE, publish

from kizu.export import FORMATS, ExportError, export_dataset
from kizu.export.registry import format_module
from kizu.publish.dataset import DatasetError, open_dataset
from kizu.publish.layout import VersionFolder


@pytest.mark.parametrize("name", FORMATS)
def test_every_row_names_a_module_that_exports(name):
    module = format_module(name)
    assert callable(module.export)
    assert module.KEEPS
    compile(module.LOADS, name, "exec")


@pytest.mark.parametrize("name", FORMATS)
def test_only_normal_and_accepted_images_are_exported_unless_more_is_asked_for(
    name, dataset, tmp_path
):
    found = export_dataset(dataset, name, tmp_path / "accepted")
    assert found.count == 4
    assert found.left_out == ("1 wait for a person (--also review exports them too)",)
    more = export_dataset(dataset, name, tmp_path / "all", also=["review"])
    assert (more.count, more.left_out) == (5, ())


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_says_how_to_load_it_and_which_sample_each_name_is(name, dataset, tmp_path):
    folder = tmp_path / "out"
    export_dataset(dataset, name, folder)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert format_module(name).LOADS.strip() in readme
    assert "1 wait for a person" in readme
    assert "ring,ring,hole,train_defects,accept,False" in (folder / "samples.csv").read_text()


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_of_a_damaged_version_is_absent(name, dataset, store, tmp_path):
    store.remove(dataset.folder.path(dataset["line"].row["image_path"]))
    with pytest.raises(DatasetError, match="is missing from the version"):
        export_dataset(dataset, name, tmp_path / "out")
    assert [each.name for each in tmp_path.iterdir()] == ["store"]


@pytest.mark.parametrize("name", FORMATS)
def test_all_names_in_an_export_are_of_letters_that_every_tool_reads(name, odd_dataset, tmp_path):
    export_dataset(odd_dataset, name, tmp_path / "out")
    for file in (tmp_path / "out").glob("**/*"):
        assert file.name.isascii()
        assert " " not in file.name


@pytest.fixture
def reviewed(store, masks, make_photo):
    """Open a version of which some samples are certified, and some decided on by a person."""

    def made(certified, by_people):
        rows = [(name, "hole", "test", "accept", mask) for name, mask in masks.items()]
        images = [make_photo(number)[: SHAPE[0], : SHAPE[1]].copy() for number in range(3)]
        people = [
            {"sample_id": name, "normal_name": "a.png", "normal_sha256": "ab", "width": 9}
            | {"height": 9, "reviewed_by": "Aiko"}
            for name in by_people
        ]
        folder = VersionFolder("plates", "0124")
        publish(store, folder, rows, images, certified=certified, provenance=people)
        return open_dataset(store, "plates", "0124")

    return made


def test_where_a_certificate_stands_what_it_does_not_cover_is_left_out_and_told(reviewed, tmp_path):
    dataset = reviewed(["ring", "parts"], ["parts"])
    found = export_dataset(dataset, "coco", tmp_path / "certified")
    assert (found.count, found.by_certificate) == (2, True)
    [sentence] = found.left_out
    assert sentence.startswith("1 are accepted, and no certificate covers them (--uncertified")
    more = export_dataset(dataset, "coco", tmp_path / "all", uncertified=True)
    assert (more.count, more.left_out) == (3, ())


def test_a_rejected_edit_without_a_defect_is_no_normal_image(store, make_photo, tmp_path):
    rows = [
        ("normal", "good", "train", "accept", None),
        ("unchanged", "hole", "reject", "reject", None),
    ]
    images = [make_photo(number) for number in range(2)]
    publish(store, VersionFolder("plates", "0125"), rows, images)
    found = export_dataset(open_dataset(store, "plates", "0125"), "coco", tmp_path / "coco")
    assert found.count == 1
    assert found.left_out == ("1 are rejected (--also reject exports them too)",)


def test_single_decisions_of_people_leave_no_other_sample_out(reviewed, tmp_path):
    found = export_dataset(reviewed(["ring"], ["ring"]), "coco", tmp_path / "coco")
    assert (found.count, found.left_out, found.by_certificate) == (3, (), False)


def test_an_unknown_format_lists_those_there_are(dataset, tmp_path):
    with pytest.raises(ExportError, match=r"no export format 'kml'; choose one of .*coco"):
        export_dataset(dataset, "kml", tmp_path / "out")


def test_nothing_is_written_over_what_is_there(dataset, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    for place in (folder, folder / "notes.txt"):
        with pytest.raises(ExportError, match="is not an empty folder"):
            export_dataset(dataset, "coco", place)
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_filled_and_a_relative_one_is_taken(dataset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    export_dataset(dataset, "coco", Path("out"))
    assert Path("out/README.md").is_file()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "store"]


def test_a_place_that_cannot_be_written_is_one_sentence(dataset, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"out cannot be written \(.*\); choose another place"):
        export_dataset(dataset, "coco", tmp_path / "file" / "out")
