import re

import cv2
import numpy as np
import pytest
from real_parts import pictures, with_line, with_spot, write_folder

from kizu.prove.real_folder import RealFolderError, open_real_folder
from kizu.source_files import SourceError
from kizu.sources import pixels_digest

DEFECTS = {"spot": with_spot, "line": with_line}


@pytest.fixture
def made():
    return pictures(DEFECTS, 3, each=2)


@pytest.mark.parametrize("mvtec", [False, True], ids=["masks beside", "MVTec AD"])
def test_pictures_and_masks_are_read_as_they_lie_there(tmp_path, made, mvtec):
    found = open_real_folder(write_folder(tmp_path / "real", made, mvtec=mvtec), "part[0-9]+")
    assert found.left_out == ()
    assert [each.name for each in found.pictures] == sorted(each.name for each in made)
    by_name = {each.name: each for each in made}
    for each in found.pictures:
        image, mask = each.read()
        np.testing.assert_array_equal(image, by_name[each.name].read()[0])
        np.testing.assert_array_equal(mask, by_name[each.name].read()[1])
        assert each.group == by_name[each.name].group


def test_without_an_expression_every_picture_is_a_part(tmp_path, made):
    found = open_real_folder(write_folder(tmp_path / "real", made))
    assert len({each.group for each in found.pictures}) == len(made)


def test_parts_are_known_by_their_pixels(tmp_path, made):
    found = open_real_folder(write_folder(tmp_path / "real", made), "part[0-9]+")
    assert found.parts.by_digest[pixels_digest(made[0].read()[0])] == made[0].group


def broken(file):
    file.write_bytes(file.read_bytes()[:40])


def emptied(file):
    file.write_bytes(cv2.imencode(".png", np.zeros((96, 96), np.uint8))[1].tobytes())


def halved(file):
    cv2.imwrite(str(file), cv2.imread(str(file))[:50])


@pytest.mark.parametrize(
    ("name", "damage", "told"),
    [
        ("spot/part001_0.png", broken, "damaged"),
        ("spot/part001_0_mask.png", broken, "damaged"),
        ("spot/part001_0_mask.png", emptied, "is black all over"),
        ("spot/part001_0_mask.png", halved, "give the mask the size"),
        ("spot/part001_0_mask.png", lambda file: file.unlink(), "has no mask"),
        ("normal/part001_0.png", broken, "damaged"),
    ],
)
def test_a_picture_that_cannot_be_used_costs_itself_alone(tmp_path, made, name, damage, told):
    folder = write_folder(tmp_path / "real", made)
    damage(folder / name)
    found = open_real_folder(folder, "part[0-9]+")
    assert len(found.pictures) == len(made) - 1
    (sentence,) = found.left_out
    assert told in sentence
    assert name in sentence or name.replace("_mask", "") in sentence


def test_a_name_that_the_expression_does_not_fit_is_left_out(tmp_path, made):
    folder = write_folder(tmp_path / "real", made)
    for ending in (".png", "_mask.png"):
        (folder / "spot" / f"part001_0{ending}").rename(folder / "spot" / f"other{ending}")
    found = open_real_folder(folder, "part[0-9]+")
    assert "--group" in found.left_out[0]


@pytest.mark.parametrize(
    ("kept", "group", "told"),
    [
        ([], None, "--real: no files in"),
        (["normal"], None, "--real: no picture in"),
        (["spot"], None, "no normal pictures"),
        (["spot", "normal"], "part(", "no regular expression"),
        (["spot", "normal"], "part", "same part"),
        (["spot", "normal"], "tile[0-9]+", "no picture of a defect"),
    ],
)
def test_a_folder_that_proves_nothing_is_refused_in_a_sentence(tmp_path, made, kept, group, told):
    folder = tmp_path / "real"
    folder.mkdir()
    of_kind = {"good": "normal"}
    write_folder(folder, [each for each in made if of_kind.get(each.kind, each.kind) in kept])
    with pytest.raises((RealFolderError, SourceError), match=re.escape(told)) as refused:
        open_real_folder(folder, group)
    assert "\n" not in str(refused.value)


def test_a_place_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"--real: .* does not exist; give a folder"):
        open_real_folder(tmp_path / "nowhere")
