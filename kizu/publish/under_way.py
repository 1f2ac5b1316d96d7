"""Notes that a version is being published or deleted, so that neither takes the other's files.

Each is noted before the other one's note is looked for. So a deletion that begins while a version
is published leaves the files, and a build that began while a version was deleted knows that at its
end, and looks anew whether all files are there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
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


class _Deletion(Record):
    """A deletion of versions.

    Attributes:
        began: When that began.
        ended: When it was over; None while files are removed, or if it was killed.
    """

    began: datetime
    ended: datetime | None = None


@contextmanager
def noting_deletion(store: Store, dataset: str) -> Iterator[None]:
    """Note that files of a dataset are removed while the block runs.

    A disk is looked at each time and needs no note, which a full one could not take.
    """
    if store.local_root is not None:
        yield
        return
    deletion = _Deletion(began=datetime.now(UTC))
    store.write_json(_deletion_path(dataset), deletion.model_dump(mode="json"))
    try:
        yield
    finally:
        if _last_deletion(store, dataset) == deletion:  # and not another, which goes on
            over = deletion.model_copy(update={"ended": datetime.now(UTC)})
            store.write_json(_deletion_path(dataset), over.model_dump(mode="json"))


def may_be_deleting(store: Store, dataset: str) -> bool:
    """Tell whether files of a dataset are removed, or were since a publishing can have begun."""
    last = _last_deletion(store, dataset) if store.local_root is None else None
    return last is not None and (
        last.ended is None or datetime.now(UTC) - last.ended < _LONGEST + _CLOCKS_APART
    )


_CLOCKS_APART: Final = timedelta(hours=1)
"""S3 and Azure Blob refuse requests from a clock that is a quarter of an hour wrong."""


def _last_deletion(store: Store, dataset: str) -> _Deletion | None:
    try:
        return store.read_json_as(_deletion_path(dataset), _Deletion.model_validate)
    except FileNotFoundError:
        return None
    except DamagedFileError:
        return _Deletion(began=datetime.now(UTC))


def _deletion_path(dataset: str) -> str:
    return f"builds/deletions/{dataset}.json"


def _read(store: Store, dataset: str) -> UnderWay | None:
    try:
        return store.read_json_as(_path(dataset), UnderWay.model_validate)
    except (FileNotFoundError, DamagedFileError):
        return None


def _path(dataset: str) -> str:
    return f"builds/publishing/{dataset}.json"
