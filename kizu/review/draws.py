"""Random draws of samples for people to judge: what a bound is proven from.

A draw is stored before anybody judges it, and never changed: whoever could choose which samples
count could prove anything. ``reviews/NAME/draws/00000001.json`` is a dataset's first.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import Random

from pydantic import Field

from kizu.settings import Record
from kizu.store import Store
from kizu.store.keys import content_key


class Draw(Record):
    """Samples drawn at random from what would be accepted.

    Attributes:
        dataset: The dataset.
        stratum: What it was drawn from, as ``kizu.certify`` names it.
        number: Its number among the dataset's draws, from 1.
        drawn_at: When, in ISO 8601 UTC.
        population: How many samples it was drawn from, those of earlier draws among them.
        members: Folders of the drawn samples' decisions (``decision_folder``), in random order.
        makers: Who made the population: every combination of prompt, model, annotators and
            versions in it, as a key each.
        figures: What was measured of the population, by name; for what comes later to be held
            against. A figure that a sample lacks is None.
    """

    dataset: str
    stratum: str
    number: int
    drawn_at: str
    population: int
    members: tuple[str, ...]
    makers: tuple[str, ...] = ()
    figures: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)


def draw_samples(
    store: Store,
    dataset: str,
    stratum: str,
    population: Sequence[str],
    size: int,
    *,
    makers: Sequence[str] = (),
    figures: Mapping[str, Sequence[float | None]] | None = None,
) -> Draw:
    """Draw samples that no earlier draw of the stratum holds, and store the draw.

    Args:
        store: The store.
        dataset: The dataset.
        stratum: What is drawn from.
        population: Decision folders of all that would be accepted.
        size: How many to draw; fewer where there are no more.
        makers: See ``Draw``.
        figures: See ``Draw``.
    """
    earlier = open_draws(store, dataset)
    drawn = {member for each in earlier if each.stratum == stratum for member in each.members}
    fresh = sorted(set(population) - drawn)
    number = len(earlier) + 1
    while True:
        seed = content_key("draw", dataset=dataset, stratum=stratum, number=number, fresh=fresh)
        made = Draw(
            dataset=dataset,
            stratum=stratum,
            number=number,
            drawn_at=datetime.now(UTC).isoformat(timespec="seconds"),
            population=len(population),
            members=tuple(Random(seed).sample(fresh, min(size, len(fresh)))),  # noqa: S311 - a sample, no secret
            makers=tuple(sorted(set(makers))),
            figures={name: tuple(values) for name, values in (figures or {}).items()},
        )
        if store.create_json(_path(dataset, number), made.model_dump(mode="json")):
            return made
        number += 1


def open_draws(store: Store, dataset: str) -> list[Draw]:
    """Return a dataset's draws, the first one first."""
    return [Draw.model_validate(store.read_json(path)) for path in store.list(_folder(dataset))]


def _folder(dataset: str) -> str:
    return f"reviews/{dataset}/draws"


def _path(dataset: str, number: int) -> str:
    return f"{_folder(dataset)}/{number:08d}.json"
