"""Masks as defects draw them: spots, rings, holes and thin lines, anywhere and over the border."""

import cv2
import numpy as np
from hypothesis import strategies as st

_PLACES = st.tuples(st.integers(-4, 44), st.integers(-4, 44))
_STROKES = st.tuples(
    st.sampled_from(["spot", "ring", "hole", "line", "all"]), _PLACES, _PLACES, st.integers(0, 12)
)
shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))
"""(H, W) in pixels."""


def masks_of(shape):
    """(H, W) bool masks of a given shape."""
    return st.lists(_STROKES, max_size=6).map(lambda strokes: _drawn(shape, strokes))


masks = shapes.flatmap(masks_of)
stacks = shapes.flatmap(
    lambda shape: st.lists(masks_of(shape), max_size=4).map(
        lambda rows: np.array(rows, np.bool_).reshape(-1, *shape)
    )
)
"""(N, H, W) bool."""


def grid_of_rings(rows, columns, cell_px):
    """One ring in every square cell, none of which touch."""
    axis = np.arange(cell_px) - cell_px / 2
    distance = np.hypot(*np.meshgrid(axis, axis))
    cell = (distance > cell_px / 6) & (distance < cell_px / 3)
    return np.tile(cell, (rows, columns))


def _drawn(shape, strokes):
    mask = np.zeros(shape, np.uint8)
    for kind, start, end, radius in strokes:
        if kind == "spot":
            cv2.circle(mask, start, radius, 1, cv2.FILLED)
        elif kind == "ring":
            cv2.circle(mask, start, radius, 1)
        elif kind == "hole":
            cv2.circle(mask, start, radius, 0, cv2.FILLED)
        elif kind == "line":
            cv2.line(mask, start, end, 1)
        else:
            mask[:] = 1
    return mask.astype(np.bool_)
