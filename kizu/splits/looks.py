"""What is known of a dataset's photos and others: when each was compared, how alike they are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from pydantic import Field

from kizu.settings import Record
from kizu.store import DamagedFileError, Store, keyed
from kizu.store.keys import content_key
from kizu.versions import DUPLICATES_VERSION


class Looks(Record):
    """What is known of a photo and others, by their files' SHA-256.

    Attributes:
        since: When it was first compared, ISO 8601 in UTC.
        likeness: How alike others were found, -1 to 1.
    """

    since: str
    likeness: dict[str, float] = Field(default_factory=dict)


@dataclass(frozen=True)
class LooksTable:
    """What is known of all photos that a dataset ever had, as one JSON file.

    Attributes:
        looks: By the photos' SHA-256.
        packs: Where their thumbnails lie.
        compared: Key of the photos of which no pair was left to look at.
    """

    looks: Mapping[str, Looks] = field(default_factory=dict)
    packs: tuple[str, ...] = ()
    compared: str = ""

    @classmethod
    def open(cls, store: Store, dataset: str, names: Sequence[str]) -> Self:
        """Read a dataset's table; where there is none, what an older kizu knew of its photos.

        Args:
            store: The store.
            dataset: The dataset's name.
            names: The SHA-256 of its photos.
        """
        return store.read_note(
            _path(dataset),
            cls._read,
            lambda: cls(dict(_older_looks(store, names))),
            "its photos are compared anew",
        )

    @classmethod
    def _read(cls, value: Mapping[str, Any]) -> Self:
        photos = [(str(name), str(since)) for name, since in value["photos"]]
        likeness: dict[str, dict[str, float]] = {name: {} for name, _ in photos}
        for first, second, found in value["pairs"]:
            one, other = photos[first][0], photos[second][0]
            likeness[one][other] = likeness[other][one] = float(found)
        looks = {name: Looks(since=since, likeness=likeness[name]) for name, since in photos}
        return cls(looks, tuple(value["packs"]), value["compared"])

    def is_of(self, names: Iterable[str]) -> bool:
        """Tell whether photos are those of which no pair was left to look at."""
        return self.compared == _key_of(names)

    def with_looks(self, looks: Mapping[str, Looks], compared: Sequence[str]) -> Self:
        """Return it with what is known now.

        Args:
            looks: By the photos' SHA-256.
            compared: The photos of which no pair is left to look at; nothing if any could not be
                read.
        """
        known = {**self.looks, **looks}
        return replace(self, looks=known, compared=_key_of(compared) if compared else "")

    def with_packs(self, packs: tuple[str, ...]) -> Self:
        """Return it with other packs."""
        return replace(self, packs=packs)

    def save(self, store: Store, dataset: str) -> None:
        """Keep it for the next build."""
        names = sorted(self.looks)
        places = {name: place for place, name in enumerate(names)}
        pairs = {
            (min(places[one], places[other]), max(places[one], places[other])): found
            for one in names
            for other, found in self.looks[one].likeness.items()
            if other in places
        }
        table = {
            "photos": [[name, self.looks[name].since] for name in names],
            "pairs": [[*pair, found] for pair, found in sorted(pairs.items())],
            "packs": list(self.packs),
            "compared": self.compared,
        }
        store.write_json(_path(dataset), table)


def _older_looks(store: Store, names: Iterable[str]) -> Iterator[tuple[str, Looks]]:
    """Yield what an older kizu knew, which wrote one file per photo."""
    there = set(store.list(_ROOM))
    known = [name for name in names if _older_path(name) in there]

    def read(name: str) -> Looks | None:
        try:
            return store.read_json_as(_older_path(name), Looks.model_validate)
        except (FileNotFoundError, DamagedFileError):
            return None

    with ThreadPoolExecutor(_READERS) as pool:
        for name, looks in zip(known, pool.map(read, known), strict=True):
            if looks is not None:
                yield name, looks


def _key_of(names: Iterable[str]) -> str:
    return content_key("compared", photos=sorted(names))


_ROOM: Final = f"near_duplicates/{DUPLICATES_VERSION}"
_READERS: Final = 16
"""Files read at once; stores answer slowly and in parallel."""


def _path(dataset: str) -> str:
    return f"{_ROOM}/datasets/{dataset}.json"


def _older_path(sha256: str) -> str:
    return f"{keyed(_ROOM, sha256)}.json"
