"""Masks as the page sends and gets them: lengths of runs down the columns, background first.

That is COCO's uncompressed run-length encoding, of which plain JavaScript needs five lines.
"""

from collections.abc import Sequence

import numpy as np

from kizu.imaging.arrays import Mask


def run_lengths(mask: Mask) -> list[int]:
    """Return the runs of a (H, W) bool mask in pixels.

    Example:
        >>> run_lengths(np.array([[False, True], [False, True]]))
        [2, 2]
    """
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(np.diff(flat, prepend=False))
    runs: list[int] = np.diff(changes, prepend=0, append=flat.size).tolist()
    return runs


def mask_of_runs(runs: Sequence[int], shape: tuple[int, int]) -> Mask:
    """Return the (H, W) bool mask of runs.

    Raises:
        ValueError: They do not fill the image.

    Example:
        >>> mask_of_runs([2, 2], (2, 2)).tolist()
        [[False, True], [False, True]]
    """
    height, width = shape
    if any(run < 0 or run > height * width for run in runs) or sum(runs) != height * width:
        raise ValueError(
            f"the mask has runs of {sum(runs)} pixels in all, its image is {width}x{height}; "
            "send the whole mask"
        )
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, np.asarray(runs, dtype=np.int64))
    return flat.reshape((height, width), order="F")
