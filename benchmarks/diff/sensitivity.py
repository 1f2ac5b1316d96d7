"""What each constant of the comparison is worth: all pairs again with one of them changed.

OPENBLAS_NUM_THREADS=1 python benchmarks/diff/sensitivity.py --only segment.outline

Every number at the top of a module of kizu/diff is multiplied by 0.7 and by 1.4, one at a time. Ten
pairs with a defect, four without and two redrawn ones are compared as they are; four more, for what
large pictures need, at full size after a working size of a quarter megapixel. So few pairs cannot
choose a constant; they tell which ones matter. About 15 minutes for all, on one idle core; a BLAS
with more threads than that waits for itself.
"""

import argparse
import ast
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Final, TypeAlias
from unittest.mock import patch

import cv2
from drifts import PRESERVING
from large_pairs import make_large_pairs
from metrics import intersection_over_union
from pairs import REDRAW, Pair, make_pairs
from scenes import SCENES
from tqdm import tqdm

import kizu.diff
from kizu.diff import DiffSettings, Status, comparison, diff_mask
from kizu.imaging.arrays import RgbImage

FACTORS: Final = (0.7, 1.4)
_DRIFTS: Final = tuple(PRESERVING)[1:]
_LARGE_MEGAPIXELS: Final = 0.6
_SETTINGS: Final = DiffSettings(max_work_megapixels=0.25)
_HALF: Final = 0.5
_FRACTIONS: Final = ("FRACTION", "QUANTILE", "WHOLE", "CORRELATION", "RATE", "EXPLAINED")
_FIXED: Final = frozenset(
    {
        *("CHI3_MEDIAN", "CHI3_MEAN", "CHI3_Q80"),  # no choice
        *("_COLOUR_TERMS", "_LINEAR", "_OFFSET_BINS", "_TABLE_BINS", "_BIN_SHIFT", "_BIN_LEVELS"),
        *("_SHADING_SIDE", "_FAINT", "_CERTAIN", "_RATE_PARTS", "SCALES", "TILE_PX", "reduction"),
        *("full_size.evidence _MARGIN_PX", "full_size.evidence _NOISE_MARGIN_PX"),  # even
    }
)
"""Numbers that name something, shape an array or follow from another."""

Value: TypeAlias = object
Pairs: TypeAlias = tuple[Pair, ...]


@dataclass(frozen=True)
class Constant:
    """A number, or numbers that belong together, at the top of a module; or a field of them.

    Attributes:
        module: Where it is defined.
        name: Its name there.
        field: Of a dataclass, which field of it.
    """

    module: ModuleType
    name: str
    field: str | None = None

    @property
    def value(self) -> Value:
        """What the module says."""
        return getattr(self.module, self.name)

    @property
    def shown(self) -> str:
        """The value as a table has it."""
        parts = self.value if isinstance(self.value, tuple) else (self.value,)
        values = [getattr(part, self.field) if self.field else part for part in parts]
        return ", ".join(str(value) for value in values)

    @property
    def label(self) -> str:
        """Module and name, as in the table."""
        module = self.module.__name__.removeprefix(f"{kizu.diff.__name__}.")
        return f"{module} {self.name}" + (f".{self.field}" if self.field else "")

    def scaled(self, factor: float) -> Value:
        """The value times a factor."""
        return _scaled(self.value, factor, self.name, self.field)


@dataclass(frozen=True)
class Figures:
    """What was found of all pairs.

    Attributes:
        iou: Mean over pairs with a defect.
        alarms: How many pairs without a defect were marked.
        wrong_status: How many pairs were called something else than they are.
    """

    iou: float
    alarms: int
    wrong_status: int


def main() -> None:
    """Print a row per constant, the most important first."""
    options = _options()
    cv2.setNumThreads(1)
    found = [c for c in constants() if options.only in c.label]
    usual, large = _pairs(options.seed, options.side_px), _large_pairs(options.seed)
    base = {usual: _judge(usual), large: _judge(large)}
    aligned = _alignments(usual)
    rows = []
    for constant in tqdm(found):
        pairs = large if _at_full_size(constant) else usual
        with _aligned_already(constant, aligned):
            changed = [_judge_with(constant, factor, pairs) for factor in FACTORS]
        rows.append((constant, base[pairs], changed))
    for pairs, one in base.items():
        print(
            f"{len(pairs)} pairs: IoU {one.iou:.3f}, {one.alarms} alarms, {one.wrong_status} wrong"
        )
    _print_rows(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of a module's or a constant's name")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--side-px", type=int, default=384, help="long side of every picture")
    return parser.parse_args()


def constants() -> Iterator[Constant]:
    """Yield the numeric constants that masks depend on, module by module."""
    for module in _modules():
        if module.__name__.endswith(".composite"):
            continue
        for name in _assigned(module):
            value = getattr(module, name)
            parts = value if isinstance(value, tuple) else (value,)
            if name in _FIXED or not parts:
                continue
            if is_dataclass(parts[0]) and not isinstance(parts[0], type):
                names = (field.name for field in fields(parts[0]))
                yield from (Constant(module, name, n) for n in names if n not in _FIXED)
            elif all(_is_numeric(part) for part in parts):
                constant = Constant(module, name)
                yield from () if constant.label in _FIXED else (constant,)


def _modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(kizu.diff.__path__, f"{kizu.diff.__name__}.")
    return [importlib.import_module(module.name) for module in found]


def _assigned(module: ModuleType) -> list[str]:
    """Names in capitals that are assigned at the top of a module."""
    tree = ast.parse(Path(str(module.__file__)).read_text())
    targets = [
        target
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return [t.id for t in targets if isinstance(t, ast.Name) and t.id.isupper()]


def _is_numeric(value: Value) -> bool:
    if isinstance(value, tuple):
        return all(_is_numeric(part) for part in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scaled(value: Value, factor: float, name: str, field: str | None) -> Value:
    """All numbers times a factor; of large fractions, what they lack of one."""
    if isinstance(value, tuple):
        return tuple(_scaled(part, factor, name, field) for part in value)
    if is_dataclass(value) and not isinstance(value, type) and field is not None:
        inner = _scaled(getattr(value, field), factor, field.upper(), None)
        return replace(value, **{field: inner})
    if isinstance(value, int):
        return max(round(value * factor), 1)
    if not isinstance(value, float):
        raise TypeError(f"{name} is {value!r}; only numbers can be scaled")
    if _HALF < value < 1 and any(word in name for word in _FRACTIONS):
        return 1 - (1 - value) / factor
    return value * factor


def _at_full_size(constant: Constant) -> bool:
    """Whether only large pictures are compared by it."""
    return ".full_size." in constant.module.__name__ or "TAIL_" in constant.name


def _alignments(pairs: Pairs) -> Mapping[int, comparison.Alignment]:
    """How every normal image, known by its place in memory, lies under its edit."""
    return {id(p.edited): comparison.Alignment.of(p.normal, p.edited) for p in pairs}


def _aligned_already(
    constant: Constant, aligned: Mapping[int, comparison.Alignment]
) -> AbstractContextManager[object]:
    """Skip the alignment where the constant has no part in it: it is most of the time."""
    if any(part in constant.module.__name__ for part in (".align.", ".filters", ".comparison")):
        return nullcontext()
    find = comparison.Alignment.of

    def known(normal: RgbImage, edited: RgbImage) -> comparison.Alignment:
        return aligned.get(id(edited)) or find(normal, edited)

    return patch.object(comparison.Alignment, "of", known)


def _pairs(seed: int, side_px: int) -> Pairs:
    """A defect of every third scene, and some pictures without and redrawn ones."""
    chosen: list[Pair] = []
    for index, name in enumerate(SCENES[::3]):
        made = list(make_pairs(seed, side_px, [name]))
        drift = _DRIFTS[index % len(_DRIFTS)]
        preserved = [pair for pair in made if pair.drift == drift]
        chosen.append(preserved[index % (len(preserved) - 1)])
        if index % 3 == 0:
            chosen.append(preserved[-1])
        if index % 5 == 0:
            chosen += [pair for pair in made if pair.drift == REDRAW]
    return tuple(chosen)


def _large_pairs(seed: int) -> Pairs:
    """A thin defect, a broad one and none, to be looked at once more at full size."""
    made = list(make_large_pairs(_LARGE_MEGAPIXELS, seed, own_size=True))
    count = len(made) // 3
    return (made[2 * count], made[2 * count + 2], made[2 * count + 3], made[-1])


def _judge_with(constant: Constant, factor: float, pairs: Pairs) -> Figures | None:
    """The figures with one constant changed; None if it cannot be changed so."""
    value = constant.scaled(factor)
    if value == constant.value:
        return None
    with ExitStack() as stack:
        for module in _modules():
            own = module is constant.module
            if own or (hasattr(module, constant.name) and constant.name not in _assigned(module)):
                stack.enter_context(patch.object(module, constant.name, value))
        try:
            return _judge(pairs)
        except (ValueError, cv2.error):
            return None


def _judge(pairs: Pairs) -> Figures:
    ious, alarms, wrong_status = [], 0, 0
    for pair in pairs:
        result = diff_mask(pair.normal, pair.edited, _SETTINGS)
        wrong_status += result.status is not _expected(pair)
        if pair.kind is not None:
            ious.append(intersection_over_union(result.mask, pair.truth))
        elif pair.drift != REDRAW:
            alarms += bool(result.mask.any())
    return Figures(sum(ious) / len(ious), alarms, wrong_status)


def _expected(pair: Pair) -> Status:
    if pair.drift == REDRAW:
        return Status.REDRAWN
    return Status.UNCHANGED if pair.kind is None else Status.CHANGED


def _print_rows(rows: list[tuple[Constant, Figures, list[Figures | None]]]) -> None:
    """As Markdown, differences from what the constants give as they are."""
    columns = [
        f"{what} x{factor}" for what in ("IoU", "alarms", "wrong status") for factor in FACTORS
    ]
    print("\n| constant | value | " + " | ".join(columns) + " |")
    print("|---" * (2 + len(columns)) + "|")
    for constant, base, changed in sorted(rows, key=_effect, reverse=True):
        cells = [f"{one.iou - base.iou:+.3f}" if one else "" for one in changed]
        cells += [f"{one.alarms - base.alarms:+d}" if one else "" for one in changed]
        cells += [f"{one.wrong_status - base.wrong_status:+d}" if one else "" for one in changed]
        print(f"| {constant.label} | {constant.shown} | " + " | ".join(cells) + " |")


def _effect(row: tuple[Constant, Figures, list[Figures | None]]) -> tuple[float, int]:
    """Largest change of the IoU, then of calls."""
    _, base, changed = row
    judged = [one for one in changed if one is not None]
    iou = max((abs(one.iou - base.iou) for one in judged), default=0.0)
    calls = (
        abs(one.alarms - base.alarms) + abs(one.wrong_status - base.wrong_status) for one in judged
    )
    return round(iou, 3), max(calls, default=0)


if __name__ == "__main__":
    main()
