"""Draws what an annotator found over its photo: boxes, outlines, phrases and confidences."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Final, TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from kizu.grounding.detections import Detections
from kizu.imaging.arrays import RgbImage
from kizu.imaging.boxes import clip_boxes
from kizu.viz import overlays
from kizu.viz.fonts import label_font

Frame: TypeAlias = tuple[float, float, float, float]
"""xyxy in pixels of the picture."""

LONG_SIDE_PX: Final = (800, 1600)
"""Smaller photos are enlarged and larger ones shrunk, so that lines and words can be read."""

PHRASE_COLOURS: Final = (
    (255, 170, 50),
    (70, 225, 255),
    (240, 120, 220),
    (150, 235, 90),
    (255, 110, 90),
    (170, 160, 255),
)
_TEXT_PX: Final = 17
_PAD_PX: Final = 3
_STACK: Final = 4
"""How many labels may stand above each other at one box."""

_INK: Final = (24, 24, 24)


def draw_overlay(image: RgbImage, found: Detections) -> RgbImage:
    """Draw every region with its number, phrase and confidence, the surest on top.

    Args:
        image: (H, W, 3) photo.
        found: Regions in its pixels; numbered from 1 in their order.

    Returns:
        (H', W', 3) picture whose long side is between the bounds of `LONG_SIDE_PX`. Boxes are
        dashed, masks outlined, each phrase in its colour.

    >>> draw_overlay(np.zeros((40, 80, 3), np.uint8), Detections.empty()).shape
    (400, 800, 3)
    """
    long_side = max(image.shape[:2])
    scale = float(np.clip(long_side, *LONG_SIDE_PX)) / long_side
    width, height = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
    scales = (width / image.shape[1], height / image.shape[0])
    picture = overlays.fit_image(image, width, height)
    boxes = overlays.fit_boxes(found.xyxy, *scales)
    boxes = clip_boxes(boxes, (height, width), overlays.BOLD_PEN.line_px / 2)
    colours = _colours(found.phrase)
    for row in reversed(range(len(found))):
        colour = colours[row]
        picture = overlays.outline_boxes(picture, boxes[[row]], colour, overlays.FINE_PEN)
        if found.mask is not None:
            mask = overlays.fit_mask(found.mask[row], width, height)
            picture = overlays.outline_mask(picture, mask, colour, overlays.BOLD_PEN)
    texts = [
        f"{row + 1}  {phrase}  {confidence:.2f}"
        for row, (phrase, confidence) in enumerate(zip(found.phrase, found.confidence, strict=True))
    ]
    return _with_labels(picture, [tuple(box) for box in boxes.tolist()], texts, colours)


def _colours(phrases: Sequence[str]) -> list[overlays.Colour]:
    """Return each row's colour: one per phrase, in the order in which phrases first appear."""
    of_phrase = dict(zip(dict.fromkeys(phrases), cycle(PHRASE_COLOURS), strict=False))
    return [of_phrase[phrase] for phrase in phrases]


def _with_labels(
    picture: RgbImage,
    boxes: Sequence[Frame],
    texts: Sequence[str],
    colours: Sequence[overlays.Colour],
) -> RgbImage:
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    taken: list[Frame] = []
    for box, text, colour in zip(boxes, texts, colours, strict=True):
        font = label_font(text, _TEXT_PX)
        if font is None:  # no Japanese typeface here: the number stands for the phrase
            text = text.split()[0]  # noqa: PLW2901 - the label that can be drawn
            font = label_font(text, _TEXT_PX)
        size = (draw.textlength(text, font) + 2 * _PAD_PX, _TEXT_PX + 2 * _PAD_PX)
        frame = _free_place(box, size, canvas.size, taken)
        taken.append(frame)
        draw.rectangle(frame, fill=_INK)
        middle = (frame[1] + frame[3]) / 2
        draw.text((frame[0] + _PAD_PX, middle), text, fill=colour, font=font, anchor="lm")
    return np.array(canvas, dtype=np.uint8)


def _free_place(
    box: Frame, size: tuple[float, float], canvas: tuple[int, int], taken: Sequence[Frame]
) -> Frame:
    """Return where a label goes: beside its box if it can, and on no other label if it can."""
    places = list(_places(box, size, canvas))
    for obstacles in ([box, *taken], taken):
        for place in places:
            if not any(_meet(place, obstacle) for obstacle in obstacles):
                return place
    return places[0]


def _places(box: Frame, size: tuple[float, float], canvas: tuple[int, int]) -> Iterator[Frame]:
    """Yield places above, below and inside a box, moved into the picture, nearest first."""
    width, height = size
    gap = overlays.BOLD_PEN.line_px
    above, below = box[1] - height - gap, box[3] + gap
    rows = [y for step in range(_STACK) for y in (above - step * height, below + step * height)]
    for y in (*rows, box[1] + gap, box[3] - height - gap):
        for x in (box[0], box[2] - width):
            left = min(max(x, 0.0), max(canvas[0] - width, 0.0))
            top = min(max(y, 0.0), max(canvas[1] - height, 0.0))
            yield left, top, left + width, top + height


def _meet(one: Frame, other: Frame) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
