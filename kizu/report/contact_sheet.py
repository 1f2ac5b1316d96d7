"""Sets many samples on one picture, like slides on a light-table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from kizu.agree.verdict import Verdict
from kizu.imaging.arrays import RgbImage
from kizu.report.card import CardPictures, CardWords, Panel
from kizu.report.card_pictures import panels_of
from kizu.report.mixture import fair_mix
from kizu.report.translations import reason_label
from kizu.viz.fonts import label_font

MOST_CARDS: Final = 48
"""Samples on a sheet: one is looked at whole, on a page that may hold thousands."""

COLUMNS: Final = 3
"""Samples in a row."""

_CELL_PX: Final = 160
_GAP_PX: Final = 4
_GUTTER_PX: Final = 28
_LABEL_PX: Final = 30
_TEXT_PX: Final = 14
_MARK_PX: Final = 12
_SMOOTHING: Final = 4
_SLIDES: Final = 4
_CARD_WIDTH_PX: Final = _SLIDES * _CELL_PX + (_SLIDES - 1) * _GAP_PX
_CARD_HEIGHT_PX: Final = _CELL_PX + _LABEL_PX

_TABLE: Final = (250, 250, 248)
_WELL: Final = (233, 233, 230)
_INK: Final = (58, 58, 56)
_MARKS: Final = {"accept": (0, 128, 100), "review": (196, 128, 10), "reject": (196, 62, 40)}


def contact_sheet(
    pictures: Sequence[CardPictures], *, columns: int = COLUMNS, max_cards: int = MOST_CARDS
) -> RgbImage:
    """Set samples side by side: normal, outlined, then the change enlarged before and after.

    Where there is no normal image its place stays empty.

    Args:
        pictures: The samples; where nothing is enlarged, the edited image and its
            anomaly map stand instead.
        columns: Samples in a row.
        max_cards: Samples at most; of more, a fair mix is taken.

    Returns:
        (H, W, 3) picture; below each sample its verdict as a mark, its number and its defect.

    Raises:
        ValueError: Fewer than one column or card is asked for.
    """
    if columns < 1 or max_cards < 1:
        raise ValueError(f"columns={columns} and max_cards={max_cards} must both be 1 or more")
    chosen = fair_mix([each.words for each in pictures])[:max_cards]
    strips = [
        Strip(pictures[index].words, index + 1, draw_slides(pictures[index])) for index in chosen
    ]
    return lay_out(strips, columns)


@dataclass(frozen=True, eq=False)
class Strip:
    """One sample on a sheet.

    Attributes:
        words: What is said of it.
        number: Its number.
        slides: (h, w, 3) uint8, its pictures side by side as ``draw_slides`` makes them.
    """

    words: CardWords
    number: int
    slides: RgbImage


def lay_out(strips: Sequence[Strip], columns: int = COLUMNS) -> RgbImage:
    """Set strips on a sheet in their order; (H, W, 3) uint8."""
    columns = min(columns, max(len(strips), 1))
    sheet = _empty_sheet(len(strips), columns)
    for place, strip in enumerate(strips):
        left, top = _corner(place, columns)
        sheet.paste(Image.fromarray(strip.slides), (left, top))
        _write_label(sheet, strip, (left, top))
    return np.array(sheet, dtype=np.uint8)


def cut_slides(sheet: RgbImage, count: int, columns: int = COLUMNS) -> list[RgbImage]:
    """Return the slides of a sheet of so many samples in its order; ``lay_out`` set them.

    Raises:
        ValueError: The sheet has another size.
    """
    columns = min(columns, max(count, 1))
    width, height = _sheet_size(count, columns)
    if sheet.shape != (height, width, 3):
        raise ValueError(f"a sheet of {count} samples is no {sheet.shape}")
    corners = [_corner(place, columns) for place in range(count)]
    return [
        sheet[top : top + _CELL_PX, left : left + _CARD_WIDTH_PX].copy() for left, top in corners
    ]


def draw_slides(pictures: CardPictures) -> RgbImage:
    """Draw a sample's pictures side by side, (h, w, 3) uint8; see ``contact_sheet``."""
    strip = Image.new("RGB", (_CARD_WIDTH_PX, _CELL_PX), _TABLE)
    draw = ImageDraw.Draw(strip)
    for slot, picture in enumerate(_slides(pictures)):
        x = slot * (_CELL_PX + _GAP_PX)
        draw.rectangle((x, 0, x + _CELL_PX - 1, _CELL_PX - 1), fill=_WELL)
        if picture is None:
            continue
        slide = ImageOps.contain(picture, (_CELL_PX, _CELL_PX), Image.Resampling.LANCZOS)
        strip.paste(slide, (x + (_CELL_PX - slide.width) // 2, (_CELL_PX - slide.height) // 2))
    return np.array(strip, dtype=np.uint8)


def _corner(place: int, columns: int) -> tuple[int, int]:
    """Return left and top of a sample on a sheet."""
    return (
        _GUTTER_PX + place % columns * (_CARD_WIDTH_PX + _GUTTER_PX),
        _GUTTER_PX + place // columns * (_CARD_HEIGHT_PX + _GUTTER_PX),
    )


def _sheet_size(count: int, columns: int) -> tuple[int, int]:
    """Return width and height of a sheet."""
    rows = max(math.ceil(count / columns), 1)
    return (
        _GUTTER_PX + columns * (_CARD_WIDTH_PX + _GUTTER_PX),
        _GUTTER_PX + rows * (_CARD_HEIGHT_PX + _GUTTER_PX),
    )


def _empty_sheet(count: int, columns: int) -> Image.Image:
    return Image.new("RGB", _sheet_size(count, columns), _TABLE)


def _write_label(sheet: Image.Image, strip: Strip, corner: tuple[int, int]) -> None:
    left, top = corner
    middle = top + _CELL_PX + _LABEL_PX // 2 + 1
    sheet.paste(_mark(strip.words.verdict), (left, middle - _MARK_PX // 2))
    draw = ImageDraw.Draw(sheet)
    _draw_label(draw, strip.words, strip.number, (left + _MARK_PX + 8, middle))


def _slides(pictures: CardPictures) -> list[Image.Image | None]:
    whole, *close = panels_of(pictures)
    near = close[0] if close else whole
    rest: tuple[Panel, ...] = ("normal", "edited") if close else ("edited", "heat")
    found = [whole.get("normal"), whole["outlined"], *(near[name] for name in rest if name in near)]
    return [None if panel is None else Image.fromarray(panel) for panel in found]


def _mark(verdict: Verdict) -> Image.Image:
    """Draw a disc for accept, a diamond for review, a cross for reject: shape and colour."""
    end = _MARK_PX * _SMOOTHING
    half, pen, colour = end // 2, end // 4, _MARKS[verdict]
    mark = Image.new("RGB", (end, end), _TABLE)
    draw = ImageDraw.Draw(mark)
    if verdict == Verdict.ACCEPT:
        draw.ellipse((0, 0, end - 1, end - 1), fill=colour)
    elif verdict == Verdict.REVIEW:
        draw.polygon([(half, 0), (end, half), (half, end), (0, half)], fill=colour)
    else:
        draw.line((0, 0, end, end), fill=colour, width=pen)
        draw.line((0, end, end, 0), fill=colour, width=pen)
    return mark.resize((_MARK_PX, _MARK_PX), Image.Resampling.LANCZOS)


def _draw_label(
    draw: ImageDraw.ImageDraw, card: CardWords, number: int, left_middle: tuple[int, int]
) -> None:
    end = f"{card.verdict}: {reason_label(card.reason, 'en')}"
    text = f"{number}   {card.defect_type}   {end}"
    font = label_font(text, _TEXT_PX)
    if font is None:
        text = f"{number}   (name needs a Japanese font)   {end}"
        font = label_font("", _TEXT_PX)
    draw.text(left_middle, text, fill=_INK, font=font, anchor="lm")
