"""Cracks: dark, kinked, branching gaps with a lit far edge and a soft shadow."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kizu.edit.painter.material import DefectParameters, Material, PaintedCrop, relight
from kizu.edit.painter.noise_fields import Rng, blur, fractal_noise, translate
from kizu.edit.painter.strokes import Points, Stroke, stroke_field, wavy

# Where nothing else is said, a value was chosen by eye on photographs.
# Lightness steps are in contrasts of the material.
_ELONGATION: Final = (28, 60)  # squared length per area; by eye: shorter than scratches, branched
_LENGTH_WITH_BRANCHES: Final = 1.7  # main cracks; sets the width: two to four branches of 0.2-0.45
_GAP_STEP: Final = 2.2  # by eye: a gap is the darkest thing there
_GAP_NOISE: Final = (0.18, 0.5, 1.2)  # amplitude and bounds of its unevenness; by eye
_SHADOW_STEP: Final = 0.45  # of the soft shadow beside the gap; by eye
_SHADOW: Final = (0.8, 0.9, 0.7)  # widths of offset and of blur, least px of blur; by eye
_GLINT_STEP: Final = (0.55, 1.3)  # of the lit edge; on dark ground only the broken edges show
_SOFT_PX: Final = 0.4  # blur of a lens; by eye: without it the crack is sharper than the photo
_BODY_WIDTHS: Final = 1.5  # of the gap, counted as the crack itself: its lit edge belongs to it
_LIP_REACH: Final = 0.7  # half widths the lit edge is broad; by eye
_MAX_DEPTH: Final = 2  # branches of branches; finer ones are hardly seen
_BRANCHES: Final = ((2, 4), (0, 1))  # of the main crack, of a branch (min, max); by eye
_FORK_AT: Final = (0.12, 0.85)  # of the length: none at the very ends
_FORK_RAD: Final = (0.4, 1.1)  # 23 to 63 degrees off the parent; by eye
_BRANCH_LENGTH: Final = (0.2, 0.45)  # of its parent; by eye
_BRANCH_WIDTH: Final = 0.62  # of its parent; by eye: branches thin out
_ENDS: Final = (0.12, 0.3)  # of the length over which the main crack opens and closes; by eye
_TAPER_POWER: Final = 0.6  # by eye: below 1 the tips are blunt, as those of cracks are
_SWELL: Final = (0.35, 0.35, 1.9)  # amplitude and bounds of the width's change; by eye
_HALF_WIDTH: Final = (0.55, 0.22)  # of the width; least px, still a faint line
_SWELL_HILLS: Final = 9  # over the length; by eye
_FAINTEST: Final = 0.45  # opacity of a tip; by eye
_STEP_PX: Final = 4  # between points of the path, each a possible kink
_POINTS: Final = (7, 90)  # least for a kinked look, most for time
_KINK_FREEDOM: Final = 3  # degrees of freedom of Student's t: most kinks small, a few large
_KINK_RAD: Final = 0.32  # their scale; by eye: 18 degrees
_KINK_MEMORY: Final = 0.72  # of a heading per step; by eye: less is a straight, jittery line
_MAX_TURN_RAD: Final = 1.2  # by eye: beyond it the crack runs back into itself
_WANDER_RAD: Final = 0.2  # slow change of the heading; by eye
_STRIDE: Final = (0.4, 1.6)  # uneven steps, so that kinks are not evenly spaced
_STRAIGHT: Final = (0.35, 0.7)  # how often straight: on a surface without, with grain; by eye
_STRAIGHT_KINKS: Final = 0.18  # by eye: nearly straight, and not ruled
_STRAIGHT_SLENDER: Final = 2.0  # one line has the area that a branched crack shares out
_FOLLOWS_GRAIN_RAD: Final = 1.0  # off the way into the part; beyond, it would run along the edge
_BEYOND_EDGE: Final = 0.06  # of its length, outside the part, so that it starts at the very edge


def crack(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Paint a main crack with branches that fork and thin out."""
    habit = _habit(params, rng)
    elongation = rng.uniform(*_ELONGATION) * habit.slender / params.breadth
    length = min(float(np.sqrt(params.area_px * elongation)), params.span_px)
    with_branches = _LENGTH_WITH_BRANCHES if habit.branches else 1.0
    width = params.area_px / max(length * with_branches, 1.0)
    direction = np.array([np.cos(habit.angle_rad), np.sin(habit.angle_rad)])
    back = _BEYOND_EDGE if params.at_edge else 0.5
    start = (np.array([params.x, params.y]) - direction * length * back).astype(np.float32)
    strokes = list(_branches(start, habit, length=length, width=width, depth=0, rng=rng))
    field = stroke_field(material.shape, strokes, reach_px=3 * width + 4)

    amplitude, least, most = _GAP_NOISE
    unevenness = np.clip(1 + amplitude * fractal_noise(material.shape, 3, rng, 2), least, most)
    gap = field.coverage() * unevenness
    edge = field.lip((-material.light[0], -material.light[1]), reach=_LIP_REACH)
    offset = _SHADOW[0] * width + 0.8
    soft = translate(
        blur(field.coverage(1.6), _SHADOW[1] * width + _SHADOW[2]),
        *(-offset * c for c in material.light),
    )
    depth = material.contrast * params.strength
    glint = _GLINT_STEP[0 if material.contrast_sign() < 0 else 1]
    beside = glint * np.clip(edge, 0, 1) - _SHADOW_STEP * soft
    delta = depth * (beside * (1 - gap) - _GAP_STEP * gap)
    lab = relight(material.lab, blur(delta.astype(np.float32), _SOFT_PX))
    return PaintedCrop(lab, field.coverage(_BODY_WIDTHS))


@dataclass(frozen=True)
class _Habit:
    """How a crack runs.

    Attributes:
        angle_rad: Its way.
        kinks: How far it kinks and wanders, as a multiple of what a brittle crack does.
        branches: Whether it forks.
        slender: How much more slender than a branched crack it is.
        open_start: Whether it is open at its start, as one that comes from an edge.
    """

    angle_rad: float
    kinks: float
    branches: bool
    slender: float
    open_start: bool


def _habit(params: DefectParameters, rng: Rng) -> _Habit:
    """Brittle and branched, or straight along the grain; from an edge it opens there."""
    angle, grain = params.angle_rad, params.grain_rad
    if grain is not None:
        nearest = grain + np.pi * round((angle - grain) / np.pi)
        if not params.at_edge or abs(angle - nearest) < _FOLLOWS_GRAIN_RAD:
            angle = nearest
    straight = rng.random() < (_STRAIGHT[0] if grain is None else _STRAIGHT[1])
    straight = straight if params.branched is None else not params.branched
    if straight:
        return _Habit(
            angle,
            _STRAIGHT_KINKS,
            branches=False,
            slender=_STRAIGHT_SLENDER,
            open_start=params.at_edge,
        )
    return _Habit(angle, 1.0, branches=True, slender=1.0, open_start=params.at_edge)


def _branches(
    start: Points, habit: _Habit, *, length: float, width: float, depth: int, rng: Rng
) -> Iterator[Stroke]:
    """A crack and, from points along it, its branches."""
    points, headings = _path(start, habit, length, rng)
    count = len(points)
    t = np.linspace(0, 1, count)
    ends = np.clip(np.minimum(t / _ENDS[0], (1 - t) / _ENDS[1]), 0, 1)
    body = (1 - t if depth or habit.open_start else ends) ** _TAPER_POWER
    amplitude, narrow, wide = _SWELL
    swell = np.clip(1 + amplitude * wavy(count, _SWELL_HILLS, rng), narrow, wide)
    half_width = np.maximum(_HALF_WIDTH[0] * width * body * swell, _HALF_WIDTH[1])
    opacity = np.clip(_FAINTEST + body, 0, 1)
    yield Stroke(points, half_width.astype(np.float32), opacity.astype(np.float32))
    if depth == _MAX_DEPTH or not habit.branches:
        return
    fewest, most = _BRANCHES[min(depth, 1)]
    for _ in range(rng.integers(fewest, most + 1)):
        at = int(rng.uniform(*_FORK_AT) * (count - 1))
        fork = headings[at] + rng.choice([-1, 1]) * rng.uniform(*_FORK_RAD)
        fraction = rng.uniform(*_BRANCH_LENGTH)
        yield from _branches(
            points[at],
            replace(habit, angle_rad=float(fork)),
            length=length * fraction,
            width=width * _BRANCH_WIDTH,
            depth=depth + 1,
            rng=rng,
        )


def _path(start: Points, habit: _Habit, length: float, rng: Rng) -> tuple[Points, Points]:
    """A walk whose heading jumps and then pulls back, as a crack seeks the weakest grain."""
    count = int(np.clip(length / _STEP_PX, *_POINTS))
    kinks = rng.standard_t(_KINK_FREEDOM, count) * _KINK_RAD * habit.kinks
    heading = np.zeros(count)
    for step in range(1, count):
        heading[step] = _KINK_MEMORY * heading[step - 1] + kinks[step]
    turn = np.clip(heading, -_MAX_TURN_RAD, _MAX_TURN_RAD)
    heading = habit.angle_rad + turn + _WANDER_RAD * habit.kinks * wavy(count, 3, rng)
    strides = rng.uniform(*_STRIDE, count)
    strides *= length / strides.sum()
    moves = np.stack([np.cos(heading), np.sin(heading)], -1) * strides[:, None]
    points = np.asarray(start) + np.vstack([np.zeros(2), np.cumsum(moves[:-1], 0)])
    return points.astype(np.float32), heading.astype(np.float32)
