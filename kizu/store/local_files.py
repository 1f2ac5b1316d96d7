"""Files on a local disk that appear whole or not at all, also where there are no hard links.

A file is written aside, flushed and then given its name. A killed writer leaves at most a file
whose name begins with ``.aside-``.
"""

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kizu.store.retry import retry_while_unreachable

try:
    import fcntl
except ImportError:  # not on Windows, where a rename fails if the name is taken
    fcntl = None  # type: ignore[assignment] # the name stands for its absence

_ASIDE: Final = ".aside-"
_NO_HARD_LINKS: Final = frozenset(
    {
        errno.EPERM,  # Linux: exFAT, FAT
        errno.ENOTSUP,  # macOS, SMB
        errno.EOPNOTSUPP,
        errno.ENOSYS,  # FUSE
        errno.EINVAL,  # Windows: FAT, exFAT
    }
)
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


def is_aside(name: str) -> bool:
    """Tell whether a file is no result but one that is being written, or a lock."""
    return name.startswith(_ASIDE)


def write_local(target: Path, data: bytes) -> None:
    """Write a file; an older one of the name is replaced."""
    aside = _aside(target)
    try:
        _write_through(aside, data)
        aside.replace(target)
    finally:
        _drop(aside)


def create_local(where: str, target: Path, data: bytes) -> bool:
    """Write a file unless its name is taken; of many writers exactly one succeeds.

    Without hard links that takes locks of the file system. Machines that share such a folder but
    not its locks, or see each other's files late (sshfs, SMB), can both succeed if they create a
    file in the same moment.

    Args:
        where: The store, for the message of an outage.
        target: The file.
        data: What it holds.

    Returns:
        True if this call wrote the file.

    Raises:
        OSError: The disk has neither hard links nor locks.
        StoreUnreachableError: It could not be reached for too long.
    """
    aside = _aside(target)
    try:
        retry_while_unreachable(where, lambda: _write_through(aside, data))
        return retry_while_unreachable(where, lambda: _is_named(aside, target))
    finally:
        _drop(aside)


def _aside(target: Path) -> Path:
    return target.with_name(f"{_ASIDE}{uuid.uuid4().hex}")


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
    opened = os.open(folder / f"{_ASIDE}lock", os.O_RDWR | os.O_CREAT)
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
