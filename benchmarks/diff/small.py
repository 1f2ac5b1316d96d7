"""Defects painted onto small photographs without drift: how many are missed, how well found.

    python benchmarks/diff/small.py --photos FOLDER
    python benchmarks/diff/small.py --photos FOLDER --side 256 --most 20

Every photograph is cut to a square and reduced to the side, as tiles and cropped stations come; two
defects of each kind are painted onto it. A defect is missed if nothing is marked.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from kizu.diff import diff_mask
from kizu.edit.painter import DefectKind, paint
from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import IMAGE_SUFFIXES, decode_image
from kizu.imaging.masks import mask_iou

_PAINTINGS = 2  # per photograph and kind


def photos(folder: Path, most: int, side_px: int) -> Iterator[RgbImage]:
    """Yield squares of photographs, (side, side, 3) uint8, evenly over the folder's files."""
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
    for file in files[:: max(len(files) // most, 1)][:most]:
        photo = decode_image(file.read_bytes())
        short = min(photo.shape[:2])
        square = cv2.resize(photo[:short, :short], (side_px, side_px), interpolation=cv2.INTER_AREA)
        yield np.ascontiguousarray(square, np.uint8)


def main() -> None:
    """Paint, compare, print a row per kind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photographs")
    parser.add_argument("--side", type=int, default=128, help="side of the pictures in px")
    parser.add_argument("--most", type=int, default=50, help="so many photographs")
    options = parser.parse_args()
    found: dict[DefectKind, list[float]] = {kind: [] for kind in DefectKind}
    for number, photo in enumerate(tqdm(list(photos(options.photos, options.most, options.side)))):
        for kind in DefectKind:
            for seed in range(number * _PAINTINGS, (number + 1) * _PAINTINGS):
                painting = paint(photo, kind, seed)
                if painting.truth.any():
                    mask = diff_mask(photo, painting.image).mask
                    found[kind].append(mask_iou(mask, painting.truth) if mask.any() else -1.0)
    print("kind             defects  missed  mean IoU")
    for kind, overlaps in found.items():
        missed = sum(overlap < 0 for overlap in overlaps)
        mean = float(np.mean(np.maximum(overlaps, 0))) if overlaps else float("nan")
        print(f"{kind.value:16} {len(overlaps):7}  {missed:6}  {mean:8.3f}")


if __name__ == "__main__":
    main()
