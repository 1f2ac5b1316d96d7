"""How fast stages are: seconds measured in earlier builds of a store, for the plan of the next."""

import os
from collections.abc import Mapping, Sequence
from typing import Final

from kizu.settings import Record
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.tally import EDIT, StageTally

_GROUNDING: Final = "grounding"

FEWEST: Final = 8
"""Samples from which a stage's seconds are kept: of fewer they are mostly the loading of models."""


class Pace(Record):
    """How long a stage took, its tasks added up.

    Attributes:
        samples: Samples it made something for.
        megapixels: What their photos have together.
        seconds: How long that took on one worker.
    """

    samples: int
    megapixels: float
    seconds: float

    def seconds_for(self, samples: int, megapixels: float, *, by_size: bool) -> float:
        """Return how long other samples take.

        Args:
            samples: How many.
            megapixels: What their photos have together.
            by_size: Whether twice the pixels take twice as long.

        Example:
            >>> Pace(samples=10, megapixels=5, seconds=20).seconds_for(4, 4, by_size=True)
            16.0
        """
        share = megapixels / self.megapixels if by_size else samples / self.samples
        return self.seconds * share


def task_slots() -> int:
    """Return how many tasks run at a time.

    Raises:
        ValueError: ``KIZU_WORKERS`` is no number.
    """
    workers = os.environ.get("KIZU_WORKERS", str(os.cpu_count() or 1))
    if not workers.isdecimal() or int(workers) < 1:
        raise ValueError(f"KIZU_WORKERS is {workers!r}; give a number of 1 or more")
    return int(workers)


def note_pace(store: Store, spec: DatasetSpec, stages: Sequence[StageTally]) -> None:
    """Keep how long stages took in a build, in the place of what an earlier one took."""
    found = {
        _name(each.stage, spec): Pace(
            samples=each.made, megapixels=each.made_megapixels, seconds=round(each.seconds, 3)
        )
        for each in stages
        if each.made >= FEWEST and each.seconds > 0
    }
    if found:
        told = _Noted(stages=_noted(store) | found)
        store.write_json(_PATH, told.model_dump(mode="json"))


class _Noted(Record):
    """How long stages took.

    Attributes:
        stages: By the stage and who works.
    """

    stages: dict[str, Pace]


def _noted(store: Store) -> dict[str, Pace]:
    so = "defaults are taken"
    return store.read_note(_PATH, lambda told: _Noted.model_validate(told).stages, dict, so)


def who_works(stage: str, spec: DatasetSpec) -> str:
    """Return who a stage's seconds depend on: the editor, the annotators, or nobody.

    Example:
        >>> spec = {"name": "mugs", "images": {"path": "p"}, "grounding": {"annotator": "clipseg"}}
        >>> spec |= {"defects": [{"defect_type": "hole", "prompt": "a hole"}]}
        >>> spec = DatasetSpec.parse(spec)
        >>> [who_works(stage, spec) for stage in ("edit", "grounding", "diff")]
        ['painter', 'clipseg', '']
    """
    if stage == EDIT:
        return spec.editor.name
    if stage == _GROUNDING:
        return " ".join(sorted(each.annotator for each in spec.grounding.annotators))
    return ""


_PATH: Final = "builds/pace.json"


def _name(stage: str, spec: DatasetSpec) -> str:
    who = who_works(stage, spec)
    return f"{stage} by {who}" if who else stage


def goes_by_size(stage: str, spec: DatasetSpec) -> bool:
    """Tell whether a stage takes longer for larger photos; a model sees all at one size."""
    return stage != _GROUNDING and not (stage == EDIT and spec.editor.is_paid)


DEFAULTS: Final[Mapping[tuple[str, str], Pace]] = {
    (EDIT, "painter"): Pace(samples=16, megapixels=14.02, seconds=10.1),
    ("diff", ""): Pace(samples=16, megapixels=14.02, seconds=23.9),
    (_GROUNDING, "demo-grounding-dino+demo-sam"): Pace(samples=16, megapixels=14.02, seconds=21.3),
    (_GROUNDING, "grounding-dino+sam"): Pace(samples=1, megapixels=0.48, seconds=30.0),
    ("fuse", ""): Pace(samples=16, megapixels=14.02, seconds=2.8),
    ("verdict", ""): Pace(samples=16, megapixels=14.02, seconds=0.8),
}
"""By stage and who works: seconds of one processor core, as ``benchmarks/pace.py`` measured them on
photos of 1024 px, the demonstration weights with their loading. Those of grounding-dino+sam were
measured on one picture, with weights of the real size drawn at random, without their loading."""

JUDGING: Final = ("diff", _GROUNDING, "fuse", "verdict")
"""The stages behind the edit."""


class Paces:
    """How fast the stages of a dataset are expected to be.

    Attributes:
        measured: Where that was measured: "this store" where all of it was, or else "default".
        unmeasured: Stages that nobody measured, with who does them.
    """

    def __init__(self, store: Store, spec: DatasetSpec) -> None:
        """Look up what was measured."""
        self._spec = spec
        self._found: dict[str, Pace | None] = {}
        sources, noted = set(), _noted(store)
        for stage in (EDIT, *JUDGING):
            if stage == _GROUNDING and not spec.grounding.annotators:
                continue
            here = noted.get(_name(stage, spec))
            self._found[stage] = here or DEFAULTS.get((stage, who_works(stage, spec)))
            sources.add(HERE if here else DEFAULT)
        self.measured = HERE if sources == {HERE} else DEFAULT
        self.unmeasured = tuple(
            f"{stage} by {who_works(stage, spec)}"
            for stage, pace in self._found.items()
            if not pace
        )

    def seconds(self, edited: Sequence[float], judged: Sequence[float]) -> float:
        """Return how long stages take on the workers there are; what nobody measured is left out.

        Args:
            edited: Megapixels of the photo of every sample that needs an edit.
            judged: Megapixels of the photo of every sample that the other stages look at.
        """
        took = 0.0
        for stage, pace in self._found.items():
            photos = edited if stage == EDIT else judged
            if pace is not None and photos:
                by_size = goes_by_size(stage, self._spec)
                took += pace.seconds_for(len(photos), sum(photos), by_size=by_size)
        return took / task_slots()


HERE: Final = "this store"
DEFAULT: Final = "default"
"""Where seconds were measured."""
