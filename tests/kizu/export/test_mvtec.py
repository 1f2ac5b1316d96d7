from pathlib import PurePosixPath

import pytest

from kizu.export import export_dataset
from kizu.imaging.codecs import decode_mask


@pytest.fixture
def folder(dataset, tmp_path):
    export_dataset(dataset, "mvtec", tmp_path / "mvtec", also=["review"])
    return tmp_path / "mvtec"


def files_of(folder):
    return {PurePosixPath(file.relative_to(folder)).as_posix() for file in folder.glob("**/*.png")}


def test_what_readers_train_and_test_on_is_normal_images_and_defects_of_the_test_split(folder):
    assert files_of(folder / "plate") == {
        "train/good/normal.png",
        "test/hole/parts.png",
        "test/crack/line.png",
        "ground_truth/hole/parts_mask.png",
        "ground_truth/crack/line_mask.png",
    }


def test_defects_of_training_photos_and_what_was_asked_for_besides_lie_apart(folder):
    assert files_of(folder / "other_splits") == {
        "train_defects/images/hole/ring.png",
        "train_defects/masks/hole/ring_mask.png",
        "review/images/crack/doubtful.png",
        "review/masks/crack/doubtful_mask.png",
    }


def test_images_and_masks_are_the_published_ones(folder, dataset, masks):
    for name, kind in (("parts", "hole"), ("line", "crack")):
        image = folder / "plate" / "test" / kind / f"{name}.png"
        mask = folder / "plate" / "ground_truth" / kind / f"{name}_mask.png"
        assert image.read_bytes() == dataset[name].read("image")
        assert (decode_mask(mask.read_bytes()) == masks[name]).all()


def test_all_paths_are_of_letters_that_every_tool_reads_and_none_is_another_ones(
    odd_dataset, tmp_path
):
    export_dataset(odd_dataset, "mvtec", tmp_path / "odd")
    paths = files_of(tmp_path / "odd")
    assert all(path.isascii() and " " not in path for path in paths)
    assert len({path.casefold() for path in paths}) == len(odd_dataset) + 8
    assert max(len(part) for path in paths for part in path.split("/")) < 140
