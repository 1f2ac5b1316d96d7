import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kizu.cli.half_blocks import can_show_pictures, small_picture

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
sides = st.integers(1, 300)


def console(*, encoding="utf-8", **settings):
    return Console(file=io.TextIOWrapper(io.BytesIO(), encoding=encoding), **settings)


def colours_of(text):
    """(upper, lower) RGB of each letter; None where nothing is drawn."""
    return [
        (span.style.color.triplet, span.style.bgcolor and span.style.bgcolor.triplet)
        for span in text.spans
    ]


def test_a_letter_holds_two_pixels_one_above_the_other():
    text = small_picture(np.array([[RED, GREEN], [BLUE, RED], [GREEN, BLUE]], np.uint8), 3)
    assert text.plain == "▀▀\n▀▀"
    assert colours_of(text) == [(RED, BLUE), (GREEN, RED), (GREEN, None), (BLUE, None)]


@given(sides, sides, st.integers(1, 20))
def test_a_small_picture_keeps_its_aspect_within_its_columns(height, width, columns):
    lines = small_picture(np.zeros((height, width, 3), np.uint8), columns).plain.split("\n")
    scale = columns / max(height, width)
    assert {len(line) for line in lines} == {max(round(width * scale), 1)}
    assert len(lines) == -(-max(round(height * scale), 1) // 2)
    assert max(len(lines[0]), 2 * len(lines) - 1) <= columns


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"force_terminal": True, "color_system": "truecolor"}, True),
        ({"force_terminal": True, "color_system": "256"}, True),
        ({"force_terminal": True, "color_system": None}, False),
        ({"force_terminal": True, "color_system": "truecolor", "no_color": True}, False),
        ({"force_terminal": True, "color_system": "truecolor", "encoding": "ascii"}, False),
        ({}, False),
    ],
)
def test_pictures_are_shown_where_there_are_colours_and_half_blocks(settings, shown, monkeypatch):
    for variable in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    assert can_show_pictures(console(**settings)) is shown
