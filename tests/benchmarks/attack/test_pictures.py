"""A few of the damaged pictures of ``benchmarks.attack.pictures``."""

import pytest

from benchmarks.attack.pictures import mutations, png_bomb, seeds, take_one_in

pytestmark = pytest.mark.filterwarnings("ignore")  # of Pillow where it writes odd modes


def test_intact_pictures_of_the_formats_that_are_read_are_taken_in():
    told = {name: take_one_in(data) for name, data in seeds().items() if "-RGB-" in name}
    read = {name.split("-")[0] for name, sentence in told.items() if not sentence}
    assert read >= {"PNG", "JPEG", "TIFF", "BMP", "WEBP"}


def test_a_damaged_picture_is_taken_in_or_named_in_a_sentence():
    told = [take_one_in(data) for _, data in mutations(30)]
    assert "" in told
    assert any("damaged" in sentence for sentence in told)


def test_a_bomb_is_named():
    assert "megapixels" in take_one_in(png_bomb(14_000, 14_000, 8, 2))
