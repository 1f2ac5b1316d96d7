"""Says in one sentence that a store takes no more files, and how much room its disk has."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_UNWRITABLE: Final = frozenset(
    {
        errno.ENOSPC,  # the disk is full, or has no inodes left
        errno.EDQUOT,
        errno.EFBIG,  # larger than the file system or a limit of the process lets files be
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
    }
)


class StoreUnwritableError(OSError):
    """The store takes no more files; what it holds is safe."""

    def __init__(self, sentence: str, code: int | None) -> None:
        """Take what to tell, and the system's number for it."""
        super().__init__(code, sentence)
        self._sentence = sentence

    def __str__(self) -> str:
        """Return the sentence, without the number."""
        return self._sentence


@contextmanager
def telling(place: str, disk: Path | None) -> Iterator[None]:
    """Have errors that mean "no more files" told as a sentence.

    Args:
        place: The file that is written, for people.
        disk: A path on the disk that it goes to; None for an object store.

    Raises:
        StoreUnwritableError: It cannot be written, and trying again will not help.
    """
    try:
        yield
    except StoreUnwritableError:
        raise
    except OSError as error:
        if error.errno not in _UNWRITABLE and not isinstance(error, PermissionError):
            raise
        raise StoreUnwritableError(_sentence(place, disk, error), error.errno) from error


def _sentence(place: str, disk: Path | None, error: OSError) -> str:
    room = f", {in_words(free_bytes(disk))} free on its disk" if disk else ""
    why = os.strerror(error.errno).lower() if error.errno else str(error)
    return (
        f"{place} cannot be written: {why}{room}; make room or let the store be written, and run "
        "again: what it holds is safe"
    )


def free_bytes(disk: Path) -> int:
    """Return how many bytes can be written to the disk that a path is on, or will be."""
    there = next(folder for folder in (disk, *disk.parents) if folder.exists())
    return shutil.disk_usage(there).free


def in_words(size: float) -> str:
    """Write a number of bytes as people read it.

    Example:
        >>> in_words(300), in_words(2_500_000), in_words(7e12)
        ('0.0 MB', '2.5 MB', '7000.0 GB')
    """
    return f"{size / 1e9:.1f} GB" if size >= _GB else f"{size / 1e6:.1f} MB"


_GB: Final = 10**9
