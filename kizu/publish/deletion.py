"""Deletes versions: first the manifest, so that a version is complete or gone, then what is left.

What no complete version names is left over from deleted versions and killed builds: tables without
a manifest, and pictures and masks that no table names. Every deletion removes all of it, so that
what a killed one leaves is gone with the next. Edits, decisions and all that stages made stay.
"""

import logging
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kizu.progress import advance, expect
from kizu.publish.dataset import FILE_KINDS, Dataset
from kizu.publish.earlier import noted_path
from kizu.publish.layout import (
    CARDS,
    MANIFEST,
    POOL,
    VersionFolder,
    cards_path,
    latest_path,
    latest_version,
    pool_path,
)
from kizu.publish.under_way import find_under_way, noting_deletion
from kizu.store import DamagedFileError, Store

logger = logging.getLogger(__name__)

DELETE: Final = "delete"
"""What progress is reported as."""


class DeletionError(ValueError):
    """A version is not deleted; the message says why and the way out."""


@dataclass(frozen=True)
class Deleted:
    """What a deletion removed.

    Attributes:
        was_there: False if the version was gone already, and only leftovers were.
        files: How many files.
        freed_bytes: What that freed; files with another name elsewhere free nothing.
    """

    was_there: bool
    files: int
    freed_bytes: int


def delete_version(
    store: Store, folder: VersionFolder, *, even_latest: bool = False, even_building: bool = False
) -> Deleted:
    """Delete a version, and what is left over of others.

    Args:
        store: The store.
        folder: The version.
        even_latest: Delete it although it is the latest one; there is none then until a build.
        even_building: Delete it although a build seems to be publishing the dataset.

    Raises:
        DeletionError: It must not be deleted, is not there, or it cannot be told what others need.
    """
    check_deletable(store, folder, even_latest=even_latest, even_building=even_building)
    was_there = store.exists(folder.path(MANIFEST))
    kept = _needed(store, folder)
    if _is_latest(store, folder):
        store.remove(latest_path(folder.dataset))
    store.remove(folder.path(MANIFEST))
    store.remove(noted_path(folder))
    files = freed = 0
    with noting_deletion(store, folder.dataset):
        building = find_under_way(store, folder.dataset)
        if building and not even_building:  # it began since, and may need what is left
            return Deleted(was_there, files=0, freed_bytes=0)
        leftovers = _leftovers(store, folder, kept)
        expect(DELETE, len(leftovers))
        for path, size in leftovers:
            freed += _freed(store, path, size)
            store.remove(path)
            files += 1
            advance(DELETE)
        _remove_empty_folders(store, folder)
    if not (was_there or files):
        raise DeletionError(
            f"there is no version {folder.version!r} of {folder.dataset!r} in {store.url}; "
            f"'kizu versions {folder.dataset}' lists them"
        )
    return Deleted(was_there, files, freed)


def check_deletable(
    store: Store, folder: VersionFolder, *, even_latest: bool, even_building: bool
) -> None:
    """Refuse what must not be deleted; arguments as of ``delete_version``.

    Raises:
        DeletionError: It must not be.
    """
    if not even_latest and _is_latest(store, folder):
        raise DeletionError(
            f"{folder.version} is the latest version of {folder.dataset!r}, which readers open; "
            "publish another one first, or say --latest"
        )
    building = find_under_way(store, folder.dataset)
    if building and not even_building:
        raise DeletionError(
            f"a build is publishing version {building.version} of {folder.dataset!r} since "
            f"{building.since:%Y-%m-%d %H:%M} UTC; wait for it, or, if it was killed, build again "
            "or say --even-building"
        )


def _is_latest(store: Store, folder: VersionFolder) -> bool:
    try:
        return latest_version(store, folder.dataset) == folder
    except DamagedFileError:
        return False


def _needed(store: Store, without: VersionFolder) -> set[str]:
    """Return the paths of all files that versions name but for one, as disks compare names.

    Raises:
        DeletionError: A version is damaged, so that nobody knows what it needs.
    """
    needed: set[str] = set()
    for place in store.list_folders(f"datasets/{without.dataset}"):
        folder = VersionFolder(without.dataset, place.rpartition("/")[2])
        if folder in (without, VersionFolder(without.dataset, POOL)):
            continue
        if not store.exists(folder.path(MANIFEST)):
            continue
        try:
            needed.update(map(_as_compared, published_paths(Dataset(store, folder))))
        except ValueError as damage:
            raise DeletionError(
                f"{damage}; until then it is not known which pictures version {folder.version} "
                "needs, so nothing is deleted"
            ) from damage
    return needed


def published_paths(dataset: Dataset) -> Iterator[str]:
    """Yield where the pictures and masks of a version lie in the store.

    Raises:
        DatasetError: The table that names them is not what was published.
    """
    columns = [f"{kind}_path" for kind in FILE_KINDS]
    for row in dataset.rows("samples", columns):
        for path in filter(None, row.values()):
            yield dataset.folder.path(path)


def _as_compared(path: str) -> str:
    """Return a path as disks compare names: some know no case, some list another Unicode form."""
    return unicodedata.normalize("NFC", path).casefold()


def _leftovers(store: Store, folder: VersionFolder, needed: set[str]) -> list[tuple[str, int]]:
    """Return what no version needs, with sizes: pictures, tables without a manifest, the report."""
    pool = store.sizes(pool_path(folder.dataset))
    left = [(path, size) for path, size in pool.items() if _as_compared(path) not in needed]
    for place in store.list_folders(f"datasets/{folder.dataset}"):
        other = VersionFolder(folder.dataset, place.rpartition("/")[2])
        if other.version != POOL and not store.exists(other.path(MANIFEST)):
            left += store.sizes(place).items()
    left += store.sizes(folder.report_folder).items()
    return [*left, *_unshown(store, folder)]


def _unshown(store: Store, without: VersionFolder) -> Iterator[tuple[str, int]]:
    """Yield the pictures of reports that no report but one's names, with sizes."""
    shown: set[str] = set()
    for place in store.list_folders(f"reports/{without.dataset}"):
        folder = VersionFolder(without.dataset, place.rpartition("/")[2])
        if folder != without and folder.version != CARDS:
            shown.update(_cards_of(store, folder))
    sizes = store.sizes(cards_path(without.dataset))
    unshown = [(path, size) for path, size in sizes.items() if Path(path).stem not in shown]
    yield from unshown
    others = store.sizes(f"reports/{without.dataset}").items()
    memory = f"{cards_path(without.dataset)}.json"  # it may name what is removed
    for path, size in others:
        is_last = not shown and path.count("/") == memory.count("/")
        if is_last or (unshown and path == memory):
            yield path, size


def _cards_of(store: Store, folder: VersionFolder) -> Iterable[str]:
    """Return the names of the pictures that a version's report shows; none of an older kizu's."""
    try:
        return [str(key) for key in store.read_json(folder.report(f"{CARDS}.json"))[CARDS]]
    except (FileNotFoundError, DamagedFileError, KeyError):
        return ()


def _freed(store: Store, path: str, size: int) -> int:
    """Return what a file's removal frees: nothing on a disk where it has another name."""
    if store.local_folder("") is None:
        return size
    try:
        return size if Path(store.address(path)).stat().st_nlink == 1 else 0
    except FileNotFoundError:
        return 0


def _remove_empty_folders(store: Store, folder: VersionFolder) -> None:
    """Remove the folders that a deletion emptied; object stores have none."""
    if store.local_folder("") is None:
        return
    places: Iterable[str] = (f"reports/{folder.dataset}", f"datasets/{folder.dataset}")
    for place in places:
        root = Path(store.address(place))
        inner = sorted(root.rglob("*"), key=lambda each: len(each.parts), reverse=True)
        for each in [*(each for each in inner if each.is_dir()), root]:
            try:
                each.rmdir()
            except OSError:  # it holds something, or is gone
                continue
