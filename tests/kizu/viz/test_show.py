"""Figures, one below the other."""

import pytest
from PIL import Image

from kizu import show


class Figure:
    def __init__(self, size, colour):
        self.size, self.colour = size, colour

    def figure(self):
        return Image.new("RGB", self.size, self.colour)


def test_figures_stand_one_below_the_other():
    shown = show(Figure((30, 10), "red"), Figure((20, 12), "blue"))
    assert shown.size == (30, 30)
    assert shown.getpixel((29, 9)) == (255, 0, 0)
    assert shown.getpixel((0, 29)) == (0, 0, 255)


def test_nothing_to_show_is_a_sentence():
    with pytest.raises(ValueError, match="there is nothing to show; give samples"):
        show()
