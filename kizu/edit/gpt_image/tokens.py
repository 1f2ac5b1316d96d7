"""How many tokens a picture has that comes back, by quality and size."""

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from kizu.edit.openai_images.deployment import Size


class Quality(StrEnum):
    """How much work the model puts into a picture; it decides most of the price."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


CountTokens = Callable[[Quality, Size], int | None]
"""Returns the tokens of a picture of a quality and a (width, height) px; None if not known."""

SQUARE, LANDSCAPE, PORTRAIT = (1024, 1024), (1536, 1024), (1024, 1536)

_LISTED: Final[Mapping[tuple[Quality, Size], int]] = {
    (Quality.LOW, SQUARE): 272,
    (Quality.LOW, PORTRAIT): 408,
    (Quality.LOW, LANDSCAPE): 400,
    (Quality.MEDIUM, SQUARE): 1056,
    (Quality.MEDIUM, PORTRAIT): 1584,
    (Quality.MEDIUM, LANDSCAPE): 1568,
    (Quality.HIGH, SQUARE): 4160,
    (Quality.HIGH, PORTRAIT): 6240,
    (Quality.HIGH, LANDSCAPE): 6208,
}
"""Tokens of the gpt-image-1 models, as OpenAI's image guide lists them."""

_LONG_EDGE_CELLS: Final[Mapping[Quality, int]] = {
    Quality.LOW: 16,
    Quality.MEDIUM: 48,
    Quality.HIGH: 96,
}
"""Cells along a picture's longer edge: the whole numbers that give the six prices OpenAI lists for
gpt-image-2 and the 196 tokens measured on both 2.5. Those of xhigh and max are not published."""

_CELL_OFFSET_PX, _CELL_SCALE_PX = 2_000_000, 4_000_000
"""A cell counts (offset + pixels) / scale tokens: fits the same seven figures."""


def listed_tokens(quality: Quality, size: Size) -> int | None:
    """Return the tokens of a gpt-image-1 model's picture.

    Example:
        >>> listed_tokens(Quality.HIGH, (1024, 1024))
        4160
    """
    return _LISTED.get((quality, size))


def listed_rank(quality: Quality, size: Size) -> float:
    """Return what sizes are compared by: the tokens; a size that is not listed is never chosen."""
    return _LISTED.get((quality, size), math.inf)


def grid_tokens(quality: Quality, size: Size) -> int | None:
    """Return the tokens of a picture by gpt-image-2 or 2.5; a long picture has fewer.

    Example:
        >>> grid_tokens(Quality.HIGH, (1024, 1024)), grid_tokens(Quality.HIGH, (1536, 1024))
        (7024, 5488)
    """
    cells = _LONG_EDGE_CELLS.get(quality)
    return None if cells is None else _on_grid(cells, size)


def grid_rank(quality: Quality, size: Size) -> int:
    """Return what sizes are compared by: the tokens, or where those are not known those of high."""
    return _on_grid(_LONG_EDGE_CELLS.get(quality, _LONG_EDGE_CELLS[Quality.HIGH]), size)


def _on_grid(cells: int, size: Size) -> int:
    long, short = max(size), min(size)
    area = cells * round(cells * short / long)
    return math.ceil(area * (_CELL_OFFSET_PX + long * short) / _CELL_SCALE_PX)
