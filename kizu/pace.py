"""How fast stages are: seconds measured in earlier builds of a store, for the plan of the next."""

import os
from collections.abc import Mapping, Sequence
from typing import Final

from kizu.settings import Record
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.store.keys import sha256_hex
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


class Forecast(Record):
    """How long a stage is expected to take.

    Attributes:
        seconds: Added up over workers; None where nobody measured it.
        source: Where that was measured: "this store", "default", or empty.
    """

    seconds: float | None
    source: str


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
    for each in stages:
        if each.made >= FEWEST and each.seconds > 0:
            pace = Pace(
                samples=each.made, megapixels=each.made_megapixels, seconds=round(each.seconds, 3)
            )
            store.write_json(_path(each.stage, spec), pace.model_dump(mode="json"))


def find_pace(store: Store, stage: str, spec: DatasetSpec) -> Pace | None:
    """Return how long a stage took in the last build of a store that made enough with it."""
    return store.read_note(
        _path(stage, spec), Pace.model_validate, lambda: None, "a default is taken"
    )


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


def _path(stage: str, spec: DatasetSpec) -> str:
    who = who_works(stage, spec)
    return f"builds/pace/{stage}{f'-{sha256_hex(who.encode())[:12]}' if who else ''}.json"


def goes_by_size(stage: str, spec: DatasetSpec) -> bool:
    """Tell whether a stage takes longer for larger photos; a model sees all at one size."""
    return stage != _GROUNDING and not (stage == EDIT and spec.editor.make().is_paid)


DEFAULTS: Final[Mapping[tuple[str, str], Pace]] = {}


def forecast(
    store: Store, stage: str, spec: DatasetSpec, samples: int, megapixels: float
) -> Forecast:
    """Tell how long a stage takes for samples, by the store's own measure or else by a default.

    Args:
        store: The store.
        stage: The stage.
        spec: The dataset.
        samples: How many samples it has to make something for.
        megapixels: What their photos have together.
    """
    if samples == 0 or (stage == _GROUNDING and not spec.grounding.annotators):
        return Forecast(seconds=0.0, source="")
    measured = find_pace(store, stage, spec)
    pace = measured or DEFAULTS.get((stage, who_works(stage, spec)))
    if pace is None:
        return Forecast(seconds=None, source="")
    seconds = pace.seconds_for(samples, megapixels, by_size=goes_by_size(stage, spec))
    return Forecast(seconds=seconds, source="this store" if measured else "default")
