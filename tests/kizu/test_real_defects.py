import re

import numpy as np
import pytest
from real_defects import pit, surface, with_defect, write_defects

from kizu.imaging.codecs import encode_mask, encode_png
from kizu.real_defects import list_real_defects, name_in_class, read_real_picture
from kizu.source_files import SourceError
from kizu.sources import pixels_digest


def listed(folder):
    return list_real_defects(str(folder), "editor.defects")


def told(folder):
    return [why for _, why in listed(folder).unusable]


def test_each_picture_is_found_with_its_mask_and_read_again(tmp_path):
    write_defects(tmp_path, ["pit", "deep pit"])
    found = listed(tmp_path)
    assert [(each.name, each.defect_type) for each in found.found] == [
        ("deep pit/000.png", "deep pit"),
        ("deep pit/001.png", "deep pit"),
        ("pit/000.png", "pit"),
        ("pit/001.png", "pit"),
    ]
    picture, mask = read_real_picture(str(tmp_path), found.found[3])
    np.testing.assert_array_equal(mask, pit((42, 40)))
    np.testing.assert_array_equal(picture, with_defect(surface(1), mask))


@pytest.mark.parametrize("asked", ["Deep_Pit", "deep-pit", "deep pit"])
def test_a_class_is_found_however_its_name_is_written(tmp_path, asked):
    write_defects(tmp_path, ["deep pit"])
    assert len(listed(tmp_path).of(asked, "editor.defects")) == 2


def test_the_layout_of_mvtec_is_read_and_its_good_pictures_are_no_defects(tmp_path):
    for folder in ("train/good", "test/good", "test/pit", "ground_truth/pit"):
        (tmp_path / folder).mkdir(parents=True)
    for good in ("train/good/000.png", "test/good/000.png"):
        (tmp_path / good).write_bytes(encode_png(surface(3)))
    (tmp_path / "test/pit/000.png").write_bytes(encode_png(with_defect(surface(1), pit())))
    (tmp_path / "ground_truth/pit/000_mask.png").write_bytes(encode_mask(pit()))
    found = listed(tmp_path)
    assert [each.name for each in found.found] == ["test/pit/000.png"]
    assert (found.unusable, found.normals) == ((), ())
    np.testing.assert_array_equal(read_real_picture(str(tmp_path), found.found[0])[1], pit())


@pytest.mark.parametrize("places", [["train/good", "test/good"], ["test/good"], ["train/good"]])
def test_normal_pictures_are_listed_where_they_are_asked_for(tmp_path, places):
    for folder in ("test/pit", "ground_truth/pit", *places):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / "test/pit/000.png").write_bytes(encode_png(with_defect(surface(1), pit())))
    (tmp_path / "ground_truth/pit/000_mask.png").write_bytes(encode_mask(pit()))
    for place in places:
        (tmp_path / place / "000.png").write_bytes(encode_png(surface(3)))
    found = list_real_defects(str(tmp_path), "--real", with_normals=True)
    assert [each.name for each in found.normals] == [f"{place}/000.png" for place in places]
    assert [name_in_class(each, str(tmp_path)) for each in (*found.found, *found.normals)] == [
        "000.png"
    ] * (1 + len(places))
    for each in found.normals:
        picture, mask = read_real_picture(str(tmp_path), each)
        assert each.pixels_sha256 == pixels_digest(picture)
        assert not mask.any()


@pytest.mark.parametrize("name", ["good", "Normal"])
def test_normal_pictures_lie_beside_the_classes_and_are_none(tmp_path, name):
    write_defects(tmp_path)
    (tmp_path / name).mkdir()
    (tmp_path / name / "000.png").write_bytes(encode_png(surface(3)))
    assert listed(tmp_path).unusable == ()
    [normal] = list_real_defects(str(tmp_path), "--real", with_normals=True).normals
    assert normal.name == f"{name}/000.png"


def test_a_class_without_any_mask_is_named_once(tmp_path):
    write_defects(tmp_path, ["pit", "burr"], count=3)
    for mask in (tmp_path / "burr").glob("*_mask.png"):
        mask.unlink()
    assert told(tmp_path) == [
        "burr: none of its pictures has a mask; put NAME_mask.png beside each NAME.png"
    ]


def test_pictures_in_the_folder_itself_are_of_the_class_it_is_called(tmp_path):
    write_defects(tmp_path, ["pit"])
    [one, _] = listed(tmp_path / "pit").of("pit", "editor.defects")
    assert one.name == "000.png"


def test_a_picture_without_mask_is_named_and_the_others_are_used(tmp_path):
    write_defects(tmp_path)
    (tmp_path / "pit" / "001_mask.png").unlink()
    assert told(tmp_path) == ["pit/001.png has no mask; give it one, 001_mask.png"]
    assert len(listed(tmp_path).found) == 1


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (np.zeros((96, 96), bool), "is black all over; make it white on the defect"),
        (np.ones((96, 96), bool), "is white all over"),
        (np.ones((48, 96), bool), "has 96x48 pixels and pit/001.png 96x96; give the mask the size"),
    ],
)
def test_a_mask_that_says_nothing_is_named(tmp_path, mask, sentence):
    write_defects(tmp_path)
    (tmp_path / "pit" / "001_mask.png").write_bytes(encode_mask(mask))
    [why] = told(tmp_path)
    assert why.startswith("pit/001_mask.png")
    assert sentence in why


def test_a_file_that_is_no_picture_is_named(tmp_path):
    write_defects(tmp_path)
    (tmp_path / "pit" / "001.png").write_bytes(b"no picture")
    [why] = told(tmp_path)
    assert why.startswith("pit/001.png cannot be used: it is not an image")


def test_a_class_without_pictures_names_the_folder_and_what_there_is(tmp_path):
    write_defects(tmp_path, ["pit", "burr"])
    expected = f"editor.defects: {str(tmp_path)!r} holds burr, pit and no 'crack'; make a subfolder"
    with pytest.raises(SourceError, match=re.escape(expected)):
        listed(tmp_path).of("crack", "editor.defects")


def test_a_class_of_which_no_picture_can_be_used_says_why(tmp_path):
    write_defects(tmp_path, count=1)
    (tmp_path / "pit" / "000_mask.png").write_bytes(encode_mask(np.zeros((96, 96), bool)))
    with pytest.raises(SourceError, match=r"no picture of 'pit' can be used: pit/000_mask.png is"):
        listed(tmp_path).of("pit", "editor.defects")


def test_a_folder_without_any_mask_says_how_masks_are_called(tmp_path):
    (tmp_path / "a.png").write_bytes(encode_png(surface(1)))
    with pytest.raises(SourceError, match=r"no picture in .* has a mask; put NAME_mask.png beside"):
        listed(tmp_path)


def test_a_picture_that_changed_or_went_since_it_was_listed_is_named(tmp_path):
    write_defects(tmp_path)
    one, other = listed(tmp_path).found
    (tmp_path / one.name).write_bytes(encode_png(surface(5)))
    (tmp_path / other.mask_name).unlink()
    with pytest.raises(ValueError, match=r"pit/000.png in .* has changed since it was looked at"):
        read_real_picture(str(tmp_path), one)
    with pytest.raises(ValueError, match=r"pit/001_mask.png is no longer in .*; bring it back"):
        read_real_picture(str(tmp_path), other)
