"""Notes that a version of a dataset is being published, so that nothing it counts on is removed."""

from datetime import UTC, datetime, timedelta
from typing import Final

from kizu.publish.layout import VersionFolder
from kizu.settings import Record
from kizu.store import DamagedFileError, Store

_LONGEST: Final = timedelta(days=1)
"""A note that is older is of a build that was killed: publishing takes hours at most."""


class UnderWay(Record):
    """A version that is being published.

    Attributes:
        version: The version.
        since: When that began.
    """

    version: str
    since: datetime


def note_begin(store: Store, folder: VersionFolder) -> None:
    """Note that a version is being published; a later one of the dataset takes the note over."""
    begun = UnderWay(version=folder.version, since=datetime.now(UTC))
    store.write_json(_path(folder.dataset), begun.model_dump(mode="json"))


def note_end(store: Store, folder: VersionFolder) -> None:
    """Note that a version is published."""
    found = _read(store, folder.dataset)
    if found is None or found.version == folder.version:
        store.remove(_path(folder.dataset))


def find_under_way(store: Store, dataset: str) -> UnderWay | None:
    """Return the version of a dataset that is being published; None if there is none."""
    found = _read(store, dataset)
    return found if found and datetime.now(UTC) - found.since < _LONGEST else None


def _read(store: Store, dataset: str) -> UnderWay | None:
    try:
        return store.read_json_as(_path(dataset), UnderWay.model_validate)
    except (FileNotFoundError, DamagedFileError):
        return None


def _path(dataset: str) -> str:
    return f"builds/publishing/{dataset}.json"
