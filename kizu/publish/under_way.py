"""Notes that a version is being published or deleted, so that neither takes the other's files.

Each is noted before the other one's note is looked for. So a deletion that begins while a version
is published leaves the files, and a build that begins while a version is deleted knows that, and
looks at the end whether all files are there.
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
        is_over: False while files are removed, or if it was killed.
    """

    began: datetime
    is_over: bool = False


@contextmanager
def noting_deletion(store: Store, dataset: str) -> Iterator[None]:
    """Note that files of a dataset are removed while the block runs."""
    deletion = _Deletion(began=datetime.now(UTC))
    store.write_json(_deletion_path(dataset), deletion.model_dump(mode="json"))
    try:
        yield
    finally:
        if last_deletion(store, dataset, even_now=True) == _told(deletion):  # not another's
            over = deletion.model_copy(update={"is_over": True})
            store.write_json(_deletion_path(dataset), over.model_dump(mode="json"))


def last_deletion(store: Store, dataset: str, *, even_now: bool = False) -> str | None:
    """Return what stands for the last deletion of a dataset's versions; empty if there was none.

    Args:
        store: The store.
        dataset: The dataset.
        even_now: Also of one that is under way; else that is None.
    """
    try:
        last = store.read_json_as(_deletion_path(dataset), _Deletion.model_validate)
    except FileNotFoundError:
        return ""
    except DamagedFileError:
        return None
    return _told(last) if last.is_over or even_now else None


def _told(deletion: _Deletion) -> str:
    return deletion.began.isoformat()


def _deletion_path(dataset: str) -> str:
    return f"builds/deletions/{dataset}.json"


def _read(store: Store, dataset: str) -> UnderWay | None:
    try:
        return store.read_json_as(_path(dataset), UnderWay.model_validate)
    except (FileNotFoundError, DamagedFileError):
        return None


def _path(dataset: str) -> str:
    return f"builds/publishing/{dataset}.json"
