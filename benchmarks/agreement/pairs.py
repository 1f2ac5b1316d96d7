"""Good and bad edits with their truth: photographs x defects x drifts, and five ways to fail.

An honest edit shows what was asked for. Of bad ones there are as many of each kind: nothing
changed, another type of defect was drawn, something changed besides the asked defect, the whole
picture was redrawn or relit, or the defect lies elsewhere than it was asked for.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Final, TypeAlias, TypeVar

import cv2
import numpy as np
from defects import OwnKind, draw, kinds_for
from drifts import REDRAWN, Drift
from redraws import CHANGES
from scenes import Scene

from benchmarks.agreement.levels import LEVELS
from benchmarks.agreement.photographs import names, photograph
from kizu.edit.painter import DefectKind, Painting, paint
from kizu.edit.painter.noise_fields import Rng
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.crops import crop_of

DrawnKind: TypeAlias = DefectKind | OwnKind
Option = TypeVar("Option")

HONEST_PER_PHOTO: Final = 4
BAD_PER_KIND: Final = 60
RIVALS: Final = 3
"""Other types of defect in the spec of an edit."""

TYPES: Final[Mapping[DrawnKind, str]] = {kind: kind.value for kind in DefectKind} | {
    OwnKind.REMOVED: DefectKind.MISSING_PART.value,
    OwnKind.RECOLOURED: DefectKind.DISCOLOURATION.value,
    OwnKind.FIBRE: DefectKind.CONTAMINATION.value,
    OwnKind.SPECKS: DefectKind.CONTAMINATION.value,
    OwnKind.MISPLACED: "misplaced_part",
    OwnKind.BENT: "bent",
    OwnKind.MISPRINT: "misprint",
    OwnKind.EXTRA: "foreign_object",
}
"""What a spec calls each defect that can be drawn."""
LINES: Final = frozenset({DefectKind.SCRATCH, DefectKind.CRACK, OwnKind.FIBRE})
"""Defects that are thin; segmenters draw them fat."""
_ANYWHERE: Final = frozenset({*DefectKind, OwnKind.EXTRA, OwnKind.FIBRE, OwnKind.SPECKS})
"""Defects that need none of the few things that a photograph shows, so two fit into one."""

_GLANCE_PX: Final = 192  # to learn what a photograph can show
_LEAST_PX: Final = 40  # of a defect; half as much again as the smallest that a spec expects at 512
_APART: Final = 0.06  # of the long side, between a defect and what it must not touch
_ATTEMPTS: Final = 12
_SHRUNK: Final = (1.0, 0.7, 0.5, 0.3, 0.15)
"""Of its size, how large an asked region is where a larger one has no room beside the defect."""
_WITH_REGION: Final = 0.5  # of edits that are asked for a place
_MARGIN: Final = (0.3, 1.0)  # of a defect's sides, that its asked region is larger on each side
_REDRAWN: Final = 0.4  # of bad pictures as a whole; all others are relit or turned
_SEEN_LEVELS: Final = 8.0  # of 255, mean over the picture; less is no other light


class EditKind(StrEnum):
    """What became of an edit that was asked for."""

    HONEST = "honest"
    NOTHING = "nothing"
    WRONG_TYPE = "wrong_type"
    SIDE_EFFECT = "side_effect"
    REDRAWN = "redrawn"
    WRONG_PLACE = "wrong_place"


BAD: Final = tuple(kind for kind in EditKind if kind is not EditKind.HONEST)


@dataclass(frozen=True)
class Planned:
    """An edit before it is drawn.

    Attributes:
        photo: Name of its photograph; edits of one belong together.
        kind: What becomes of it.
        asked: The defect that is asked for.
        drawn: The defect that is drawn.
        besides: The defect that is drawn besides, if it is a side effect.
        rivals: Other types of the spec; what is drawn is always one, if it is not what was asked.
        level: Of ``LEVELS``, how strongly the picture drifts; a redrawn one has none.
        seed: Chooses everything else.
    """

    photo: str
    kind: EditKind
    asked: DrawnKind
    drawn: DrawnKind
    besides: DrawnKind | None
    rivals: tuple[str, ...]
    level: int
    seed: int

    @property
    def defect_type(self) -> str:
        """Name of the type that is asked for."""
        return TYPES[self.asked]


@dataclass(frozen=True, eq=False)
class DrawnDefect:
    """Something that can be seen in an edited picture.

    Attributes:
        defect_type: What it is.
        is_line: Whether it is thin.
        is_asked: Whether it is what was asked for.
        mask: (H, W) bool, its visible pixels.
    """

    defect_type: str
    is_line: bool
    is_asked: bool
    mask: Mask


Drawn: TypeAlias = tuple[RgbImage, tuple[DrawnDefect, ...]]
"""An edited picture, and what can be seen in it."""


@dataclass(frozen=True, eq=False)
class EditPair:
    """A normal image, its edit, and the truth.

    Attributes:
        planned: What was to be drawn.
        normal: (H, W, 3) uint8.
        edited: The same shape.
        drawn: What can be seen in the edited picture, in its frame.
        region: (H, W) bool, where the defect was asked for, in the normal's frame; or None.
    """

    planned: Planned
    normal: RgbImage
    edited: RgbImage
    drawn: tuple[DrawnDefect, ...]
    region: Mask | None

    @property
    def truth(self) -> Mask:
        """(H, W) bool, the asked defect in the edited frame; empty where it was not drawn."""
        return _union([each.mask for each in self.drawn if each.is_asked], self.edited.shape)


def plan(
    seed: int, photos: Sequence[str] = (), *, bad_per_kind: int = BAD_PER_KIND
) -> list[Planned]:
    """Return the edits of a benchmark: of every photograph some honest ones, and the bad ones.

    Types of defects and drift levels come equally often, as far as photographs can show them.

    Args:
        seed: Equal seeds give equal plans.
        photos: Of ``names()``; none are all.
        bad_per_kind: Bad edits of each kind, spread over the photographs.
    """
    chosen, rng = tuple(photos) or names(), np.random.default_rng(seed)
    asked = [(photo, EditKind.HONEST) for photo in chosen for _ in range(HONEST_PER_PHOTO)]
    for kind in BAD:
        order = [chosen[index] for index in rng.permutation(len(chosen))]
        asked += [(order[index % len(order)], kind) for index in range(bad_per_kind)]
    balances = {kind: _Balance(rng) for kind in EditKind}
    planned = []
    for photo, kind in asked:
        one = balances[kind].defect(photo)
        level = 0 if kind is EditKind.REDRAWN else balances[kind].level(TYPES[one])
        planned.append(_planned(photo, kind, one, level, rng))
    return planned


@cache
def kinds_of(photo: str) -> tuple[DrawnKind, ...]:
    """Return the defects that a photograph can show."""
    return (*DefectKind, *kinds_for(photograph(photo, _GLANCE_PX)))


class _Balance:
    """Gives out defects and drift levels so that all come equally often."""

    def __init__(self, rng: Rng) -> None:
        self._rng = rng
        self._types, self._drawn = Counter[str](), Counter[DrawnKind]()
        self._levels, self._levels_of_type = Counter[int](), Counter[tuple[str, int]]()

    def defect(self, photo: str) -> DrawnKind:
        """Return what came least of what a photograph can show, by its type first."""
        one = min(
            self._mixed(kinds_of(photo)),
            key=lambda each: (self._types[TYPES[each]], self._drawn[each]),
        )
        self._types[TYPES[one]] += 1
        self._drawn[one] += 1
        return one

    def level(self, defect_type: str) -> int:
        """Return the level that came least with a type."""
        level = min(
            self._mixed(tuple(LEVELS)),
            key=lambda each: (self._levels_of_type[defect_type, each], self._levels[each]),
        )
        self._levels[level] += 1
        self._levels_of_type[defect_type, level] += 1
        return level

    def _mixed(self, options: Sequence[Option]) -> list[Option]:
        return [options[index] for index in self._rng.permutation(len(options))]


def _planned(photo: str, kind: EditKind, asked: DrawnKind, level: int, rng: Rng) -> Planned:
    """Choose what is drawn, and the spec's other types."""
    others = [each for each in kinds_of(photo) if TYPES[each] != TYPES[asked]]
    if kind is EditKind.SIDE_EFFECT:
        others = [each for each in others if each in _ANYWHERE]
    other = others[int(rng.integers(len(others)))]
    strangers = sorted({*TYPES.values()} - {TYPES[asked], TYPES[other]})
    rivals = [TYPES[other], *rng.choice(strangers, RIVALS - 1, replace=False).tolist()]
    return Planned(
        photo=photo,
        kind=kind,
        asked=asked,
        drawn=other if kind is EditKind.WRONG_TYPE else asked,
        besides=other if kind is EditKind.SIDE_EFFECT else None,
        rivals=tuple(sorted(rivals)),
        level=level,
        seed=int(rng.integers(2**31)),
    )


def make_pair(planned: Planned, long_side_px: int) -> EditPair:
    """Draw an edit; equal arguments give equal bits.

    Args:
        planned: What is to be drawn.
        long_side_px: Of the pictures, about.
    """
    scene = photograph(planned.photo, long_side_px)
    rng = np.random.default_rng(planned.seed)
    edited, drawn = _DRAW[planned.kind](scene, planned, rng)
    region = _region(planned, drawn, edited.shape, rng)
    if planned.kind is not EditKind.REDRAWN:
        edited, drawn = _drifted(edited, drawn, LEVELS[planned.level], planned.seed)
    return EditPair(planned, scene.image, edited, drawn, region)


def _honest(scene: Scene, planned: Planned, rng: Rng) -> Drawn:
    painting = _painted(scene, planned.drawn, rng)
    return painting.image, (_defect(planned.drawn, planned.asked, painting.truth),)


def _nothing(scene: Scene, planned: Planned, rng: Rng) -> Drawn:  # noqa: ARG001 - as its siblings
    return scene.image, ()


def _side_effect(scene: Scene, planned: Planned, rng: Rng) -> Drawn:
    """The asked defect, and another one that keeps away from it."""
    image, drawn = _honest(scene, planned, rng)
    if planned.besides is None:
        raise ValueError(f"a side effect on {planned.photo} was planned without saying which")
    free = _away_from(drawn[0].mask)
    other = _painted(replace(scene, image=image), planned.besides, rng, free)
    return other.image, (*drawn, _defect(planned.besides, planned.asked, other.truth))


def _redrawn(scene: Scene, planned: Planned, rng: Rng) -> Drawn:
    """Another picture, the same turned, or in another light; every other one has the defect."""
    has_defect, light = rng.random() < 0.5, _other_light(scene.image, rng)
    relit = scene if light is None else replace(scene, image=light)
    image, drawn = _honest(relit, planned, rng) if has_defect else (relit.image, ())
    return (image, drawn) if light is not None else _drifted(image, drawn, REDRAWN, planned.seed)


_DRAW: Final[Mapping[EditKind, Callable[[Scene, Planned, Rng], Drawn]]] = {
    EditKind.HONEST: _honest,
    EditKind.NOTHING: _nothing,
    EditKind.WRONG_TYPE: _honest,
    EditKind.SIDE_EFFECT: _side_effect,
    EditKind.REDRAWN: _redrawn,
    EditKind.WRONG_PLACE: _honest,
}


def _painted(scene: Scene, kind: DrawnKind, rng: Rng, free: Mask | None = None) -> Painting:
    """A defect that shows, and only where it may; other places are tried where one does not.

    Raises:
        ValueError: It never did.
    """
    for _ in range(_ATTEMPTS):
        seed = int(rng.integers(2**31))
        if isinstance(kind, OwnKind):
            painting = draw(scene, kind, seed)
        else:
            painting = paint(scene.image, kind, seed, region=free)
        strays = free is not None and np.any(painting.truth & ~free)
        if np.count_nonzero(painting.truth) >= _LEAST_PX and not strays:
            return painting
    raise ValueError(f"{kind} does not show on {scene.name} as asked; take another seed")


def _defect(kind: DrawnKind, asked: DrawnKind, mask: Mask) -> DrawnDefect:
    return DrawnDefect(TYPES[kind], kind in LINES, TYPES[kind] == TYPES[asked], mask)


def _away_from(mask: Mask) -> Mask:
    """(H, W) bool, pixels that keep their distance from a mask."""
    distance = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(distance > _APART * max(mask.shape))


def _other_light(image: RgbImage, rng: Rng) -> RgbImage | None:
    """The picture relit or turned; None for one to be redrawn by an imitated model."""
    if rng.random() < _REDRAWN:
        return None
    changes = tuple(CHANGES.values())
    for index in rng.permutation(len(changes)):
        changed = np.clip(changes[index](image.astype(np.float32) / 255), 0, 1) * 255
        if np.abs(changed - image).mean() > _SEEN_LEVELS:
            return np.ascontiguousarray(np.rint(changed).astype(np.uint8))
    return None


def _drifted(
    image: RgbImage, drawn: tuple[DrawnDefect, ...], drift: Drift, seed: int
) -> tuple[RgbImage, tuple[DrawnDefect, ...]]:
    """Drift with all defects at once; what moved belongs to the defect that was nearest."""
    masks = [each.mask for each in drawn]
    moved = drift(Painting(image, _union(masks, image.shape)), seed)
    if not masks:
        return moved.image, ()
    away = [cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 5) for mask in masks]
    nearest = np.argmin(away, axis=0)
    return moved.image, tuple(
        replace(each, mask=np.asarray(moved.truth & (nearest == index)))
        for index, each in enumerate(drawn)
    )


def _region(
    planned: Planned, drawn: tuple[DrawnDefect, ...], shape: tuple[int, ...], rng: Rng
) -> Mask | None:
    """Where the defect was asked for: around it, or away from it if it is in the wrong place."""
    misplaced = planned.kind is EditKind.WRONG_PLACE
    if not misplaced and (planned.kind is EditKind.REDRAWN or rng.random() > _WITH_REGION):
        return None
    asked = drawn[0].mask if drawn else _somewhere(shape, rng)
    x0, y0, x1, y1 = crop_of(asked).xyxy
    margin = float(rng.uniform(*_MARGIN))
    width, height = (round((1 + 2 * margin) * side) for side in (x1 - x0, y1 - y0))
    left, top = x0 - round(margin * (x1 - x0)), y0 - round(margin * (y1 - y0))
    if misplaced:
        return _other_place((height, width), asked, rng)
    return _box(shape, top, left, (height, width))


def _box(shape: tuple[int, ...], top: int, left: int, size: tuple[int, int]) -> Mask:
    """(H, W) bool, a box of (height, width), cut to the picture."""
    region = np.zeros(shape[:2], np.bool_)
    region[max(top, 0) : top + size[0], max(left, 0) : left + size[1]] = True
    return region


def _somewhere(shape: tuple[int, ...], rng: Rng) -> Mask:
    """(H, W) bool, a square of a tenth of the picture's short side, where nothing was drawn."""
    mask = np.zeros(shape[:2], np.bool_)
    side = min(shape[:2]) // 10
    top, left = (int(rng.integers(whole - side)) for whole in shape[:2])
    mask[top : top + side, left : left + side] = True
    return mask


def _other_place(size: tuple[int, int], taken: Mask, rng: Rng) -> Mask:
    """(H, W) bool, a box that keeps away from what is taken: of (height, width), or less.

    Raises:
        ValueError: What is taken fills the picture.
    """
    free = _away_from(taken)
    for shrunk in _SHRUNK:
        smaller = max(round(shrunk * size[0]), 4), max(round(shrunk * size[1]), 4)
        fits = cv2.erode(
            free.view(np.uint8),
            np.ones(smaller, np.uint8),
            anchor=(0, 0),
            borderType=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        corners = np.argwhere(fits)
        if len(corners):
            top, left = corners[rng.integers(len(corners))]
            return _box(taken.shape, int(top), int(left), smaller)
    raise ValueError("a defect fills its picture, so it has no wrong place; take another seed")


def _union(masks: Sequence[Mask], shape: tuple[int, ...]) -> Mask:
    return np.logical_or.reduce([np.zeros(shape[:2], np.bool_), *masks])
