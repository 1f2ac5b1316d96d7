"""Draws the pictures of one card: small, and telling even where the defect is a hair."""

import io
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.boxes import clip_boxes
from kizu.imaging.crops import MaskCrop, connected_regions, crop_of
from kizu.report.card import Card, CardPictures, CardWords, FoundWords, Panel
from kizu.report.evidence import evidence_of
from kizu.viz import overlays

Window: TypeAlias = NDArray[np.float32]
"""(4,) float32 xyxy in pixels."""

CELL_SIDE_PX: Final = 256
"""Longer side of a film's cells: they are shown at half of it, or whole on fine screens."""

CARD_BYTES: Final = 60_000
"""What a film may weigh; quality gives way first."""

_ENCODINGS: Final = ((82, 1.0), (64, 1.0), (44, 1.0), (44, 0.75), (36, 0.5))
"""(WebP quality, scale) to try in turn until the pictures are light enough."""

_WEBP_EFFORT: Final = 2
_MIN_WINDOW_PX: Final = 64
_WINDOW_MARGIN: Final = 1.7
_WORTH_ENLARGING: Final = 0.62
_THIN_FILL: Final = 0.3
_PIECE_FRACTION: Final = 0.2
_MAX_ASPECT: Final = 1.6
_FREE: Final = 136  # grey, which is neither bright on a dark page nor dark on a bright one


def draw_card(card: Card) -> CardPictures:
    """Draw a sample's pictures.

    Args:
        card: The sample.

    Returns:
        Its words, its evidence, and its film: the whole image in cells of at most 256 px, below it
        the surroundings of the change enlarged; at most 60 kB.

    Example:
        >>> grey = np.full((40, 60, 3), 128, np.uint8)
        >>> card = Card("a", "dent", "a dent", "reject", "unchanged", "Equal.", {}, grey, grey)
        >>> words = draw_card(card).words
        >>> words.panels, words.is_enlarged
        (('normal', 'edited', 'outlined'), False)
    """
    card = _with_visible_boxes(card)
    cell, window = _cell(card.edited.shape), _window(card)
    whole = _panels(card, _size_within(card.edited.shape, max(cell)), overlays.BOLD_PEN)
    rows = [whole]
    if window is not None:
        scale = whole["outlined"].shape[1] / card.edited.shape[1]
        whole["outlined"] = overlays.corner_marks(whole["outlined"], window * scale)
        rows.append(_close_up(card, window))
    cells = [[_in_cell(picture, cell) for picture in row.values()] for row in rows]
    film = np.concatenate([np.concatenate(row, axis=1) for row in cells])
    words = _words(card, tuple(whole), is_enlarged=window is not None)
    return CardPictures(words, _encode_within(film, CARD_BYTES), evidence_of(card))


def panels_of(pictures: CardPictures) -> list[dict[Panel, RgbImage]]:
    """Return the cells of a film, of the whole image and, of an enlarged one, of what is close."""
    film = np.asarray(Image.open(io.BytesIO(pictures.film)).convert("RGB"), np.uint8)
    names = pictures.words.panels
    height = film.shape[0] // (1 + pictures.words.is_enlarged)
    width = film.shape[1] // len(names)
    return [
        {
            name: film[top : top + height, at * width : (at + 1) * width]
            for at, name in enumerate(names)
        }
        for top in range(0, height * (1 + pictures.words.is_enlarged), height)
    ]


def _with_visible_boxes(card: Card) -> Card:
    """Keep boxes that run along the image's edge far enough inside to be seen."""
    height, width = card.edited.shape[:2]
    margin_px = overlays.BOLD_PEN.line_px * max(height, width) / CELL_SIDE_PX
    clipped = (
        replace(each, boxes=clip_boxes(each.boxes, (height, width), margin_px))
        for each in card.found
    )
    return replace(card, found=tuple(clipped))


def _words(card: Card, panels: tuple[Panel, ...], *, is_enlarged: bool) -> CardWords:
    return CardWords(
        sample_id=card.sample_id,
        defect_type=card.defect_type,
        prompt=card.prompt,
        verdict=card.verdict,
        reason=card.reason,
        explanation=card.explanation,
        metrics=dict(card.metrics),
        found=tuple(
            FoundWords(
                each.annotator,
                tuple(dict.fromkeys(each.labels)),
                tuple(dict.fromkeys(each.phrases)),
                dict(each.metrics),
            )
            for each in card.found
        ),
        photo=card.photo,
        width_px=card.edited.shape[1],
        height_px=card.edited.shape[0],
        panels=panels,
        is_enlarged=is_enlarged,
    )


def _cell(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return (width, height) px of a cell: shaped like the image, but for very long ones."""
    aspect = float(np.clip(shape[1] / shape[0], 1 / _MAX_ASPECT, _MAX_ASPECT))
    side = min(CELL_SIDE_PX, max(shape[:2]))
    return (
        max(round(side * min(aspect, 1.0)), 1),
        max(round(side / max(aspect, 1.0)), 1),
    )


def _in_cell(picture: RgbImage, cell: tuple[int, int]) -> RgbImage:
    """Scale a picture into a cell; what it leaves free is grey."""
    width, height = cell
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
    fitted = picture if picture.shape[1::-1] == size else overlays.fit_image(picture, *size)
    filled = np.full((height, width, 3), _FREE, np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    filled[top : top + size[1], left : left + size[0]] = fitted
    return filled


def _panels(card: Card, size: tuple[int, int], pen: overlays.Pen) -> dict[Panel, RgbImage]:
    """Draw the views of a card at (width, height) px: four, but for the normal image or the map."""
    views: dict[Panel, RgbImage] = {}
    if card.normal is not None:
        views["normal"] = overlays.fit_image(card.normal, *size)
    edited = overlays.fit_image(card.edited, *size)
    views |= {"edited": edited, "outlined": _outlined(card, edited, pen)}
    if card.anomaly_map is not None:
        views["heat"] = overlays.heat_picture(edited, overlays.fit_map(card.anomaly_map, *size))
    return views


def _outlined(card: Card, edited: RgbImage, pen: overlays.Pen) -> RgbImage:
    height, width = edited.shape[:2]
    scales = width / card.edited.shape[1], height / card.edited.shape[0]
    picture = edited
    coloured = list(zip(card.found, overlays.GROUNDED_COLOURS, strict=False))
    for found, colour in coloured:
        boxes = overlays.fit_boxes(found.boxes, *scales)
        picture = overlays.outline_boxes(picture, boxes, colour, pen)
    several = len(card.found) > 1
    masks = [
        (found.mask, colour, overlays.outside_of(pen, number + several))
        for number, (found, colour) in enumerate(coloured)
    ]
    outlined = [*reversed(masks), (card.mask, overlays.CHANGED_COLOUR, pen)]
    if several:  # once more without halos, which lie on the lines around them
        outlined += [(mask, colour, replace(own, halo_px=-1.0)) for mask, colour, own in outlined]
    for mask, colour, own in outlined:
        if mask is not None:
            fitted = overlays.fit_mask(mask, width, height)
            picture = overlays.outline_mask(picture, fitted, colour, own)
    return picture


def _close_up(card: Card, window: Window) -> dict[Panel, RgbImage]:
    x1, y1, x2, y2 = (int(edge) for edge in window)
    part = np.s_[y1:y2, x1:x2]
    found = (
        replace(
            each,
            boxes=overlays.shift_boxes(each.boxes, -x1, -y1),
            mask=None if each.mask is None else each.mask[part],
        )
        for each in card.found
    )
    cut = replace(
        card,
        normal=None if card.normal is None else card.normal[part],
        edited=card.edited[part],
        anomaly_map=None if card.anomaly_map is None else card.anomaly_map[part],
        mask=None if card.mask is None else card.mask[part],
        found=tuple(found),
    )
    side = max(_cell(card.edited.shape))
    return _panels(cut, _size_within((y2 - y1, x2 - x1), side, enlarge=True), overlays.FINE_PEN)


def _window(card: Card) -> Window | None:
    """Return the surroundings of the change, or None if they are most of the image."""
    for region in _regions(card):
        window = _around(region, card.edited.shape)
        share = (window[2:] - window[:2]) / (card.edited.shape[1], card.edited.shape[0])
        if share.min() <= _WORTH_ENLARGING:
            return window
    return None


def _regions(card: Card) -> list[Window]:
    """List regions worth a close look: the whole change, its largest part, a piece of that."""
    for mask in (card.mask, *(found.mask for found in card.found)):
        if mask is not None and mask.any():
            return _regions_of(mask)
    return [found.boxes[0] for found in card.found if len(found.boxes)][:1]


def _regions_of(mask: Mask) -> list[Window]:
    largest = max(connected_regions(mask), key=lambda region: region.area_px)
    found = [np.array(region.xyxy, np.float32) for region in (crop_of(mask), largest)]
    if largest.area_px <= _THIN_FILL * largest.inside.size:
        found.append(_piece(largest, min(mask.shape) * _PIECE_FRACTION))
    return found


def _piece(part: MaskCrop, side_px: float) -> Window:
    """Return a square piece of a long thin part, around its pixel nearest to its middle."""
    pixels = np.argwhere(part.inside)[:, ::-1] + (part.x0, part.y0)
    nearest = pixels[np.square(pixels - pixels.mean(axis=0)).sum(1).argmin()]
    return np.hstack([nearest - side_px / 2, nearest + side_px / 2]).astype(np.float32)


def _around(region: Window, shape: tuple[int, ...]) -> Window:
    """Return a window around a region, inside the image, shaped much like it."""
    limit = np.array([shape[1], shape[0]], np.float64)
    aspect = np.clip(limit[0] / limit[1], 1 / _MAX_ASPECT, _MAX_ASPECT)
    extent = np.maximum((region[2:] - region[:2]) * _WINDOW_MARGIN, _MIN_WINDOW_PX)
    height = max(extent[1], extent[0] / aspect)
    height *= min(1.0, *(limit / (height * aspect, height)))
    size = np.maximum(np.rint([height * aspect, height]), 1)
    start = np.rint((region[:2] + region[2:] - size) / 2)
    start = np.clip(start, 0, limit - size)
    return np.hstack([start, start + size]).astype(np.float32)


def _size_within(shape: tuple[int, ...], side_px: int, *, enlarge: bool = False) -> tuple[int, int]:
    scale = side_px / max(shape[0], shape[1])
    if not enlarge:
        scale = min(scale, 1.0)
    return max(round(shape[1] * scale), 1), max(round(shape[0] * scale), 1)


def _encode_within(picture: RgbImage, budget: int) -> bytes:
    data = b""
    for quality, scale in _ENCODINGS:
        data = encode_webp(picture, quality, scale)
        if len(data) <= budget:
            break
    return data


def encode_webp(picture: RgbImage, quality: int, scale: float = 1.0) -> bytes:
    """Return a (H, W, 3) picture as a WebP file, scaled; equal pictures give equal bytes."""
    size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
    target = io.BytesIO()
    image = Image.fromarray(overlays.fit_image(picture, *size))
    image.save(target, "WEBP", quality=quality, method=_WEBP_EFFORT)
    return target.getvalue()
