"""Files on a local disk that appear whole or not at all, also where there are no hard links.

A file is written aside, flushed and then given its name. A killed writer leaves at most a file
whose name begins with ``.aside-``, in one folder of the store, where it is found without a walk
over all files; only where a part of the store is another file system, beside the file itself.
"""

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from kizu.store.retry import retry_while_unreachable

T = TypeVar("T")

try:
    import fcntl
except ImportError:  # not on Windows, where a rename fails if the name is taken
    fcntl = None  # type: ignore[assignment] # the name stands for its absence

_ASIDE: Final = ".aside-"
_ASIDE_FOLDER: Final = ".aside"
_LOCK: Final = f"{_ASIDE}lock"
_NO_HARD_LINKS: Final = frozenset(
    {
        errno.EPERM,  # Linux: exFAT, FAT
        errno.ENOTSUP,  # macOS, SMB
        errno.EOPNOTSUPP,
        errno.ENOSYS,  # FUSE
        errno.EINVAL,  # Windows: FAT, exFAT
    }
)
_NO_SECOND_NAME: Final = _NO_HARD_LINKS | {
    errno.EXDEV,  # a part of the store is another file system
    errno.EMLINK,  # ext4: 65,000 names of a file, NTFS: 1,024
}
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


def is_aside(name: str) -> bool:
    """Tell whether a file is no result but one that is being written, or a lock."""
    return name.startswith(_ASIDE)


def files_below(root: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield all files below a folder, unsorted, with their paths from there; of no folder, none.

    Raises:
        OSError: A folder cannot be read.
    """
    left = [("", root)]
    while left:
        prefix, folder = left.pop()
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
        except (FileNotFoundError, NotADirectoryError):  # it was never there, or is gone
            continue
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                left.append((f"{prefix}{entry.name}/", entry.path))
            else:
                yield f"{prefix}{entry.name}", entry


def sizes_of(entries: Mapping[str, os.DirEntry[str]]) -> dict[str, int]:
    """Return the sizes of files in bytes, by path; those that are gone are left out."""
    sizes = {}
    for path, entry in entries.items():
        with contextlib.suppress(FileNotFoundError):
            sizes[path] = entry.stat().st_size
    return sizes


def write_local(root: Path, target: Path, data: bytes) -> None:
    """Write a file; an older one of the name is replaced.

    Args:
        root: The store's folder.
        target: The file.
        data: What it holds.
    """

    def write(aside: Path) -> None:
        _write_through(aside, data)
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(target)

    _written_aside(root, target, write)


def link_local(root: Path, source: Path, target: Path) -> bool:
    """Give a file a second name; an older file of that name is replaced.

    Args:
        root: The store's folder.
        source: The file.
        target: Its second name.

    Returns:
        False where the disk cannot do that.

    Raises:
        FileNotFoundError: There is no such file.
    """

    def link(aside: Path) -> None:
        aside.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, aside)
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(target)  # does nothing where both are names of one file

    try:
        _written_aside(root, target, link)
    except OSError as error:
        if error.errno not in _NO_SECOND_NAME:
            raise
        return False
    return True


@contextmanager
def aside_files(root: Path) -> Iterator[Callable[[], Path]]:
    """Yield what names new files aside, for work on disk; they are gone when the block ends.

    Args:
        root: The store's folder; in it they can be given their names without being copied.
    """
    made: list[Path] = []

    def new() -> Path:
        made.append(root / _ASIDE_FOLDER / f"{_ASIDE}{uuid.uuid4().hex}")
        return made[-1]

    (root / _ASIDE_FOLDER).mkdir(parents=True, exist_ok=True)
    try:
        yield new
    finally:
        for file in made:
            _drop(file)


def adopt_local(root: Path, target: Path, file: Path) -> None:
    """Give a file of this machine its name in the store; across file systems it is copied.

    Args:
        root: The store's folder.
        target: The name; an older file of it is replaced.
        file: The file, which is flushed and moved, so it may be gone afterwards.
    """
    if not file.exists() and target.exists():  # an earlier try moved it, and its answer was lost
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _flush(file)
        file.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _written_aside(root, target, lambda aside: _copy_then_name(file, aside, target))


def _copy_then_name(file: Path, aside: Path, target: Path) -> None:
    aside.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, aside)
    _flush(aside)
    aside.replace(target)


def _flush(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def remove_stale(root: Path, before: datetime, *, everywhere: bool = False) -> int:
    """Remove what killed writers left; count it.

    Args:
        root: The store's folder.
        before: What was last written before this moment has no writer any more.
        everywhere: Look beside all files as well, where older versions of kizu wrote aside.
    """
    removed = 0
    for folder, _, names in os.walk(root if everywhere else root / _ASIDE_FOLDER):
        for name in (name for name in names if is_aside(name) and name != _LOCK):
            with contextlib.suppress(OSError):  # another removed it, or it is not ours to remove
                file = Path(folder, name)
                if file.stat().st_mtime < before.timestamp():
                    file.unlink()
                    removed += 1
    return removed


def create_local(where: str, root: Path, target: Path, data: bytes) -> bool:
    """Write a file unless its name is taken; of many writers exactly one succeeds.

    Without hard links that takes locks of the file system. Machines that share such a folder but
    not its locks, or see each other's files late (sshfs, SMB), can both succeed if they create a
    file in the same moment.

    Args:
        where: The store, for the message of an outage.
        root: The store's folder.
        target: The file.
        data: What it holds.

    Returns:
        True if this call wrote the file.

    Raises:
        OSError: The disk has neither hard links nor locks.
        StoreUnreachableError: It could not be reached for too long.
    """

    def write(aside: Path) -> bool:
        retry_while_unreachable(where, lambda: _write_through(aside, data))
        retry_while_unreachable(where, lambda: target.parent.mkdir(parents=True, exist_ok=True))
        return retry_while_unreachable(where, lambda: _is_named(aside, target))

    return _written_aside(root, target, write)


def _written_aside(root: Path, target: Path, write: Callable[[Path], T]) -> T:
    """Write a file aside in the store's folder for that, or beside the target across file systems.

    Args:
        root: The store's folder.
        target: The file.
        write: Writes aside and gives the file its name.
    """
    name = f"{_ASIDE}{uuid.uuid4().hex}"
    try:
        return _then_dropped(root / _ASIDE_FOLDER / name, write)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    return _then_dropped(target.with_name(name), write)


def _then_dropped(aside: Path, write: Callable[[Path], T]) -> T:
    try:
        return write(aside)
    finally:
        _drop(aside)


def _write_through(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())


def _drop(aside: Path) -> None:
    with contextlib.suppress(OSError):  # nobody takes it for a result
        aside.unlink(missing_ok=True)


def _is_named(aside: Path, target: Path) -> bool:
    """Give a file its name, or tell whether an earlier try whose answer was lost has done so."""
    if not _is_there(aside):
        return True
    try:
        _name(aside, target)
    except FileExistsError:
        return target.samefile(aside)
    return True


def _name(aside: Path, target: Path) -> None:
    """Give a file its name by a link which, unlike a rename, fails if the name is taken."""
    try:
        os.link(aside, target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        with _locked(target.parent):
            if _is_there(target):
                raise FileExistsError(target) from None
            aside.rename(target)


def _is_there(file: Path) -> bool:
    """Tell whether a file is there; that it cannot be told is an error, not a no."""
    try:
        file.stat()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; the kernel lets go of it when the process dies."""
    if fcntl is None:
        yield
        return
    opened = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT)
    try:
        _lock(opened, folder)
        yield
    finally:
        os.close(opened)


def _lock(opened: int, folder: Path) -> None:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise OSError(
            error.errno,
            f"the disk of {folder} has neither hard links nor locks; put the store on another one",
        ) from error
