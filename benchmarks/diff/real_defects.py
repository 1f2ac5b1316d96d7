"""Real defects, moved onto other real parts and redrawn: how many are found, how well outlined.

    python benchmarks/diff/real_defects.py --defects FOLDER
    python benchmarks/diff/real_defects.py --defects FOLDER --most 20 --drifts gpt-image-2

The folder holds normal/ and one folder per class, with NAME_mask.png beside every NAME, as
published sets of surface defects are. What every defect does to its own surface is laid on the
normal picture of another part by the transplanting editor, at native size; the painter's redraws
follow. What a name has before its first underscore says which pictures are of one part. Truths are
the set's own masks, coarse as people draw them, so an overlap of one is out of reach.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pandas as pd
from drifts import PRESERVING
from tqdm import tqdm

from kizu.diff import Status, diff_mask
from kizu.edit.painter import Painting
from kizu.edit.transplant.blending import transplant
from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import IMAGE_SUFFIXES, decode_image
from kizu.imaging.masks import mask_iou
from kizu.real_defects import RealPicture, list_real_defects, read_real_picture

_NORMAL: Final = "normal"
_VISIBLE_DELTA_E: Final = 4.0  # mean inside the mask, before the redraw; fainter ones nobody sees


@dataclass(frozen=True, eq=False)
class Moved:
    """A real defect on another part's picture, before any redraw."""

    defect_type: str
    normal: RgbImage
    painting: Painting


def part_of(name: str) -> str:
    """Return which part a picture is of.

    Example:
        >>> part_of("crack/tile014_exp4_num_10957.jpg")
        'tile014'
    """
    return Path(name).stem.split("_")[0]


def moved_defects(folder: Path, most: int, seed: int) -> Iterator[Moved]:
    """Yield defects of every class, evenly over its pictures, each on a drawn other part."""
    rng = np.random.default_rng(seed)
    normals = sorted(
        file for file in (folder / _NORMAL).iterdir() if file.suffix.lower() in IMAGE_SUFFIXES
    )
    found = list_real_defects(str(folder), "--defects").found
    for defect_type in sorted({each.defect_type for each in found}):
        of_type = [each for each in found if each.defect_type == defect_type]
        for defect in of_type[:: max(len(of_type) // most, 1)][:most]:
            others = [file for file in normals if part_of(file.name) != part_of(defect.name)]
            moved = _moved(folder, defect, others, rng)
            if moved is not None:
                yield moved


def _moved(
    folder: Path, defect: RealPicture, others: Sequence[Path], rng: np.random.Generator
) -> Moved | None:
    picture, mask = read_real_picture(str(folder), defect)
    normal = decode_image(others[int(rng.integers(len(others)))].read_bytes())
    painting = transplant(normal, picture, mask, int(rng.integers(2**31)))
    if painting is None or not painting.truth.any() or not _shows(normal, painting):
        return None
    return Moved(defect.defect_type, normal, painting)


def _shows(normal: RgbImage, painting: Painting) -> bool:
    before, after = (
        cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
        for image in (normal, painting.image)
    )
    delta_e = np.linalg.norm(after - before, axis=2)
    return float(delta_e[painting.truth].mean()) >= _VISIBLE_DELTA_E


def main() -> None:
    """Move, redraw, compare; print a row per drift and class."""
    options = _options()
    cv2.setNumThreads(1)
    rows = []
    for number, moved in enumerate(
        tqdm(list(moved_defects(options.defects, options.most, options.seed)))
    ):
        for drift in options.drifts:
            redrawn = PRESERVING[drift](moved.painting, options.seed + number)
            start = time.process_time()
            found = diff_mask(moved.normal, redrawn.image)
            pixels = redrawn.truth.size
            rows.append(
                {
                    "drift": drift,
                    "class": moved.defect_type,
                    "found": found.status is Status.CHANGED and bool(found.mask.any()),
                    "touched": bool((found.mask & redrawn.truth).any()),
                    "iou": mask_iou(found.mask, redrawn.truth),
                    "redrawn": found.status is Status.REDRAWN,
                    "seconds per 256 x 256": (time.process_time() - start) * 256**2 / pixels,
                }
            )
    table = pd.DataFrame(rows)
    if options.rows:
        table.to_csv(options.rows, index=False)
    _print(table, ["drift", "class"])
    _print(table, ["drift"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--defects", type=Path, required=True, help="a folder of real defects")
    parser.add_argument("--most", type=int, default=40, help="so many of each class")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--drifts", nargs="+", default=list(PRESERVING), choices=list(PRESERVING))
    parser.add_argument("--rows", type=Path, help="CSV file for every single figure")
    return parser.parse_args()


def _print(table: pd.DataFrame, by: list[str]) -> None:
    grouped = table.groupby(by, sort=False)
    means = grouped[["found", "touched", "iou", "redrawn", "seconds per 256 x 256"]].mean()
    means.insert(0, "pairs", grouped.size())
    print(f"\n| {', '.join(by)} | " + " | ".join(means.columns) + " |")
    print("|---" * (1 + len(means.columns)) + "|")
    for name, count, *values in means.itertuples():
        head = ", ".join(name) if isinstance(name, tuple) else str(name)
        print(f"| {head} | {count:.0f} | " + " | ".join(f"{value:.3f}" for value in values) + " |")


if __name__ == "__main__":
    main()
