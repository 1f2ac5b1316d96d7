r"""Makes a folder of painted or transplanted defects, for ``benchmarks/prove/folders.py``.

    python benchmarks/painter/training_sets.py OUT --real FOLDER --group 'tile[0-9]+' \
        --make transplant --each 6

FOLDER is that of the real defects, with their normals. A defect is transplanted only between
pictures of one fold of the proof, so that no model meets in training what it is tested on: neither
the part that the defect is of nor the one that it was moved to. What is painted is labelled by the
comparison, as a dataset would be; what is transplanted bears the moved mask.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
from tqdm import tqdm

from kizu.diff.api import diff_mask
from kizu.edit.painter import DefectKind, paint
from kizu.edit.transplant.blending import transplant
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_mask, encode_png
from kizu.prove.comparison import ProofSettings
from kizu.prove.pictures import Picture
from kizu.prove.real_folder import open_real_folder
from kizu.prove.splits import folds_of
from kizu.store.keys import content_key

KINDS: Final = {
    "blowhole": DefectKind.HOLE,
    "break": DefectKind.CHIP,
    "crack": DefectKind.CRACK,
    "fray": DefectKind.STAIN,
    "uneven": DefectKind.DISCOLOURATION,
}
"""What a person who knows the classes of magnetic tiles by name would ask the painter for."""


def draw(*parts: str) -> int:
    """Return a seed that names alone decide."""
    return int(content_key("training set", parts=list(parts))[:15], 16)


def painted(
    normals: Sequence[Picture], kinds: Sequence[str]
) -> Iterator[tuple[str, str, RgbImage, Mask]]:
    """Yield class, name, picture and the comparison's mask, one per normal and class."""
    for normal in tqdm(normals, desc="photos"):
        photo, _ = normal.read()
        for kind in kinds:
            painting = paint(photo, KINDS[kind], draw(normal.name, kind))
            yield (
                kind,
                Path(normal.name).stem,
                painting.image,
                diff_mask(photo, painting.image).mask,
            )


def transplanted(
    normals: Sequence[Picture], defects: Sequence[Picture], each: int | None
) -> Iterator[tuple[str, str, RgbImage, Mask]]:
    """Yield class, name, picture and the moved mask, one per normal and class.

    Args:
        normals: Of one fold.
        defects: Of the same.
        each: How many pictures of each class are used, of as many parts as possible.
    """
    for kind in sorted({defect.kind for defect in defects}):
        sources = few([defect for defect in defects if defect.kind == kind], each)
        for normal in tqdm(normals, desc=kind):
            source = min(sources, key=lambda one: content_key("of", a=normal.name, b=one.name))
            photo, picture = normal.read()[0], source.read()
            moved = transplant(photo, *picture, draw(normal.name, source.name))
            name = f"{Path(source.name).stem}_onto_{Path(normal.name).stem}"
            if moved is not None:
                yield kind, name, moved.image, moved.truth


def few(pictures: Sequence[Picture], most: int | None) -> list[Picture]:
    """Return so many pictures, one of each part before a second one of any."""
    shuffled = sorted(pictures, key=lambda one: content_key("few", name=one.name))
    turn = {
        one.name: [each.group for each in shuffled[:i]].count(one.group)
        for i, one in enumerate(shuffled)
    }
    return sorted(shuffled, key=lambda one: turn[one.name])[:most]


def main() -> None:
    """Make the folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--group", help="regular expression: the part in a picture's name")
    parser.add_argument("--make", choices=("painter", "transplant"), required=True)
    parser.add_argument("--each", type=int, help="real pictures of each class; all if not given")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    real = open_real_folder(options.real, options.group).pictures
    settings = ProofSettings()
    fold_of = folds_of(real, settings.folds, settings.seed)
    kinds = sorted({each.kind for each in real if not each.is_normal} & set(KINDS))
    for fold in range(settings.folds):
        part = [each for each in real if fold_of[each.group] == fold]
        normals = [each for each in part if each.is_normal]
        defects = [each for each in part if not each.is_normal]
        made = (
            painted(normals, kinds)
            if options.make == "painter"
            else transplanted(normals, defects, options.each)
        )
        for kind, name, image, mask in made:
            if mask.any():
                folder = options.out / kind
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{name}.png").write_bytes(encode_png(image))
                (folder / f"{name}_mask.png").write_bytes(encode_mask(mask))


if __name__ == "__main__":
    main()
