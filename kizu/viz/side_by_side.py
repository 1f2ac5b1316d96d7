"""Sets the views of one thing side by side, named, with sentences below them."""

import textwrap
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw

from kizu.imaging.arrays import Mask, RgbImage
from kizu.viz import overlays
from kizu.viz.fonts import Font, label_font

VIEW_PX: Final = 360  # px of a view's longer side; four of them fill a notebook's width

_GAP_PX: Final = 12
_TEXT_PX: Final = 15
_LINE_PX: Final = 22
_MIN_WIDTH_PX: Final = 360  # room for sentences below a narrow view
_LETTER_PX: Final = 8  # px of a letter on average, to break lines by
_PAPER: Final = (250, 250, 248)
_INK: Final = (58, 58, 56)


def side_by_side(views: Sequence[tuple[str, RgbImage]], sentences: Sequence[str]) -> Image.Image:
    """Return one picture of several, each below its name; below all of them the sentences.

    Args:
        views: Name and (H, W, 3) uint8 picture of each, from left to right.
        sentences: Each begins a line of its own.
    """
    width = max(sum(view.shape[1] + _GAP_PX for _, view in views) + _GAP_PX, _MIN_WIDTH_PX)
    height = max(view.shape[0] for _, view in views)
    letters = (width - 2 * _GAP_PX) // _LETTER_PX
    lines = [line for sentence in sentences for line in textwrap.wrap(sentence, letters)]
    below = 2 * _GAP_PX + _LINE_PX + height
    sheet = Image.new("RGB", (width, below + len(lines) * _LINE_PX + _GAP_PX), _PAPER)
    draw = ImageDraw.Draw(sheet)
    left = _GAP_PX
    for name, view in views:
        draw.text((left, _GAP_PX), name, fill=_INK, font=_font(name))
        sheet.paste(Image.fromarray(view), (left, _GAP_PX + _LINE_PX))
        left += view.shape[1] + _GAP_PX
    for row, line in enumerate(lines):
        draw.text((_GAP_PX, below + row * _LINE_PX), line, fill=_INK, font=_font(line))
    return sheet


def fitted(image: RgbImage) -> RgbImage:
    """Return a picture as long as a view."""
    return overlays.fit_image(image, *overlays.fitted_size(image.shape, VIEW_PX))


def with_label(picture: RgbImage, mask: Mask) -> RgbImage:
    """Outline an (H, W) mask, of any size, in a fitted picture."""
    label = overlays.fit_mask(mask, picture.shape[1], picture.shape[0])
    return overlays.outline_mask(picture, label, overlays.CHANGED_COLOUR, overlays.BOLD_PEN)


def _font(text: str) -> Font | None:
    """Return the text's typeface; where this computer has none, Pillow's draws what it can."""
    return label_font(text, _TEXT_PX) or label_font("", _TEXT_PX)
