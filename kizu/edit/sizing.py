"""Chooses among the sizes a model accepts the one whose picture costs least."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kizu.imaging.geometry import FixedSizes, SizeRule

Size = tuple[int, int]
"""(width, height) in pixels."""

Edges = NDArray[np.int64]

SIZING_VERSION: Final = "1"
"""Changes when the same crop comes to be sent in another size; then edits are bought anew."""

LEAST_FILLED: Final = 0.6
"""Share of the picture that the crop must fill. A model spreads what it looks at over the whole
picture, so padding is paid for in detail; 2/3 is a square in a picture of 3:2, the pair for which
list prices show that the longer picture is cheaper."""

_REMEMBERED: Final = 4096  # crops; photos of one size and region share theirs


@dataclass(frozen=True)
class CheapestSizes:
    """The cheapest accepted size that holds a crop without scaling it down further than needed.

    Attributes:
        rule: The sizes the model accepts.
        cost: What a picture of a size costs, in any unit.
    """

    rule: SizeRule
    cost: Callable[[Size], float]

    def best_size(self, width: int, height: int) -> Size:
        """Return the cheapest size; of equal ones that with the fewest pixels.

        Args:
            width: Width of the crop in pixels.
            height: Its height.
        """
        return _cheapest(self, width, height)


@lru_cache(_REMEMBERED)
def _cheapest(sizes: CheapestSizes, width: int, height: int) -> Size:
    fitting = sizes.rule.best_size(width, height)
    scale = min(1.0, fitting[0] / width, fitting[1] / height)
    least = (int(width * scale), int(height * scale))
    across, down = _accepted(sizes.rule, least)
    grown = np.minimum(across / width, down / height)
    holds = (across >= least[0]) & (down >= least[1])
    holds &= grown**2 * width * height >= LEAST_FILLED * across * down
    holding = zip(across[holds].tolist(), down[holds].tolist(), strict=True)
    return min((fitting, *holding), key=lambda size: (sizes.cost(size), size[0] * size[1], size))


def _accepted(rule: SizeRule, least: Size) -> tuple[Edges, Edges]:
    """Return widths and heights of the accepted sizes, each (N,) int px.

    Of a rule that accepts any size those that are at least as large in both directions.
    """
    if isinstance(rule, FixedSizes):
        listed = np.array(rule.sizes)
        return listed[:, 0], listed[:, 1]
    step, longest = rule.multiple_px, rule.max_edge_px // rule.multiple_px
    across, down = np.meshgrid(
        *(step * np.arange(max(-(-edge // step), 1), longest + 1) for edge in least)
    )
    long, short = np.maximum(across, down), np.minimum(across, down)
    accepted = (rule.min_pixels <= long * short) & (long * short <= rule.max_pixels)
    accepted &= long <= rule.max_aspect * short
    return across[accepted], down[accepted]
