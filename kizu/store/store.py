"""The store: files by name under one URL, on a local disk, Azure Blob or S3, through fsspec.

Layout, readable by people::

    normals/ab/abcd….png        normal images as kizu decodes them
    edits/ab/abcd…/             bought and painted edits with their sidecar; kizu never deletes here
    ledger/…                    one small file per paid call, and one for what came of it
    truth/ab/abcd….png          the painter's true masks, for evaluation only
    stages/diff/ab/abcd…/       what a stage made, addressed by the key of its inputs
    builds/…                    plans and shards
    decisions/ab/abcd…/         what people decided on a picture with its mask, one after the other
    reviews/NAME/draws/         samples drawn at random for people to judge
    datasets/NAME/VERSION/      what is published
    reports/NAME/VERSION/       pages and pictures
    results/                    what Prefect keeps of tasks; old ones are removed

A file appears whole or not at all. On a local disk it is written aside, flushed and renamed; object
stores show an object only when its upload is complete. A writer that is killed leaves nothing that
another could mistake for a result, and no lock that is held. Every call waits out short outages.
"""

import contextlib
import json
import os
import posixpath
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import fsspec
from fsspec.implementations.local import LocalFileSystem

from kizu.store.keys import canonical_json, sha256_hex
from kizu.store.local_files import create_local, is_aside, write_local
from kizu.store.retry import retry_while_unreachable


class Store:
    """Files under a store URL.

    Paths are relative, with forward slashes. Any number of threads, processes and machines may use
    one store at the same time: equal names always hold equal content, so the last writer is as
    right as the first.
    """

    def __init__(self, url: str) -> None:
        """Open the store.

        Args:
            url: A folder ("kizu-store") or an fsspec URL ("abfs://container/kizu").

        Raises:
            ValueError: No file system is known for the URL, or a package for it is missing.
        """
        try:
            place = os.path.expanduser(url)  # noqa: PTH111 - a URL is no Path
            # a cached listing would hide what other machines have written since
            self._fs, self._root = fsspec.core.url_to_fs(place, use_listings_cache=False)
        except (ValueError, ImportError) as error:
            raise ValueError(f"cannot open the store {url!r}: {error}") from error
        self._local = isinstance(self._fs, LocalFileSystem)
        self.url = url

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        """Travel to another process as the URL alone."""
        return type(self), (self.url,)

    def address(self, path: str) -> str:
        """Return where a file lies, for people and other programs."""
        full = self._full(path)
        return full if self._local else str(self._fs.unstrip_protocol(full))

    def exists(self, path: str) -> bool:
        """Tell whether a file is there; that it cannot be told is an error, not a no."""
        full = self._full(path)
        try:
            return bool(
                retry_while_unreachable(self.url, lambda: self._fs.info(full))["type"] == "file"
            )
        except (FileNotFoundError, NotADirectoryError):
            return False

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            FileNotFoundError: It is not there.
        """
        full = self._full(path)
        return bytes(retry_while_unreachable(self.url, lambda: self._fs.cat_file(full)))

    def write(self, path: str, data: bytes) -> None:
        """Write a file so that it appears whole; an older file of the name is replaced."""
        full = self._full(path)
        if self._local:
            retry_while_unreachable(self.url, lambda: write_local(Path(full), data))
        else:
            retry_while_unreachable(self.url, lambda: self._fs.pipe_file(full, data))

    def create(self, path: str, data: bytes) -> bool:
        """Write a file only if there is none of its name; of many writers exactly one succeeds.

        Object stores need conditional writes: Azure Blob has them, S3 has ``If-None-Match``. Their
        clients repeat a request whose answer was lost, so there a writer is known by its bytes:
        several who write equal bytes may all be told True. Who acts on the answer puts something
        of its own into the file.

        Returns:
            True if this call wrote the file.
        """
        full = self._full(path)
        if self._local:
            return create_local(self.url, Path(full), data)
        try:
            retry_while_unreachable(self.url, lambda: self._fs.pipe_file(full, data, mode="create"))
        except FileExistsError:
            return self.read(path) == data
        return True

    def create_json(self, path: str, value: dict[str, Any]) -> bool:
        """Write a JSON object only if there is no file of the name; True if this call did."""
        return self.create(path, canonical_json(value).encode())

    def remove(self, path: str) -> None:
        """Remove a file that is no longer needed; nothing happens if it is gone already."""
        full = self._full(path)
        with contextlib.suppress(FileNotFoundError):
            retry_while_unreachable(self.url, lambda: self._fs.rm_file(full))

    def local_folder(self, path: str) -> Path | None:
        """Return a folder of the local disk, made if need be; None on an object store."""
        if not self._local:
            return None
        folder = Path(self._full(path))
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def read_json(self, path: str) -> dict[str, Any]:
        """Return a JSON object that ``write_json`` wrote."""
        value: dict[str, Any] = json.loads(self.read(path))
        return value

    def write_json(self, path: str, value: dict[str, Any]) -> None:
        """Write a JSON object in canonical form: equal objects give equal bytes."""
        self.write(path, canonical_json(value).encode())

    def put_json(self, folder: str, value: dict[str, Any]) -> str:
        """Write a JSON object under its own content key and return its path."""
        data = canonical_json(value).encode()
        path = f"{keyed(folder, sha256_hex(data))}.json"
        if not self.exists(path):
            self.write(path, data)
        return path

    def list(self, folder: str) -> Iterator[str]:
        """Yield the paths of all files below a folder, sorted; nothing if it is not there."""
        root = self._full(folder)
        # the walk over a disk would leave out what it cannot read
        options = {"on_error": _raise_unless_gone} if self._local else {}
        try:
            found = retry_while_unreachable(self.url, lambda: self._fs.find(root, **options))
        except FileNotFoundError:
            return
        for full in sorted(found):
            if not is_aside(posixpath.basename(full)):
                yield posixpath.join(folder, posixpath.relpath(full, root))

    def list_folders(self, folder: str) -> Iterator[str]:
        """Yield the paths of the folders right below a folder, sorted; nothing if it is not there.

        Costs as much as the folder has entries, however many files lie below them.
        """
        root = self._full(folder)
        try:
            found = retry_while_unreachable(self.url, lambda: self._fs.ls(root, detail=True))
        except (FileNotFoundError, NotADirectoryError):
            return
        for full in sorted(entry["name"] for entry in found if entry["type"] == "directory"):
            yield posixpath.join(folder, posixpath.basename(full.rstrip("/")))

    def prune(self, folder: str, before: datetime) -> int:
        """Remove files below a folder that were last written before a moment; count them."""
        return sum(self._remove_older(self._full(path), before) for path in self.list(folder))

    def _remove_older(self, full: str, before: datetime) -> bool:
        try:
            if retry_while_unreachable(self.url, lambda: self._fs.modified(full)) >= before:
                return False
            retry_while_unreachable(self.url, lambda: self._fs.rm_file(full))
        except FileNotFoundError:  # another removed it
            return False
        return True

    def _full(self, path: str) -> str:
        return posixpath.join(self._root, path)


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def keyed(folder: str, key: str) -> str:
    """Return the path of a key's place in a folder, spread over 256 subfolders.

    Example:
        >>> keyed("edits", "abcdef")
        'edits/ab/abcdef'
    """
    return f"{folder}/{key[:2]}/{key}"


class StageFolder:
    """One stage output: files that count once their record is written.

    ``stages/STAGE/ab/KEY/`` holds the files, ``record.json`` among them, written last.
    """

    def __init__(self, store: Store, stage: str, key: str) -> None:
        """Point at the output of a stage for a key; nothing is read or made."""
        self._store = store
        self._folder = keyed(f"stages/{stage}", key)

    def done(self) -> bool:
        """Tell whether the output is complete."""
        return self._store.exists(f"{self._folder}/record.json")

    def read(self, name: str) -> bytes:
        """Return one file's bytes."""
        return self._store.read(f"{self._folder}/{name}")

    def write(self, name: str, data: bytes) -> None:
        """Write one file; it counts when the record follows."""
        self._store.write(f"{self._folder}/{name}", data)

    def record(self) -> dict[str, Any]:
        """Return the record."""
        return self._store.read_json(f"{self._folder}/record.json")

    def finish(self, record: dict[str, Any]) -> None:
        """Write the record, which completes the output."""
        self._store.write_json(f"{self._folder}/record.json", record)
