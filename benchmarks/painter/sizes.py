"""How often the painted area lies in the asked range, and what severity changes.

    python benchmarks/painter/sizes.py

Photographs of scikit-image, all kinds; per range the share of paintings whose true area lies in it,
and per severity the median area and the median contrast of what changed.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from skimage import data
from tqdm import tqdm

from kizu.edit.painter import DefectKind, paint
from kizu.edit.painter.defects import TRAITS
from kizu.edit.painter.material import to_lab
from kizu.edit.request import Severity
from kizu.imaging.arrays import Mask, RgbImage

PHOTOS: Final = ("brick", "grass", "gravel", "coins", "coffee", "moon", "chelsea", "rocket")
RANGES: Final = ((0.0005, 0.001), (0.001, 0.003), (0.003, 0.01), (0.01, 0.03))
"""Least and most fraction of the photo that is asked for."""


def photo(name: str, long_side_px: int = 384) -> RgbImage:
    """Return a photograph, (H, W, 3) uint8."""
    image = np.asarray(getattr(data, name)())
    image = np.stack([image] * 3, -1) if image.ndim == 2 else image[..., :3]
    scale = long_side_px / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def contrast(before: RgbImage, after: RgbImage, truth: Mask) -> float:
    """Return the median Lab distance within a mask."""
    return float(np.median(np.linalg.norm(to_lab(after) - to_lab(before), axis=-1)[truth]))


def in_range(kind: DefectKind, photos: list[RgbImage]) -> Iterator[float]:
    """Yield, per range, the share of paintings within it."""
    for low, high in RANGES:
        hits = [
            low <= paint(image, kind, seed, area_fraction=(low, high)).truth.mean() <= high
            for seed, image in enumerate(photos)
        ]
        yield float(np.mean(hits))


def by_severity(kind: DefectKind, photos: list[RgbImage]) -> Iterator[tuple[float, float]]:
    """Yield, per severity, the median area as a fraction and the median contrast in Lab."""
    for severity in Severity:
        made = [(image, paint(image, kind, i, severity=severity)) for i, image in enumerate(photos)]
        areas = [painted.truth.mean() for _, painted in made]
        steps = [contrast(image, painted.image, painted.truth) for image, painted in made]
        yield float(np.median(areas)), float(np.median(steps))


def main() -> None:
    """Print both tables."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    ).parse_args()
    photos = [photo(name) for name in PHOTOS]
    lines = []
    shares = []
    for kind in tqdm(list(TRAITS), desc="kinds"):
        share = list(in_range(kind, photos))
        shares.append(share)
        looks = list(by_severity(kind, photos))
        cells = "  ".join(f"{area:.4f} {step:4.1f}" for area, step in looks)
        lines.append(f"{kind:16}" + " ".join(f"{each:6.2f}" for each in share) + "   " + cells)
    told = " ".join(f"{low:g}-{high:g}" for low, high in RANGES)
    print(f"share in range {told}; area and contrast: " + ", ".join(Severity))
    print("\n".join(lines))
    print("all ranges and kinds:", f"{np.mean(shares):.3f}")


if __name__ == "__main__":
    main()
