"""Pairs with a known truth: scenes x defects x drifts.

The same defects come back under every drift, so that drifts can be compared pair by pair.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

import numpy as np
from defects import OwnKind, draw, kinds_for
from drifts import PRESERVING, REDRAWN
from scenes import SCENES, Scene, load_scene

from kizu.edit.painter import DefectKind, Painting, paint
from kizu.imaging.arrays import Mask, RgbImage

Kind: TypeAlias = DefectKind | OwnKind

DEFECTS_PER_SCENE: Final = 3
REDRAW: Final = "redraw"
_GLANCE_PX: Final = 256


@dataclass(frozen=True, eq=False)
class Pair:
    """One comparison and its truth in the edited image's frame; no kind means drift only."""

    scene: str
    kind: Kind | None
    drift: str
    normal: RgbImage
    edited: RgbImage
    truth: Mask


def make_pairs(seed: int, long_side_px: int, names: Sequence[str]) -> Iterator[Pair]:
    """Yield every scene's defects and one picture without any, under every drift."""
    for name in names:
        scene = load_scene(name, long_side_px)
        for kind, painting in _paintings(scene, seed):
            for drift, apply in {**PRESERVING, REDRAW: REDRAWN}.items():
                if drift == REDRAW and kind is not None:
                    continue
                redrawn = apply(painting, seed + SCENES.index(name))
                yield Pair(name, kind, drift, scene.image, redrawn.image, redrawn.truth)


def _paintings(scene: Scene, seed: int) -> Iterator[tuple[Kind | None, Painting]]:
    """The scene's defects, then the scene without any."""
    for kind in kinds_by_scene(seed)[scene.name]:
        yield kind, _painting(scene, kind, seed)
    yield None, Painting(scene.image, np.zeros(scene.image.shape[:2], np.bool_))


@cache
def kinds_by_scene(seed: int) -> Mapping[str, tuple[Kind, ...]]:
    """Return three kinds for every scene, always those that came up least of what it allows."""
    rng, counted = np.random.default_rng(seed), Counter[Kind]()
    plan = {}
    for name in SCENES:
        allowed = (*DefectKind, *kinds_for(load_scene(name, _GLANCE_PX)))
        mixed = [allowed[index] for index in rng.permutation(len(allowed))]
        plan[name] = tuple(sorted(mixed, key=lambda kind: counted[kind])[:DEFECTS_PER_SCENE])
        counted.update(plan[name])
    return plan


def _painting(scene: Scene, kind: Kind, seed: int) -> Painting:
    """A defect that shows; the next seeds are tried where one does not."""
    index = SCENES.index(scene.name)
    for attempt in range(5):
        now = seed + index + 1000 * attempt
        drawn = (
            draw(scene, kind, now) if isinstance(kind, OwnKind) else paint(scene.image, kind, now)
        )
        if drawn.truth.any():
            return drawn
    raise ValueError(f"{kind} does not show on {scene.name} with seed {seed}; take another seed")
