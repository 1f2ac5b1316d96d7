"""Real small disks, which can be filled and made read-only; root may mount them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class SmallDisk:
    """A file system in memory with a folder on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leave no room."""
        with (
            suppress(OSError),
            (self.folder / "ballast").open("wb", buffering=0) as ballast,
        ):
            while True:
                ballast.write(bytes(4096))

    def make_room(self) -> None:
        (self.folder / "ballast").unlink()

    def allow(self, what: str) -> None:
        """Allow "ro", reading only, or "rw"."""
        _mount("-o", f"remount,{what}", str(self.folder))


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)  # noqa: S603, S607 - the system's


@contextmanager
def small_disk(folder: Path, size_mib: float) -> Iterator[SmallDisk]:
    """Mount a disk of a size on a new folder while the block runs."""
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={int(size_mib * 1024)}k", "tmpfs", str(folder))
    try:
        _mount(*options)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root can mount a small disk")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 - the system's
