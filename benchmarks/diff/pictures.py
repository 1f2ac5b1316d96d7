"""Draws every step of the comparison of a real pair, for the documentation.

python benchmarks/diff/pictures.py PAIR docs/images/diff/steps.jpg --view 0 480 1024 800

PAIR is a folder as for real_pairs.py; the view is the part to draw: left, top, width, height.
"""

import argparse
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TypeAlias
from unittest.mock import patch

import cv2
import numpy as np
from real_pairs import RealPair, load_pair

from kizu.diff import DiffResult, comparison, composite, diff_mask
from kizu.diff.align.registration import Registration
from kizu.diff.filters import magnitude, to_lab
from kizu.diff.segment.hysteresis import GROW_FRACTION
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

Kept: TypeAlias = dict[str, Any]
"""What the steps returned, by their names; decisions keep the evidence they were given."""
View: TypeAlias = tuple[int, int, int, int]

_STEPS: Final = ("register", "correct_tone", "decide", "evidence_ratio_of")
_TILE_PX: Final = 290
_CAPTION_PX: Final = 22
_PER_ROW: Final = 5
_QUALITY: Final = 82
_VISIBLE_DELTA_E: Final = 30.0
_ARROWS: Final = 9
_LONGEST_ARROW: Final = 0.09  # of the view's width
_MASK_COLOUR: Final = (255, 0, 255)
_SEED_COLOUR: Final = (255, 60, 40)
_GROWTH_COLOUR: Final = (255, 190, 60)


def compared(normal: RgbImage, edited: RgbImage) -> tuple[DiffResult, Kept]:
    """Compare two pictures and keep what the steps gave."""
    kept: Kept = {}
    with ExitStack() as stack:
        for name in _STEPS:
            step = _keeping(name, getattr(comparison, name), kept)
            stack.enter_context(patch.object(comparison, name, step))
        return diff_mask(normal, edited), kept


def _keeping(name: str, step: Callable[..., Any], kept: Kept) -> Callable[..., Any]:
    def keep(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the step takes
        result = step(*arguments, **named)
        kept.setdefault(name, result)
        if name == "decide":
            kept.setdefault("scales", arguments[0])
        return result

    return keep


def tiles_of(normal: RgbImage, edited: RgbImage) -> Mapping[str, RgbImage]:
    """Return one picture per step, with its caption; all are (H, W, 3)."""
    result, kept = compared(normal, edited)
    scales = kept["scales"]
    arrows, magnified = _arrows(edited, kept["register"])
    predicted = kept["correct_tone"].predicted
    pasted = composite(normal, edited, result.mask, result)
    as_it_came = magnitude(to_lab(edited) - to_lab(normal))
    top = 2 * max(float(np.quantile(scales[0].noise, 0.98)), 0.1)
    tiles = {
        "normal": normal,
        "edited": edited,
        "difference as it came": _heat(as_it_came, _VISIBLE_DELTA_E),
        f"registration, arrows x {magnified}": arrows,
        "normal, registered and toned": _rgb(predicted),
        "difference left": _heat(magnitude(to_lab(edited) - predicted), _VISIBLE_DELTA_E),
        f"noise floor, 0 to {top:.1f} delta E": _heat(scales[0].noise, top),
    }
    for evidence in scales:
        tiles[f"evidence at {evidence.scale.reduction} px"] = _heat(
            evidence.z, 2 * evidence.threshold
        )
    return tiles | {
        "seeds and where they may grow": _seeds(edited, kept["evidence_ratio_of"]),
        "mask": _outlined(edited, result.mask),
        "composite": pasted.image,
        "composite - normal": _heat(
            magnitude(to_lab(pasted.image) - to_lab(normal)), _VISIBLE_DELTA_E
        ),
    }


def _arrows(edited: RgbImage, registration: Registration) -> tuple[RgbImage, int]:
    """Where the normal's content went and how much it is magnified; red has no counterpart."""
    drawn = _dimmed(edited)
    drawn[~registration.valid] = _SEED_COLOUR
    height, width = drawn.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    motion = np.stack([columns - registration.map_x, rows - registration.map_y], -1)
    usual = max(float(np.quantile(np.hypot(motion[..., 0], motion[..., 1]), 0.9)), 1e-3)
    scale = max(round(_LONGEST_ARROW * width / usual), 1)
    step = width // _ARROWS
    for y in range(step // 2, height, step):
        for x in range(step // 2, width, step):
            end = (x + round(scale * motion[y, x, 0]), y + round(scale * motion[y, x, 1]))
            cv2.arrowedLine(drawn, (x, y), end, (255, 255, 0), width // 200, tipLength=0.3)
    return drawn, scale


def _seeds(edited: RgbImage, evidence_ratio: FloatMap) -> RgbImage:
    drawn = _dimmed(edited)
    drawn[evidence_ratio > GROW_FRACTION] = _GROWTH_COLOUR
    drawn[evidence_ratio > 1] = _SEED_COLOUR
    return drawn


def _outlined(edited: RgbImage, mask: Mask) -> RgbImage:
    drawn = edited.copy()
    outlines, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, outlines, -1, _MASK_COLOUR, max(edited.shape[1] // 300, 1))
    return drawn


def _dimmed(image: RgbImage) -> RgbImage:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.repeat((grey * 0.5)[..., None], 3, axis=2).astype(np.uint8)


def _rgb(lab: FloatMap) -> RgbImage:
    rgb = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)
    return np.clip(np.rint(rgb * 255), 0, 255).astype(np.uint8)


def _heat(values: FloatMap, top: float) -> RgbImage:
    levels = np.clip(values / top * 255, 0, 255).astype(np.uint8)
    coloured = cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS)
    return np.asarray(cv2.cvtColor(coloured, cv2.COLOR_BGR2RGB), np.uint8)


def sheet(tiles: Mapping[str, RgbImage], shape: tuple[int, int], view: View) -> RgbImage:
    """Lay the views of all tiles out in rows, numbered; shape is the picture's height and width."""
    drawn = []
    for number, (caption, tile) in enumerate(tiles.items(), start=1):
        whole = cv2.resize(tile, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)
        left, top, width, height = view
        part = whole[top : top + height, left : left + width]
        size = (_TILE_PX, round(_TILE_PX * part.shape[0] / part.shape[1]))
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        bar = np.full((_CAPTION_PX, _TILE_PX, 3), 255, np.uint8)
        text = f"{number} {caption}"
        cv2.putText(bar, text, (2, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.42, 0, 1, cv2.LINE_AA)
        drawn.append(np.pad(np.vstack([bar, small]), ((0, 4), (2, 2), (0, 0)), constant_values=255))
    blank = np.full_like(drawn[0], 255)
    drawn += [blank] * (-len(drawn) % _PER_ROW)
    rows = [np.hstack(drawn[i : i + _PER_ROW]) for i in range(0, len(drawn), _PER_ROW)]
    return np.asarray(np.vstack(rows), np.uint8)


def _seen_part(pair: RealPair) -> tuple[RgbImage, RgbImage]:
    x, y, width, height = pair.window
    part = (slice(y, y + height), slice(x, x + width))
    return np.ascontiguousarray(pair.normal[part]), np.ascontiguousarray(pair.edited[part])


def main() -> None:
    """Write one sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pair", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--view", type=int, nargs=4)
    options = parser.parse_args()
    normal, edited = _seen_part(load_pair(options.pair))
    height, width = normal.shape[:2]
    view = tuple(options.view) if options.view else (0, 0, width, height)
    drawn = sheet(tiles_of(normal, edited), (height, width), view)
    options.target.parent.mkdir(parents=True, exist_ok=True)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    cv2.imwrite(str(options.target), cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), quality)


if __name__ == "__main__":
    main()
