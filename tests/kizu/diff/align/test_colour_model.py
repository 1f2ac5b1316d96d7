import numpy as np

from kizu.diff.align.cells import Cells
from kizu.diff.align.colour_model import colour_offsets, rarity


def test_colour_offsets_never_absorb_a_large_change():
    rgb = np.full((200, 3), 0.5)
    offsets = colour_offsets(rgb, np.full((200, 3), 0.4), np.ones(200, bool))
    assert np.abs(offsets).max() == 0


def test_a_colour_of_few_cells_is_rare_and_one_of_many_is_not():
    image = np.full((288, 288, 3), 120, np.uint8)
    image[140:150, 140:150] = (200, 20, 20)
    cells = Cells.of(image, image, np.ones((288, 288), bool))
    rare = rarity(cells).reshape(cells.shape)
    assert rare[72, 72] > 0.5
    assert rare[10, 10] < 0.05
