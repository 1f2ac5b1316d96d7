"""What each step of the comparison is worth: the same pairs with one step taken out.

python benchmarks/diff/ablation.py

Every fourth scene by default, under the drifts that change every pixel.
"""

import argparse
from collections.abc import Mapping
from typing import Final
from unittest.mock import patch

import cv2
import numpy as np
import pandas as pd
from drifts import PRESERVING
from pairs import Pair, make_pairs
from run import KIZU, judge
from scenes import SCENES

from kizu.diff import comparison
from kizu.diff.align import account, colour_model, optical_flow, tone
from kizu.diff.evidence import scale_evidence
from kizu.diff.evidence.noise import CHI3_MEDIAN
from kizu.diff.evidence.scale_evidence import ScaleEvidence
from kizu.diff.filters import to_lab
from kizu.diff.segment import outline
from kizu.diff.segment.hysteresis import evidence_ratio_of
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

_JUDGED: Final = tuple(PRESERVING)[1:]
_COLUMNS: Final = ("iou", "aupro", "boundary", "recall", "alarm")


def _no_tone(warped: RgbImage, edited: RgbImage, valid: Mask) -> tone.Tone:
    del edited, valid
    return tone.untouched(to_lab(warped))


def _constant_noise(
    residual: FloatMap, activity: FloatMap, valid: Mask, *, mixed: bool = False
) -> FloatMap:
    del activity, mixed
    level = float(np.median(residual[valid])) / CHI3_MEDIAN + 0.03
    return np.full(residual.shape, level, np.float32)


def _largest_of_all_scales(scales: list[ScaleEvidence], seed_fraction: float = 1.0) -> Mask:
    return np.asarray(evidence_ratio_of(scales) > seed_fraction)


def _no_faint_pieces(certain: Mask, faint: Mask, evidence_ratio: FloatMap) -> Mask:
    del faint, evidence_ratio
    return certain


VARIANTS: Final[Mapping[str, tuple[object, str, object]]] = {
    "complete": (comparison, "compare", comparison.compare),
    "no fine registration": (optical_flow, "_SCHEDULE", ()),
    "no colour correction": (comparison, "correct_tone", _no_tone),
    "no falling light": (account, "LIGHTS", ()),
    "recoloured parts learned as tone": (account, "_RECOLOURED_DELTA_E", 1e9),
    "frame not judged": (comparison, "_BEYOND_PX", -7.0),
    "colours not balanced": (colour_model, "_CELLS_PER_COLOUR", 10**9),
    "one noise level for the picture": (scale_evidence, "noise_level", _constant_noise),
    "largest of all scales": (comparison, "decide", _largest_of_all_scales),
    "noise never learned anew": (comparison, "_LARGE_CHANGE_FRACTION", 1.0),
    "no faint pieces": (comparison, "with_faint_pieces", _no_faint_pieces),
    "no outlines": (comparison, "refine", lambda mask, *_: mask),
    "no soft layers": (outline, "layer_coverage", lambda *_: None),
    "rare colours trusted": (tone, "_RARE_UNCERTAINTY", 0.0),
}


def main() -> None:
    """Print one row per variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--side-px", type=int, default=640, help="long side of every picture")
    parser.add_argument("--every", type=int, default=4, help="take every n-th scene")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    made = make_pairs(options.seed, options.side_px, SCENES[:: options.every])
    pairs = [pair for pair in made if pair.drift in _JUDGED]
    print("| variant | " + " | ".join(_COLUMNS) + " |")
    print("|---" * (1 + len(_COLUMNS)) + "|")
    for name, (module, attribute, value) in VARIANTS.items():
        with patch.object(module, attribute, value):
            print(_row(name, pairs), flush=True)


def _row(name: str, pairs: list[Pair]) -> str:
    figures = pd.DataFrame([judge(KIZU, pair) for pair in pairs])[list(_COLUMNS)].mean()
    return f"| {name} | " + " | ".join(f"{figures[column]:.2f}" for column in _COLUMNS) + " |"


if __name__ == "__main__":
    main()
