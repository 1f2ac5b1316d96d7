"""What mixing the free baseline in does to thin defects, by how training pixels are drawn.

    python benchmarks/prove/mixing.py --real FOLDER --group 'tile[0-9]+'

The painter paints on the folder's normals; the training sets are compared twice: with every picture
drawn alike, as kizu prove does, and with every pixel drawn alike, as a plain loss over pictures has
it, where a patch counts as much as many cracks: median areas are printed too.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from progress import bars

from kizu.edit.painter import DefectKind, paint
from kizu.imaging.arrays import Mask, RgbImage
from kizu.prove import feature_model
from kizu.prove.comparison import ProofSettings, compare
from kizu.prove.free_baseline import free_defect
from kizu.prove.pictures import Picture, reduced
from kizu.prove.proof import Proof
from kizu.prove.real_folder import open_real_folder
from kizu.prove.report import markdown
from kizu.prove.training_sets import TrainingSet

KINDS = (DefectKind.CRACK, DefectKind.HOLE, DefectKind.CHIP, DefectKind.STAIN)
SETS = (TrainingSet.FREE, TrainingSet.DATASET, TrainingSet.DATASET_FREE)


def painted(normal: Picture, kind: DefectKind) -> Picture:
    """Return a normal picture with a painted defect."""
    return Picture(f"{kind}/{normal.name}", kind, normal.group, partial(_paint, normal, kind))


def _paint(normal: Picture, kind: DefectKind) -> tuple[RgbImage, Mask]:
    found = paint(normal.read()[0], kind, seed=7)
    return found.image, found.truth


def draw_pixels_alike() -> None:
    """Let every pixel be drawn alike, and of all pixels."""

    def draw(drawing: feature_model.PixelDrawing) -> torch.Tensor:
        half = feature_model.BATCH // 2
        return (torch.rand(half, dtype=torch.float64) * len(drawing.pixels)).long()

    feature_model.PixelDrawing.draw = draw  # type: ignore[method-assign] # the ablation
    feature_model.MOST_POSITIVE = 10**6


def print_areas(normals: list[Picture], made: list[Picture]) -> None:
    """Print the median area of painted defects, and of the free baseline's, at half size."""
    small = [reduced(*each.read())[0] for each in normals]
    areas = {"free": [free_defect(small, i, np.random.default_rng(i))[1].sum() for i in range(200)]}
    for kind in KINDS:
        areas[kind] = [reduced(*each.read())[1].sum() for each in made if each.kind == kind]
    print(", ".join(f"{kind} {np.median(found):.0f} px" for kind, found in areas.items()))


def main() -> None:
    """Compare both ways."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--real", type=Path, required=True, help="the folder of real defects")
    parser.add_argument("--group", help="regular expression: the part in a picture's name")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    real = open_real_folder(options.real, options.group)
    normals = [each for each in real.pictures if each.is_normal]
    made = [painted(each, kind) for each in normals for kind in KINDS]
    print_areas(normals, made)
    settings = ProofSettings(seeds=options.seeds, sets=SETS)
    for name in ("every picture alike", "every pixel alike"):
        if name == "every pixel alike":
            draw_pixels_alike()
        with bars():
            found = compare(real.pictures, made, settings)
        print(markdown(Proof(name, "features", settings, found, 0.0, ())))


if __name__ == "__main__":
    main()
