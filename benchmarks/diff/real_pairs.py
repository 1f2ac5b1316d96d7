"""Judges pairs that an image model really made, and draws what was marked.

python benchmarks/diff/real_pairs.py FOLDER --overlays OVERLAYS

FOLDER holds one folder per pair with before.png and after.png and, if there is one,
unchanged_mask.png: white where nothing may have changed, in the frame of after.png. Truth masks of
that frame are read from benchmarks/diff/truth/NAME.png. Where the model was sent another aspect
ratio than it returned, crop and scale are undone as the pipeline does, and all is judged on the
photo's own grid.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from metrics import BOUNDARY_PX, intersection_over_union

from kizu.diff import DiffResult
from kizu.diff.window import Window, diff_window
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_image, decode_mask, encode_png
from kizu.imaging.geometry import FixedSizes, Geometry
from kizu.imaging.masks import boundary_f

TRUTH: Final = Path(__file__).parent / "truth"
_TRUTH_COLOUR: Final = (0, 200, 0)
_MASK_COLOUR: Final = (255, 0, 255)


@dataclass(frozen=True, eq=False)
class RealPair:
    """A photo and what a model made of it, both on the photo's grid.

    Attributes:
        name: The folder's name.
        normal: (H, W, 3) uint8.
        edited: The same shape.
        window: The part of the photo that the model saw.
        truth: (H, W) bool, drawn by hand; None where nobody has.
        unchanged: (H, W) bool, where nothing may have changed; None where nobody has said.
    """

    name: str
    normal: RgbImage
    edited: RgbImage
    window: Window
    truth: Mask | None
    unchanged: Mask | None


def load_pair(folder: Path) -> RealPair:
    """Read a pair, and undo what the model's size did to it."""
    photo, answer = (decode_image((folder / f"{n}.png").read_bytes()) for n in ("before", "after"))
    size, returned = photo.shape[1::-1], answer.shape[1::-1]
    geometry = Geometry.fit((size[0], size[1]), FixedSizes(((returned[0], returned[1]),)), "crop")
    truth, unchanged = (
        geometry.undo_mask(decode_mask(path.read_bytes())) if path.exists() else None
        for path in (TRUTH / f"{folder.name}.png", folder / "unchanged_mask.png")
    )
    edited = geometry.undo(answer, photo)
    return RealPair(folder.name, photo, edited, geometry.crop, truth, unchanged)


def load_pairs(folder: Path) -> Iterator[RealPair]:
    """Yield every pair of a folder, by name."""
    for before in sorted(folder.glob("*/before.png")):
        yield load_pair(before.parent)


def row(pair: RealPair, result: DiffResult, seconds: float) -> str:
    """Return one line of the table; a dash where there is nothing to compare with."""
    cells = ["-"] * 3
    if pair.truth is not None:
        cells[0] = f"{intersection_over_union(result.mask, pair.truth):.2f}"
        cells[1] = f"{boundary_f(result.mask, pair.truth, BOUNDARY_PX):.2f}"
    if pair.unchanged is not None:
        cells[2] = f"{100 * result.mask[pair.unchanged].mean():.2f} %"
    figures = [*cells, f"{result.match_rate:.2f}", f"{seconds:.2f}"]
    return f"| {pair.name} | {result.status.value} | " + " | ".join(figures) + " |"


def overlay(pair: RealPair, result: DiffResult) -> RgbImage:
    """Return the edited picture with the truth outlined in green and the mask in magenta."""
    drawn = pair.edited.copy()
    thick = max(round(max(drawn.shape[:2]) / 500), 1)
    for mask, colour in ((pair.truth, _TRUTH_COLOUR), (result.mask, _MASK_COLOUR)):
        if mask is not None:
            outlines, _ = cv2.findContours(
                mask.view(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
            )
            cv2.drawContours(drawn, outlines, -1, colour, thick)
    return drawn


def main() -> None:
    """Print the table and write the overlays."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--overlays", type=Path, help="folder for pictures of what was marked")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print("| pair | status | IoU | boundary | untouched but marked | match rate | seconds |")
    print("|---" * 7 + "|")
    for pair in load_pairs(options.folder):
        start = time.process_time()
        result = diff_window(pair.normal, pair.edited, pair.window)
        print(row(pair, result, time.process_time() - start), flush=True)
        if options.overlays:
            options.overlays.mkdir(parents=True, exist_ok=True)
            path = options.overlays / f"{pair.name}.png"
            path.write_bytes(encode_png(overlay(pair, result)))


if __name__ == "__main__":
    main()
