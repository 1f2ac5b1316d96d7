"""Defects beyond the painter's: parts taken, moved, bent or recoloured, things added, wrong print.

Each returns the picture with its defect and the truth: every visibly changed pixel, of the old and
the new place alike, and the gaps in it that lie within the defect's own body.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, TypeAlias

import cv2
import numpy as np
from scenes import Scene, load_scene

from kizu.edit.painter import Painting
from kizu.edit.painter.fill import inpaint
from kizu.edit.painter.foreground import split_foreground
from kizu.edit.painter.material import to_lab, to_rgb
from kizu.edit.painter.noise_fields import FloatArray, blur, resize, smooth_noise, translate
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

Rng: TypeAlias = np.random.Generator
Drawn: TypeAlias = tuple[FloatArray, Mask]
"""(H, W, 3) float32 Lab, and the defect's own body."""

_VISIBLE_DELTA_E: Final = 4.0
_DONORS: Final = ("coins", "tablets", "nuts")


class OwnKind(StrEnum):
    """The defects that are drawn here."""

    REMOVED = "removed part"
    MISPLACED = "misplaced part"
    BENT = "bent part"
    RECOLOURED = "recoloured part"
    MISPRINT = "misprint"
    EXTRA = "extra object"
    FIBRE = "fibre"
    SPECKS = "specks"


def kinds_for(scene: Scene) -> tuple[OwnKind, ...]:
    """Return what can happen to a scene."""
    needs_part = (OwnKind.REMOVED, OwnKind.MISPLACED, OwnKind.BENT, OwnKind.RECOLOURED)
    return tuple(
        kind
        for kind in OwnKind
        if (kind not in needs_part or scene.parts)
        and (kind is not OwnKind.MISPRINT or scene.prints)
    )


def draw(scene: Scene, kind: OwnKind, seed: int) -> Painting:
    """Return the scene with a defect; equal arguments give equal bits.

    Args:
        scene: What to draw on.
        kind: One of `kinds_for` the scene.
        seed: Non-negative; chooses part, place and shape.
    """
    rng = np.random.default_rng((seed, *kind.encode()))
    before = to_lab(scene.image)
    lab, body = _DRAW[kind](scene, rng)
    touched = np.abs(lab - before).max(axis=-1) > 0.4  # half a grey level
    image = np.where(touched[..., None], to_rgb(lab), scene.image)
    return Painting(image, visible_change(scene.image, image, body))


def visible_change(before: RgbImage, after: RgbImage, body: Mask) -> Mask:
    """Return pixels that differ by 4 delta E, and the small gaps between them inside a body."""
    seen = np.linalg.norm(to_lab(after) - to_lab(before), axis=-1).astype(np.float32)
    visible = np.maximum(0.9 * seen, blur(seen, 0.7)) > _VISIBLE_DELTA_E
    side = 5 + 2 * int(0.05 * np.sqrt(np.count_nonzero(body)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    closed = cv2.morphologyEx(visible.astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0
    return np.asarray(visible | (closed & body))


def _removed(scene: Scene, rng: Rng) -> Drawn:
    part = _pick(scene.parts, rng)
    return _closed_over(scene, part, rng), part


def _misplaced(scene: Scene, rng: Rng) -> Drawn:
    """Moved by a fifth to a whole of its size, and turned a little."""
    lab = to_lab(scene.image)
    part = _pick(scene.parts, rng)
    x, y, size = _centre(part)
    way = float(rng.uniform(0, 2 * np.pi))
    reach = size * float(rng.uniform(0.2, 1.0))
    motion = cv2.getRotationMatrix2D((x, y), float(rng.uniform(-40, 40)), 1)
    motion[:, 2] += reach * np.cos(way), reach * np.sin(way)
    moved, alpha = _warped(lab, motion), _warped(_soft(part), motion)
    ground = _closed_over(scene, part, rng)
    return ground + (moved - ground) * alpha[..., None], part | (alpha > 0.5)


def _bent(scene: Scene, rng: Rng) -> Drawn:
    """Pushed sideways in its middle, by an eighth to a quarter of its size."""
    lab = to_lab(scene.image)
    part = _pick(scene.parts, rng)
    x, y, size = _centre(part)
    rows, columns = np.mgrid[: part.shape[0], : part.shape[1]].astype(np.float32)
    away = np.hypot(columns - x, rows - y) / (0.9 * size)
    push = np.clip(1 - away**2, 0, 1) ** 2
    way, by = rng.uniform(0, 2 * np.pi), size * rng.uniform(0.12, 0.25)
    map_x = columns - np.float32(by * np.cos(way)) * push
    map_y = rows - np.float32(by * np.sin(way)) * push
    bent = cv2.remap(lab, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(bent, np.float32), part


def _recoloured(scene: Scene, rng: Rng) -> Drawn:
    lab = to_lab(scene.image)
    part = _pick(scene.parts, rng)
    angle = rng.uniform(0, 2 * np.pi)
    tint = np.float32((rng.uniform(-12, 12), 28 * np.cos(angle), 28 * np.sin(angle)))
    return lab + tint * _soft(part)[..., None], part


def _misprint(scene: Scene, rng: Rng) -> Drawn:
    """Other digits and letters in the place and colour of a line."""
    line = _pick(scene.prints, rng)
    ground, ink = _without_print(scene.image, line)
    left, top, width, height = cv2.boundingRect(line.view(np.uint8))
    text = "".join(rng.choice(list("ABCDEHKLMNPRSTUXZ0123456789"), 24))
    cover, scale = np.zeros(line.shape, np.uint8), height / 34
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(round(height / 16), 1)
    while cv2.getTextSize(text, font, scale, thick)[0][0] > width and len(text) > 1:
        text = text[:-1]
    at = (left, top + round(0.78 * height))
    cv2.putText(cover, text, at, font, scale, 255, thick, cv2.LINE_AA)
    alpha = blur(cover * np.float32(1 / 255), 0.5)[..., None]
    plain = to_lab(ground)
    return plain + (np.asarray(ink, np.float32) - plain) * alpha, np.zeros_like(line)


def _without_print(image: RgbImage, line: Mask) -> tuple[RgbImage, FloatArray]:
    """The line's ground, and the (3,) Lab of what is printed on it."""
    lightness = to_lab(image)[..., 0]
    usual = float(np.median(lightness[line]))
    away = np.abs(lightness - usual) * line
    printed = away > 0.35 * away.max()
    wide = cv2.dilate(printed.view(np.uint8), np.ones((5, 5), np.uint8))
    ink = to_lab(image)[away > 0.7 * away.max()]  # the strokes' cores
    return np.asarray(cv2.inpaint(image, wide, 3, cv2.INPAINT_TELEA)), np.median(ink, axis=0)


def _extra(scene: Scene, rng: Rng) -> Drawn:
    """A thing from another scene, with its contact shadow."""
    lab = to_lab(scene.image)
    long_side = max(scene.image.shape[:2])
    names = [name for name in _DONORS if name != scene.name]
    donor = load_scene(str(rng.choice(names)), round(long_side * rng.uniform(0.6, 1.1)))
    part = _pick(donor.parts, rng)
    x, y, size = _centre(part)
    to_x, to_y = (float(rng.uniform(0.15, 0.85)) * side for side in scene.image.shape[1::-1])
    motion = cv2.getRotationMatrix2D((x, y), float(rng.uniform(0, 360)), 1)
    motion[:, 2] += to_x - x, to_y - y
    thing = _warped(to_lab(donor.image), motion, lab.shape)
    alpha = _warped(_soft(part), motion, lab.shape)
    shadow = blur(translate(alpha, 0.06 * size, 0.06 * size), 0.05 * size)
    shaded = lab * np.stack([1 - 0.35 * shadow, *2 * (np.ones_like(shadow),)], -1)
    return shaded + (thing - shaded) * alpha[..., None], alpha > 0.5  # half


def _fibre(scene: Scene, rng: Rng) -> Drawn:
    """A curled thread, dark or light, with a faint shadow."""
    lab = to_lab(scene.image)
    height, width = lab.shape[:2]
    steps, step_px = 90, max(height, width) * rng.uniform(0.002, 0.005)
    turns = np.cumsum(blur(rng.standard_normal((1, steps), np.float32), 4)[0] * 0.55)
    headings = rng.uniform(0, 2 * np.pi) + turns
    path = np.cumsum(np.stack([np.cos(headings), np.sin(headings)], -1) * step_px, axis=0)
    path += np.array([width, height]) * rng.uniform(0.25, 0.75, 2) - path.mean(axis=0)
    cover = np.zeros((height, width), np.uint8)
    thick = max(round(max(height, width) * rng.uniform(0.0015, 0.004)), 1)
    points = [np.rint(path * 16).astype(np.int32)]
    cv2.polylines(
        cover, points, isClosed=False, color=255, thickness=thick, lineType=cv2.LINE_AA, shift=4
    )
    alpha = blur(cover * np.float32(1 / 255), 0.5)
    under = float(np.median(lab[..., 0][cover > 0]))
    thread = np.float32((under + (38 if under < 50 else -38), rng.uniform(-12, 12), 4))
    shaded = lab.copy()
    shaded[..., 0] *= 1 - 0.15 * blur(translate(alpha, 2, 3), 1.5)
    return shaded + (thread - shaded) * 0.9 * alpha[..., None], alpha > 0.5  # half


def _specks(scene: Scene, rng: Rng) -> Drawn:
    """Six to twenty grains strewn over a spot."""
    lab = to_lab(scene.image)
    long_side = max(lab.shape[:2])
    centre = np.array(lab.shape[1::-1]) * rng.uniform(0.25, 0.75, 2)
    cover = np.zeros(lab.shape[:2], np.uint8)
    for _ in range(rng.integers(6, 21)):
        at = np.rint((centre + rng.normal(0, 0.06 * long_side, 2)) * 16).astype(int)
        axes = np.rint(long_side * rng.uniform(0.0025, 0.007, 2) * 16).astype(int)
        turn = float(rng.uniform(0, 180))
        cv2.ellipse(cover, at.tolist(), axes.tolist(), turn, 0, 360, 255, -1, cv2.LINE_AA, 4)
    alpha = blur(cover * np.float32(1 / 255), 0.5)
    under = float(np.median(lab[..., 0][cover > 0]))
    tone = under + (35 if under < 50 else -35) + 5 * smooth_noise(cover.shape, 3.0, rng)
    grains = np.stack([tone, np.full_like(tone, rng.uniform(-8, 14)), np.full_like(tone, 8)], -1)
    return lab + (grains - lab) * alpha[..., None], alpha > 0.5  # half


_DRAW: Final[Mapping[OwnKind, Callable[[Scene, Rng], Drawn]]] = {
    OwnKind.REMOVED: _removed,
    OwnKind.MISPLACED: _misplaced,
    OwnKind.BENT: _bent,
    OwnKind.RECOLOURED: _recoloured,
    OwnKind.MISPRINT: _misprint,
    OwnKind.EXTRA: _extra,
    OwnKind.FIBRE: _fibre,
    OwnKind.SPECKS: _specks,
}


def _pick(masks: tuple[Mask, ...], rng: Rng) -> Mask:
    return masks[int(rng.integers(len(masks)))]


def _centre(part: Mask) -> tuple[float, float, float]:
    """Centre (x, y) and the diameter of a disc of equal area, in pixels."""
    rows, columns = np.nonzero(part)
    return float(columns.mean()), float(rows.mean()), float(2 * np.sqrt(rows.size / np.pi))


def _soft(part: Mask) -> FloatMap:
    return blur(part.astype(np.float32), 1.0)


def _closed_over(scene: Scene, part: Mask, rng: Rng) -> FloatArray:
    """The picture without a part, its ground drawn on from elsewhere."""
    lab = to_lab(scene.image)
    wide = cv2.dilate(part.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    things = split_foreground(scene.image, None)
    solid = resize(things.objects.astype(np.float32), (lab.shape[0], lab.shape[1])) > 0.5
    others = np.logical_or.reduce(scene.parts) | (solid & things.has_objects)
    ground = inpaint(lab, wide, others & ~wide, rng)
    return np.asarray(lab + (ground - lab) * blur(wide.astype(np.float32), 1.0)[..., None])


def _warped(
    array: FloatArray, motion: FloatArray, shape: tuple[int, ...] | None = None
) -> FloatArray:
    height, width = (shape or array.shape)[:2]
    return np.asarray(cv2.warpAffine(array, motion, (width, height), flags=cv2.INTER_CUBIC))
