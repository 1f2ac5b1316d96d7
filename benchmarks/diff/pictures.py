"""Draws the steps of the comparison for the documentation.

python benchmarks/diff/pictures.py docs/images/diff/steps.png
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from pairs import load_scene

from kizu.arrays import FloatMap, RgbImage
from kizu.diff import composite, diff_mask
from kizu.diff.filters import magnitude, to_lab
from kizu.diff.registration import register, warp_normal
from kizu.diff.tone import correct_tone
from kizu.edit.painter import DefectKind, DriftProfile, imitate_drift, paint

_TILE_PX = 300
_SEED = 4


def main(target: Path) -> None:
    """Write one contact sheet."""
    normal = load_scene("coffee", 768)
    painting = paint(normal, DefectKind.STAIN, _SEED, area_fraction=(0.01, 0.02))
    edited = imitate_drift(painting, DriftProfile.GPT_IMAGE_2, _SEED).image
    registration = register(normal, edited)
    warped = warp_normal(normal, registration)
    tone = correct_tone(warped, edited, registration.valid)
    result = diff_mask(normal, edited)
    as_it_came = magnitude(to_lab(edited) - to_lab(normal))
    left = magnitude(to_lab(edited) - tone.predicted)
    outlined = edited.copy()
    outlines, _ = cv2.findContours(
        result.mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    cv2.drawContours(outlined, outlines, -1, (255, 0, 255), 4)
    tiles = {
        "normal": normal,
        "edited": edited,
        "difference as it came": _heat(as_it_came, 30),
        "registered, toned": _heat(left, 30),
        "anomaly map": _heat(result.anomaly_map, 3 * result.threshold),
        "mask": outlined,
        "composite": composite(normal, edited, result).image,
        "composite - normal": _heat(
            magnitude(to_lab(composite(normal, edited, result).image) - to_lab(normal)), 30
        ),
    }
    drawn = [_tile(name, image) for name, image in tiles.items()]
    sheet = np.vstack([np.hstack(drawn[:4]), np.hstack(drawn[4:])])
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])


def _heat(values: FloatMap, top: float) -> RgbImage:
    levels = np.clip(values / top * 255, 0, 255).astype(np.uint8)
    coloured = cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS)
    return np.asarray(cv2.cvtColor(coloured, cv2.COLOR_BGR2RGB), np.uint8)


def _tile(name: str, image: RgbImage) -> RgbImage:
    tile = cv2.resize(image, (_TILE_PX, _TILE_PX), interpolation=cv2.INTER_AREA)
    cv2.rectangle(tile, (0, 0), (_TILE_PX, 20), (0, 0, 0), -1)
    cv2.putText(
        tile, name, (6, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA
    )
    return np.asarray(tile, np.uint8)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
