"""Small defects on drawn surfaces of any size: how many are found, and how often nothing is marked.

    python benchmarks/diff/surfaces.py
    python benchmarks/diff/surfaces.py --sides 128 1024 --surfaces weave mesh

Metal, parts on plain ground, a board, cloth, mesh and perforated sheet, each at several sizes, take
a spot, a line or a chip of a few pixels or nothing, and come back redrawn as models do, moved,
zoomed, turned, brighter, or in place. What lies beyond the border is drawn as well, so that what a
drift moves in belongs to the surface.
"""

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
import pandas as pd
from drifts import redrawn
from tqdm import tqdm

from kizu.diff import Status, diff_mask
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

Surface: TypeAlias = Callable[[int, np.random.Generator], FloatMap]
Defect: TypeAlias = Callable[[RgbImage], tuple[RgbImage, Mask]]
Drift: TypeAlias = Callable[[RgbImage, int], RgbImage]

_BEYOND_PX: Final = 32  # px of surface beyond each border; drifts move less in
_INNER: Final = np.s_[_BEYOND_PX:-_BEYOND_PX, _BEYOND_PX:-_BEYOND_PX]
_PERIODS_PX: Final = (4.5, 6.0, 8.0, 10.0, 13.0)
_NEAR_PX: Final = 3  # px from the truth that a mark may lie to have found it
_STRAY_PX: Final = 10  # px far from the truth that may be marked


class Motion(NamedTuple):
    """How a picture is taken again: moved, zoomed, turned, with another exposure and new noise."""

    shift_px: float = 0.0
    shift_fraction: float = 0.0
    zoom: float = 0.0
    turned_deg: float = 0.0
    gain: float = 1.02


def brushed(grey: float, side_px: int, rng: np.random.Generator) -> FloatMap:
    """Brushed metal of a mean grey."""
    noise = rng.normal(0, 60, (side_px, side_px)).astype(np.float32)
    lines = cv2.GaussianBlur(noise, (0, 0), sigmaX=12, sigmaY=0.7)
    return np.repeat(np.asarray(grey + 2 * lines)[..., None], 3, 2)


def ring(
    ground: float, colour: tuple[float, float, float], side_px: int, rng: np.random.Generator
) -> FloatMap:
    """A ring of a cast part on plain ground."""
    inside, centre = np.zeros((side_px, side_px), np.uint8), (side_px // 2, side_px // 2)
    radius_px = 0.36 * (side_px - 2 * _BEYOND_PX)
    cv2.circle(inside, centre, round(radius_px), 1, -1)
    cv2.circle(inside, centre, round(radius_px / 3), 0, -1)
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.8)[..., None]
    grain = rng.normal(0, 25, (side_px, side_px)).astype(np.float32)
    part = np.array(colour) + cv2.GaussianBlur(grain, (0, 0), 1.2)[..., None]
    plain = ground + rng.normal(0, 1.5, (side_px, side_px, 3))
    return np.asarray(plain * (1 - soft) + part * soft, np.float32)


def board(side_px: int, rng: np.random.Generator) -> FloatMap:
    """A circuit board with parts in rows, every tenth of the side."""
    image, pitch = np.full((side_px, side_px, 3), (20, 90, 50), np.float32), max(side_px // 10, 10)
    for y in range(pitch // 2, side_px - pitch, pitch):
        for x in range(pitch // 2, side_px - pitch, pitch):
            colour = (200, 180, 90) if (x // pitch + y // pitch) % 2 else (30, 30, 30)
            cv2.rectangle(image, (x, y), (x + pitch // 2, y + pitch // 3), colour, -1)
    soft = cv2.GaussianBlur(image, (0, 0), 0.7)
    return np.asarray(soft + rng.normal(0, 2.5, image.shape), np.float32)


def repeated(kind: str, period_px: float, side_px: int, rng: np.random.Generator) -> FloatMap:
    """Cloth, mesh or perforated sheet under light that varies slowly."""
    tilt = float(rng.uniform(-0.05, 0.05))
    y, x = np.mgrid[:side_px, :side_px].astype(np.float32)
    x, y = x * np.cos(tilt) + y * np.sin(tilt), y * np.cos(tilt) - x * np.sin(tilt)
    turn = 2 * np.pi / period_px
    if kind == "weave":
        grey = 120 + 40 * np.sin(turn * x) * np.sign(np.sin(turn * y / 2)) + 20 * np.sin(turn * y)
    elif kind == "twill":
        grey = 120 + 50 * np.sin(turn * (x + y)) + 25 * np.sin(turn * (x - 2 * y) / 2)
    elif kind == "mesh":
        grey = 60 + 130 * ((x % period_px < 0.3 * period_px) | (y % period_px < 0.3 * period_px))
    else:
        off_x, off_y = (place % period_px - period_px / 2 for place in (x, y))
        grey = np.where(off_x**2 + off_y**2 < (0.3 * period_px) ** 2, 40, 190)
    soft = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 0.7)
    slow = cv2.GaussianBlur(rng.normal(0, 1, grey.shape).astype(np.float32), (0, 0), 30) * 60
    tinted = (soft + slow)[..., None] * np.array([1, 0.97, 0.92], np.float32)
    return np.asarray(tinted + rng.normal(0, 3, tinted.shape), np.float32)


_REPEATED: Final = {
    f"{kind} {period:g}": partial(repeated, kind, period)
    for kind in ("weave", "twill", "mesh", "perforated")
    for period in _PERIODS_PX
}
SURFACES: Final[Mapping[str, Surface]] = {
    "metal": partial(brushed, 140.0),
    "dark metal": partial(brushed, 45.0),
    "dark part": partial(ring, 235.0, (60, 60, 66)),
    "white part": partial(ring, 30.0, (225, 222, 215)),
    "red part": partial(ring, 235.0, (180, 40, 40)),
    "board": board,
    **_REPEATED,
}


def spot(radius_px: int, image: RgbImage) -> tuple[RgbImage, Mask]:
    """A round spot, dark on bright ground and bright on dark."""
    side, depth = len(image), np.zeros(image.shape[:2], np.float32)
    centre = (round(0.3 * side), round(0.55 * side))
    cv2.circle(depth, centre, radius_px, 1, -1, lineType=cv2.LINE_AA)
    depth = np.asarray(cv2.GaussianBlur(depth, (0, 0), 0.6), np.float32)
    grey = 250.0 if image[centre[1], centre[0]].mean() < 128 else 10.0
    painted = image + (grey - image.astype(np.float32)) * depth[..., None]
    return np.rint(painted).clip(0, 255).astype(np.uint8), depth > 0.3


def line(width_px: int, image: RgbImage) -> tuple[RgbImage, Mask]:
    """A straight line, 60 levels off its ground."""
    side, depth = len(image), np.zeros(image.shape[:2], np.float32)
    ends = [(round(a * side), round(b * side)) for a, b in ((0.2, 0.4), (0.45, 0.62))]
    cv2.line(depth, ends[0], ends[1], 1, width_px, lineType=cv2.LINE_AA)
    level = image.astype(np.float32)
    painted = level + 60 * depth[..., None] * np.where(level > 128, -1, 1)
    return np.rint(painted).clip(0, 255).astype(np.uint8), depth > 0.3


def chip(image: RgbImage) -> tuple[RgbImage, Mask]:
    """A break of five pixels at the left border."""
    inside = np.zeros(image.shape[:2], np.uint8)
    cv2.ellipse(inside, (0, len(image) // 2), (5, 15), 0, 0, 360, 1, -1)
    return np.where(inside[..., None] > 0, 255 - image, image), inside > 0


DEFECTS: Final[Mapping[str, Defect | None]] = {
    "none": None,
    "spot, radius 2 px": partial(spot, 2),
    "spot, radius 4 px": partial(spot, 4),
    "line, 1 px": partial(line, 1),
    "line, 2 px": partial(line, 2),
    "chip, 5 px": chip,
}


def _redrawn(profile: str, image: RgbImage, seed: int) -> RgbImage:
    return _inside(redrawn(profile, image, seed))


def _taken_again(motion: Motion, image: RgbImage, seed: int) -> RgbImage:
    side = len(image)
    affine = cv2.getRotationMatrix2D((side / 2, side / 2), motion.turned_deg, 1 + motion.zoom)
    shift_px = motion.shift_px + motion.shift_fraction * side
    affine[:, 2] += np.array([1.0, -0.6]) * shift_px
    moved = cv2.warpAffine(image, affine, (side, side), flags=cv2.INTER_CUBIC)
    noise = np.random.default_rng(seed).normal(0, 1.5, image.shape)
    return _inside(np.clip(moved * motion.gain + noise, 0, 255).astype(np.uint8))


def _in_place(image: RgbImage, seed: int) -> RgbImage:  # noqa: ARG001 - as the others
    return _inside(image)


DRIFTS: Final[Mapping[str, Drift]] = {
    "in place": _in_place,
    "gpt-image-1.5": partial(_redrawn, "gpt-image-1.5"),
    "gpt-image-2": partial(_redrawn, "gpt-image-2"),
    "moved by 1.3 px": partial(_taken_again, Motion(shift_px=1.3, zoom=0.003)),
    "moved by .5 %": partial(_taken_again, Motion(shift_fraction=0.005)),
    "zoomed by .6 %": partial(_taken_again, Motion(zoom=0.006)),
    "turned by .4 degrees": partial(_taken_again, Motion(turned_deg=0.4)),
    "brighter by 8 %": partial(_taken_again, Motion(gain=1.08)),
}


def _inside(image: RgbImage) -> RgbImage:
    return np.ascontiguousarray(image[_INNER])


def judged(surface: str, side_px: int, defect: str, drift: str) -> dict[str, object]:
    """Draw, damage, move and compare; return what came of it."""
    rng = np.random.default_rng([side_px, list(SURFACES).index(surface)])
    whole = np.rint(SURFACES[surface](side_px + 2 * _BEYOND_PX, rng)).clip(0, 255).astype(np.uint8)
    normal, truth = _inside(whole), np.zeros((side_px, side_px), np.bool_)
    make = DEFECTS[defect]
    if make is not None:
        whole = whole.copy()
        whole[_INNER], truth = make(normal)
    found = diff_mask(normal, DRIFTS[drift](whole, side_px))
    away = cv2.distanceTransform((~truth).view(np.uint8), cv2.DIST_L2, 3)
    is_hit = found.status is Status.CHANGED and (found.mask & (away <= _NEAR_PX)).any()
    strays = np.count_nonzero(found.mask & (away > _STRAY_PX))
    return {
        "surface": surface.partition(" ")[0] if surface in _REPEATED else "part, metal, board",
        "side": side_px,
        "defect": defect,
        "drift": drift,
        "wrong": found.status is not Status.UNCHANGED if make is None else not is_hit,
        "stray": make is not None and strays > _STRAY_PX,
    }


def main() -> None:
    """Judge all; print tables of what came out wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sides", type=int, nargs="+", default=[100, 128, 200, 400, 640, 1024])
    parser.add_argument(
        "--surfaces", nargs="+", default=list(SURFACES), help="names, or beginnings"
    )
    parser.add_argument("--defects", nargs="+", default=list(DEFECTS), choices=list(DEFECTS))
    parser.add_argument("--rows", help="CSV file for every single answer")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    surfaces = [name for name in SURFACES if name.startswith(tuple(options.surfaces))]
    cases = [
        (surface, side, defect, drift)
        for side in options.sides
        for surface in surfaces
        for defect in options.defects
        for drift in DRIFTS
    ]
    table = pd.DataFrame([judged(*case) for case in tqdm(cases)])
    if options.rows:
        table.to_csv(options.rows, index=False)
    for rows in ("drift", "side"):
        print(f"\nwrong by {rows} and defect, and marked far from it; pairs in brackets\n")
        _print(table, rows)
    _print(table, "surface")


def _print(table: pd.DataFrame, rows: str) -> None:
    names = list(dict.fromkeys(table["defect"]))
    print(f"| {rows} | " + " | ".join(names) + " | marked far from it |")
    print("|---" * (len(names) + 2) + "|")
    for value, group in table.groupby(rows, sort=False):
        cells = [group[group["defect"] == name] for name in names]
        told = [f"{int(cell['wrong'].sum())} ({len(cell)})" for cell in cells]
        print(f"| {value} | " + " | ".join(told) + f" | {int(group['stray'].sum())} |")


if __name__ == "__main__":
    main()
