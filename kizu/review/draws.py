"""Random draws of samples for people to judge: what a bound is proven from.

A draw is stored before anybody judges it, and never changed: whoever could choose which samples
count could prove anything. ``reviews/NAME/draws/00000001.json`` is a dataset's first.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Final

from pydantic import Field

from kizu.settings import Record
from kizu.store import DamagedFileError, Store
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
        seen: What was there to draw from or to compare with, each by the first digits of its
            folder's key: all else is new.
        makers: Who made the population: every combination of prompt, model, annotators and
            versions in it, as a key each.
        photographs: Of how many photographs the figures are.
        restarts: True if what earlier draws of the stratum proved does not hold any more.
        figures: What was measured of the population, by name; for what comes later to be held
            against. A figure that a sample lacks is None.
    """

    dataset: str
    stratum: str
    number: int
    drawn_at: str
    population: int
    members: tuple[str, ...]
    seen: tuple[str, ...] = ()
    restarts: bool = False
    photographs: int = 0
    makers: tuple[str, ...] = ()
    figures: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)


def draw_samples(
    store: Store,
    dataset: str,
    stratum: str,
    population: Mapping[str, str],
    size: int,
    *,
    makers: Iterable[str] = (),
    seen: Iterable[str] = (),
    figures: Mapping[str, Sequence[float | None]] | None = None,
    photographs: int = 0,
    restarts: bool = False,
) -> Draw | None:
    """Draw samples that no earlier draw of the stratum holds, and store the draw.

    Every sample is as likely to be drawn as any other. The draw goes on until it holds as many
    photographs as it needs: a second edit of one photograph proves next to nothing, but leaving it
    out would make the edits of much edited photographs less likely to be looked at.

    Args:
        store: The store.
        dataset: The dataset.
        stratum: What is drawn from.
        population: Of all that would be accepted, the decision folder and the photograph.
        size: How many new photographs to draw; fewer where there are no more.
        makers: See ``Draw``.
        seen: Decision folders of all samples there are.
        figures: See ``Draw``.
        photographs: See ``Draw``.
        restarts: See ``Draw``.

    Returns:
        The draw; None if all that there is was drawn before.
    """
    earlier = open_draws(store, dataset)
    drawn = {member for each in earlier if each.stratum == stratum for member in each.members}
    fresh = [folder for folder in population if folder not in drawn]
    if not fresh:
        return None
    used = set() if restarts else {population[each] for each in drawn if each in population}
    number = max((each.number for each in earlier), default=0) + 1
    while True:
        seed = content_key(
            "draw", dataset=dataset, stratum=stratum, number=number, fresh=sorted(fresh)
        )
        shuffled = Random(seed).sample(sorted(fresh), len(fresh))  # noqa: S311 - anybody may repeat it
        made = Draw(
            dataset=dataset,
            stratum=stratum,
            number=number,
            drawn_at=datetime.now(UTC).isoformat(timespec="seconds"),
            population=len(population),
            members=tuple(_until(shuffled, population, used, size)),
            seen=tuple(sorted({short_key(folder) for folder in seen})),
            makers=tuple(sorted(set(makers))),
            restarts=restarts,
            photographs=photographs,
            figures={name: tuple(values) for name, values in (figures or {}).items()},
        )
        if store.create_json(_path(dataset, number), made.model_dump(mode="json")):
            return made
        number += 1


def _until(
    folders: Sequence[str], photos: Mapping[str, str], used: set[str], size: int
) -> list[str]:
    """Return the first of shuffled folders, until so many photographs are new among them."""
    members: list[str] = []
    new: set[str] = set()
    for folder in folders:
        if len(new) >= size:
            break
        members.append(folder)
        new |= {photos[folder]} - used
    return members


def draws_in_force(draws: Iterable[Draw], stratum: str, maker: str = "") -> list[Draw]:
    """Return the draws of a stratum since it was last drawn from anew.

    Args:
        draws: A dataset's draws, the first one first.
        stratum: The stratum.
        maker: Only those of this maker alone; empty for all.
    """
    own = [
        draw for draw in draws if draw.stratum == stratum and (not maker or draw.makers == (maker,))
    ]
    begins = max((place for place, draw in enumerate(own) if draw.restarts), default=0)
    return own[begins:]


def short_key(folder: str) -> str:
    """Return the first digits of a decision folder's key, enough to tell samples apart."""
    return folder.rsplit("/", 1)[-1][:12]


def open_draws(store: Store, dataset: str) -> list[Draw]:
    """Return a dataset's draws that can be read, the first one first."""
    return find_draws(store, dataset)[0]


def find_draws(store: Store, dataset: str) -> tuple[list[Draw], list[str]]:
    """Return a dataset's draws, and a sentence per draw that is damaged or missing.

    Nothing is proven while one is: it may hold the samples that were found wrong.
    """
    drawn: list[Draw] = []
    problems: list[str] = []
    for place, path in enumerate(store.list(_folder(dataset)), 1):
        if path != _path(dataset, place) and not problems:
            lost = DamagedFileError(store.address(_path(dataset, place)), "it is missing")
            problems.append(f"{lost}; {_WAY_OUT}")
        try:
            drawn.append(store.read_json_as(path, Draw.model_validate))
        except DamagedFileError as damage:
            problems.append(f"{damage}; {_WAY_OUT}")
    return drawn, problems


_WAY_OUT: Final = "bring the file back from a copy, or 'kizu repair' has all drawn from anew"


def _folder(dataset: str) -> str:
    return f"reviews/{dataset}/draws"


def _path(dataset: str, number: int) -> str:
    return f"{_folder(dataset)}/{number:08d}.json"
