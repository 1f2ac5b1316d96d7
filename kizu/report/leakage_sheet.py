"""A picture of the nearest pairs of photographs across the splits of a version."""

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image

from kizu.imaging.arrays import RgbImage
from kizu.publish.leakage import NearPair, SplitPhoto
from kizu.viz.overlays import fit_image
from kizu.viz.side_by_side import side_by_side

SHOWN: Final = 12
"""Pairs on a sheet; a screen in height shows two to three of six rows."""

_COLUMNS: Final = 2
_SIDE_PX: Final = 288  # px of the long side of a photograph


def leakage_sheet(pairs: Sequence[NearPair]) -> bytes:
    """Draw the nearest pairs, the likest first, as a PNG file.

    Args:
        pairs: One at least.

    Raises:
        DatasetError: An image cannot be read.
    """
    cells = [_cell(pair) for pair in pairs[:SHOWN]]
    width, height = (max(cell.size[axis] for cell in cells) for axis in (0, 1))
    rows = -(-len(cells) // _COLUMNS)
    columns = min(_COLUMNS, len(cells))
    sheet = Image.new("RGB", (columns * width, rows * height), cells[0].getpixel((0, 0)))
    for number, cell in enumerate(cells):
        sheet.paste(cell, (number % _COLUMNS * width, number // _COLUMNS * height))
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


def _cell(pair: NearPair) -> Image.Image:
    views = [
        (where, _fitted(photo))
        for where, photo in zip(pair.across.split(" / "), (pair.first, pair.second), strict=True)
    ]
    told = f"likeness {pair.likeness:.2f}: {pair.verdict}"
    return side_by_side(views, [told, f"{pair.first.name} | {pair.second.name}"])


def _fitted(photo: SplitPhoto) -> RgbImage:
    image = photo.sample.image()
    scale = _SIDE_PX / max(image.shape[:2])
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    return fit_image(image, width, height)
