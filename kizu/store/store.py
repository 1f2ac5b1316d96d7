"""The store: files by name under one URL, on a local disk, Azure Blob or S3, through fsspec.

Layout, readable by people::

    normals/ab/abcd….png        normal images as kizu decodes them
    thumbnails/ab/abcd….png     the same, small and grey; in packs/NAME/ once more, many to a file
    near_duplicates/1/datasets/ how alike the photos of a dataset are, by their SHA-256
    edits/ab/abcd…/             bought and painted edits with their sidecar; kizu never deletes here
    ledger/…                    one small file per paid call, and one for what came of it
    truth/ab/abcd….png          the painter's true masks, for evaluation only
    stages/diff/ab/abcd…/       what a stage made, addressed by the key of its inputs
    builds/…                    plans, shards, and what versions were made from
    decisions/ab/abcd…/         what people decided on a picture with its mask, one after the other
    reviews/NAME/draws/         samples drawn at random for people to judge
    datasets/NAME/VERSION/      what is published: tables and manifest
    datasets/NAME/files/        pictures and masks of all its versions, each once
    reports/NAME/VERSION/       pages and pictures
    results/                    what Prefect keeps of tasks; old ones are removed

A file appears whole or not at all. On a local disk it is written aside, flushed and renamed; object
stores show an object only when its upload is complete. A writer that is killed leaves nothing that
another could mistake for a result, and no lock that is held. What kizu writes says what it must
hash to (``kizu.store.checked``) and is checked when it is read. Every call waits out short outages.
"""

import contextlib
import io
import logging
import os
import posixpath
import re
import time
from collections.abc import Callable, Collection, Iterator
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self, TypeVar

import fsspec
from fsspec.implementations.local import LocalFileSystem

from kizu.store.addresses import shown_url, without_secrets
from kizu.store.checked import (
    DamagedFileError,
    decode_bytes,
    decode_json,
    encode_bytes,
    encode_json,
    naming,
)
from kizu.store.keys import canonical_json, sha256_hex
from kizu.store.local_files import (
    adopt_local,
    aside_files,
    create_local,
    files_below,
    is_aside,
    link_local,
    remove_stale,
    sizes_of,
    write_local,
)
from kizu.store.recent import recent_files
from kizu.store.retry import retry_while_unreachable
from kizu.store.rooms import GONE, PAGE, Listed, Room, mark_of, written_mark
from kizu.store.unwritable import free_bytes, telling

T = TypeVar("T")

logger = logging.getLogger(__name__)

_NUMBERED: Final = re.compile(r"([0-9]{8,})\.json")

_READ_BYTES: Final = 16 * 2**20
"""Files made aside that memory can hold as well: a run keeps what it has written, and reads the
tables of a version again for its report."""

_WRITTEN_WITHIN: Final = timedelta(days=1)
"""No file takes longer to be written, also over a slow network."""


class Store:
    """Files under a store URL.

    Paths are relative, with forward slashes. Any number of threads, processes and machines may use
    one store at the same time: equal names always hold equal content, so the last writer is as
    right as the first.
    """

    def __init__(self, url: str | os.PathLike[str]) -> None:
        """Open the store.

        Args:
            url: A folder ("kizu-store") or an fsspec URL ("abfs://container/kizu").

        Raises:
            ValueError: No file system is known for the URL, a package for it is missing, or it
                carries a password, which everyone would read who sees a run.
        """
        url = without_secrets(os.fspath(url))
        try:
            place = os.path.expanduser(url)  # noqa: PTH111 - a URL is no Path
            # a cached listing would hide what other machines have written since
            self._fs, self._root = fsspec.core.url_to_fs(place, use_listings_cache=False)
        except (ValueError, ImportError) as error:
            raise ValueError(f"cannot open the store {url!r}: {shown_url(str(error))}") from error
        self._local = isinstance(self._fs, LocalFileSystem)
        self._is_s3, self._is_azure = (name in self._fs.protocol for name in ("s3", "abfs"))
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
        return self._info(path) is not None

    def find_mark(self, path: str) -> str:
        """Return the mark of a file of an object store, asked for by its name; see ``mark_of``."""
        found = self._info(path)
        return GONE if found is None else mark_of(found)

    def _info(self, path: str) -> dict[str, Any] | None:
        """Return what the store tells of one file; None if there is no file of the name."""
        full = self._full(path)
        try:
            found = retry_while_unreachable(self.url, lambda: self._told(full))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found if found["type"] == "file" else None

    def _told(self, full: str) -> dict[str, Any]:
        if not self._is_s3:
            return dict(self._fs.info(full))
        # s3fs asks besides whether what is not there is a folder
        bucket, key, _ = self._fs.split_path(full)
        head = self._fs.call_s3("head_object", self._fs.kwargs, Bucket=bucket, Key=key)
        return {"type": "file", "size": head["ContentLength"], "ETag": head.get("ETag")}

    def modified(self, path: str) -> datetime:
        """Return when a file was written.

        Raises:
            FileNotFoundError: It is not there.
        """
        full = self._full(path)
        found: datetime = retry_while_unreachable(self.url, lambda: self._fs.modified(full))
        return found

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            FileNotFoundError: It is not there.
        """
        full, recent = self._full(path), None if self._local else recent_files()
        if recent and (kept := recent.get(full)) is not None:
            return kept
        # s3fs asks for the size first, unless it is not to read parts of large files side by side
        at_once = {"max_concurrency": 1} if self._is_s3 else {}
        data = bytes(retry_while_unreachable(self.url, lambda: self._fs.cat_file(full, **at_once)))
        if recent:
            recent.put(full, path, data)
        return data

    def write(self, path: str, data: bytes) -> None:
        """Write a file so that it appears whole; an older file of the name is replaced.

        Raises:
            StoreUnwritableError: The store takes no more files.
        """
        answer = self._put(
            path,
            lambda root, target: write_local(root, target, data),
            lambda full: self._fs.pipe_file(full, data),
        )
        self._note_written(path, data, answer)

    def _note_written(self, path: str, data: bytes, answer: object) -> None:
        """Have a run remember what it has written to an object store, which answered."""
        if not self._local and (recent := recent_files()):
            recent.put(self._full(path), path, data)
            listed = Listed(len(data), written_mark(len(data), answer))
            recent.rooms.learn(self._root, path, listed)

    def _put(
        self, path: str, local: Callable[[Path, Path], None], remote: Callable[[str], object]
    ) -> object:
        """Write a file as this store's kind has it: locally by root and target, else by its path.

        Returns:
            What an object store answered.

        Raises:
            StoreUnwritableError: The store takes no more files.
        """
        full = self._full(path)
        with self._telling(path):
            return retry_while_unreachable(
                self.url,
                lambda: local(Path(self._root), Path(full)) if self._local else remote(full),
            )

    def link(self, source: str, target: str) -> bool:
        """Give a file a second name where that takes no more room; an older target is replaced.

        Returns:
            False where it cannot be done, as on object stores; the target is as it was then.

        Raises:
            FileNotFoundError: The source is not there.
            StoreUnwritableError: The store takes no more files.
        """
        if not self._local:
            return False
        root, names = Path(self._root), [Path(self._full(path)) for path in (source, target)]
        with self._telling(target):
            return retry_while_unreachable(self.url, lambda: link_local(root, *names))

    @contextmanager
    def scratch(self) -> Iterator[Callable[[], Path]]:
        """Yield what names new files of this machine for work that memory cannot hold.

        They lie on the store's own disk, where they are given their names by ``write_file`` at no
        cost; for an object store in the system's folder for temporary files. All are gone when the
        block ends, or, of a process that was killed, with ``remove_stale_writes``.

        Raises:
            StoreUnwritableError: The disk takes no more files.
        """
        with contextlib.ExitStack() as stack:
            root = Path(self._root) if self._local else None
            if root is None:
                root = Path(stack.enter_context(TemporaryDirectory(prefix="kizu-")))
            stack.enter_context(telling(str(root), root))
            yield stack.enter_context(aside_files(root))

    def write_file(self, path: str, file: Path) -> None:
        """Write a file from one of ``scratch``, which is moved, so that memory need not hold it.

        Raises:
            StoreUnwritableError: The store takes no more files.
        """
        size = file.stat().st_size
        if not self._local and size <= _READ_BYTES:
            self.write(path, file.read_bytes())
            return
        self._put(
            path,
            lambda root, target: adopt_local(root, target, file),
            lambda full: self._fs.put_file(str(file), full),
        )
        if recent := recent_files():
            recent.drop(self._full(path))
            recent.rooms.learn(self._root, path, Listed(size, None))

    def open_file(self, path: str) -> io.BufferedIOBase:
        """Open a file for reading, anywhere in it; of an object store it is fetched first.

        Raises:
            FileNotFoundError: It is not there.
        """
        if not self._local:
            return io.BytesIO(self.read(path))
        return retry_while_unreachable(self.url, lambda: Path(self._full(path)).open("rb"))

    def create(self, path: str, data: bytes) -> bool:
        """Write a file only if there is none of its name; of many writers exactly one succeeds.

        Object stores need conditional writes: Azure Blob has them, S3 has ``If-None-Match``. Their
        clients repeat a request whose answer was lost, so there a writer is known by its bytes:
        several who write equal bytes may all be told True. Who acts on the answer puts something
        of its own into the file.

        Returns:
            True if this call wrote the file.

        Raises:
            StoreUnwritableError: The store takes no more files.
        """
        full = self._full(path)
        with self._telling(path):
            if self._local:
                return create_local(self.url, Path(self._root), Path(full), data)
            try:
                pipe = partial(self._fs.pipe_file, full, data, mode="create")
                answer = retry_while_unreachable(self.url, pipe)
            except FileExistsError:
                return self.read(path) == data
            self._note_written(path, data, answer)
            return True

    def create_json(self, path: str, value: dict[str, Any]) -> bool:
        """Write a JSON object only if there is no file of the name; True if this call did."""
        return self.create(path, encode_json(path, value))

    def remove(self, path: str) -> None:
        """Remove a file that is no longer needed; nothing happens if it is gone already."""
        full = self._full(path)
        recent = recent_files()
        if recent:
            recent.drop(full)
        with contextlib.suppress(FileNotFoundError):
            retry_while_unreachable(self.url, lambda: self._fs.rm_file(full))
        if recent:
            recent.rooms.learn(self._root, path, None)

    @property
    def local_root(self) -> Path | None:
        """The folder of a store on a local disk; None on an object store."""
        return Path(self._root) if self._local else None

    def local_folder(self, path: str) -> Path | None:
        """Return a folder of the local disk, made if need be; None on an object store."""
        if not self._local:
            return None
        folder = Path(self._full(path))
        with self._telling(path):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def free_bytes(self) -> int | None:
        """Return how much can still be written; None on an object store, which cannot tell."""
        return free_bytes(Path(self._root)) if self._local else None

    def _telling(self, path: str) -> AbstractContextManager[None]:
        return telling(self.address(path), Path(self._root) if self._local else None)

    def read_json(self, path: str) -> dict[str, Any]:
        """Return a JSON object that ``write_json`` wrote.

        Raises:
            FileNotFoundError: It is not there.
            DamagedFileError: It is not what was written.
        """
        return self._decoded(path, decode_json)

    def read_json_as(self, path: str, read: Callable[[dict[str, Any]], T]) -> T:
        """Return what a JSON object is read as.

        Args:
            path: The file.
            read: Reads the object; what it cannot read is damaged.

        Raises:
            FileNotFoundError: It is not there.
            DamagedFileError: It is not what was written.
        """
        value = self.read_json(path)
        with naming(self.address(path)):
            return read(value)

    def read_note(
        self, path: str, read: Callable[[dict[str, Any]], T], instead: Callable[[], T], so: str
    ) -> T:
        """Return a JSON object that only saves work, as ``read`` makes it of the fields.

        Args:
            path: The note.
            read: Makes the object of its fields.
            instead: Makes what stands for a note that is not there, or is damaged.
            so: What a damaged note costs, for the log.
        """
        try:
            return self.read_json_as(path, read)
        except FileNotFoundError:
            return instead()
        except DamagedFileError as damage:
            logger.warning("%s; %s", damage, so)
            return instead()

    def write_json(self, path: str, value: dict[str, Any]) -> None:
        """Write a JSON object with its checksum: equal objects give equal bytes."""
        self.write(path, encode_json(path, value))

    def put_json(self, folder: str, value: dict[str, Any], *, is_new: bool = False) -> str:
        """Write a JSON object under its own content key and return its path.

        What is there already is read, which costs as much as to ask for it, and replaced where it
        is damaged.

        Args:
            folder: Where it goes.
            value: The object.
            is_new: True of what is hardly ever there: an object store is not asked for it first.
        """
        path = json_path(folder, value)
        data = encode_json(path, value)
        if not self._holds(path, data, is_new=is_new):
            self.write(path, data)
        return path

    def _holds(self, path: str, data: bytes, *, is_new: bool) -> bool:
        """Tell whether a file is there as it should be."""
        recent = recent_files()
        if is_new and not self._local and not (recent and recent.get(self._full(path))):
            return False
        try:
            return self.read(path) == data
        except FileNotFoundError:
            return False

    def read_checked(self, path: str) -> bytes:
        """Return the bytes that ``write_checked`` wrote.

        Raises:
            FileNotFoundError: It is not there.
            DamagedFileError: It is not what was written.
        """
        return self._decoded(path, decode_bytes)

    def write_checked(self, path: str, data: bytes) -> None:
        """Write bytes with their checksum, for files that only kizu reads."""
        self.write(path, encode_bytes(path, data))

    def _decoded(self, path: str, decode: Callable[[str, bytes], T]) -> T:
        data = self.read(path)
        with naming(self.address(path)):
            return decode(path, data)

    def list(self, folder: str) -> Iterator[str]:
        """Yield the paths of all files below a folder, sorted; nothing if it is not there."""
        for path in sorted(self._on_disk(folder) if self._local else self.entries(folder)):
            if not is_aside(posixpath.basename(path)):
                yield path

    def list_numbered(self, folder: str) -> Iterator[tuple[int, str]]:
        """Yield the files below a folder that are named by a number, as ``00000001.json``.

        What a person or a system has put beside them is passed over.

        Args:
            folder: The folder.

        Yields:
            The number and the path.
        """
        for path in self.list(folder):
            if named := _NUMBERED.fullmatch(posixpath.basename(path)):
                yield int(named[1]), path

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the sizes in bytes of all files below a folder, by path."""
        if self._local:
            return sizes_of(self._on_disk(folder))
        return {path: int(entry["size"]) for path, entry in self.entries(folder).items()}

    def room(self, folder: str) -> Room:
        """Return the files below a folder of an object store, which a run lists once.

        What this process has written since is among them; what others have may not be.
        """

        def list_now() -> dict[str, Listed]:
            found = self.entries(folder).items()
            return {path: Listed(int(entry["size"]), mark_of(entry)) for path, entry in found}

        recent = recent_files()
        return recent.rooms.find(self._root, folder, list_now) if recent else Room(list_now())

    def known_sizes(self, folder: str) -> dict[str, int]:
        """Return the sizes in bytes of all files below a folder by path, as this run knows them."""
        if self._local:
            return self.sizes(folder)
        return {path: listed.size for path, listed in dict(self.room(folder).files).items()}

    def forget_room(self, folder: str) -> None:
        """Have a run list a folder anew when it is next asked for."""
        if recent := recent_files():
            recent.rooms.forget(self._root, folder)

    def find_sizes(self, folder: str, paths: Collection[str]) -> dict[str, int]:
        """Return the sizes in bytes of those of some files below a folder that are there.

        What a listing does not show is asked for by its name: another process may have written it,
        and some disks list names in another Unicode form than they were written in. A listing of
        this run is renewed where that is fewer requests.
        """
        wanted, is_sure = set(paths), False
        if self._local:
            sizes = sizes_of(self._on_disk(folder))
        else:
            room, is_sure = self._room_with(folder, wanted)
            known = ((path, room.files.get(path)) for path in wanted)
            sizes = {path: listed.size for path, listed in known if listed}
        found = {path: sizes[path] for path in wanted & sizes.keys()}
        if not is_sure:
            asked = {path: self._info(path) for path in wanted - found.keys()}
            found |= {path: int(told["size"]) for path, told in asked.items() if told}
        return found

    def _room_with(self, folder: str, wanted: AbstractSet[str]) -> tuple[Room, bool]:
        """Return a room, listed anew if much of what is wanted is not known there.

        Returns:
            It, and whether it was listed for this, so that what it does not show is not there.
        """
        began = time.monotonic()
        room = self.room(folder)
        missing = sum(path not in room.files for path in wanted)
        if room.listed_at < began and missing > len(room.files) // PAGE + 1:
            self.forget_room(folder)
            room = self.room(folder)
        return room, room.listed_at >= began

    def entries(self, folder: str) -> dict[str, dict[str, Any]]:
        """Return what an object store tells of all files below a folder, by path, unsorted."""
        below = self._full(folder).rstrip("/")
        root, options = below, {}
        # s3fs and adlfs ask besides what the folder is, unless a bucket's names are asked for
        if self._is_s3 or self._is_azure:
            root, _, options["prefix"] = below.partition("/")
        if self._is_s3:  # Azure's client takes the slash away
            options["prefix"] += "/"
        find = partial(self._fs.find, root, detail=True, **options)
        try:
            found = retry_while_unreachable(self.url, find)
        except FileNotFoundError:
            return {}
        return {
            posixpath.join(folder, full[len(below) + 1 :]): entry
            for full, entry in found.items()
            if full.startswith(f"{below}/")
        }

    def _on_disk(self, folder: str) -> dict[str, os.DirEntry[str]]:
        """Return the files below a folder of this machine, by path, unsorted."""
        root = self._full(folder)
        found = retry_while_unreachable(self.url, lambda: list(files_below(root)))
        return {posixpath.join(folder, path): entry for path, entry in found}

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
        return sum(self._remove_older(path, before) for path in self.list(folder))

    def remove_stale_writes(self, *, everywhere: bool = False) -> int:
        """Remove what killed writers left more than a day ago; count it.

        Object stores show nothing of an upload that was not completed.

        Args:
            everywhere: Look at all files, also where older versions of kizu wrote.
        """
        if not self._local:
            return 0
        before = datetime.now(UTC) - _WRITTEN_WITHIN
        return remove_stale(Path(self._root), before, everywhere=everywhere)

    def _remove_older(self, path: str, before: datetime) -> bool:
        full = self._full(path)
        try:
            if self.modified(path) >= before:
                return False
            retry_while_unreachable(self.url, lambda: self._fs.rm_file(full))
        except FileNotFoundError:  # another removed it
            return False
        if recent := recent_files():
            recent.rooms.learn(self._root, path, None)
        return True

    def _full(self, path: str) -> str:
        return posixpath.join(self._root, path)


def json_path(folder: str, value: dict[str, Any]) -> str:
    """Return where ``Store.put_json`` writes a JSON object."""
    return f"{keyed(folder, sha256_hex(canonical_json(value).encode()))}.json"


def keyed(folder: str, key: str) -> str:
    """Return the path of a key's place in a folder, spread over 256 subfolders.

    Example:
        >>> keyed("edits", "abcdef")
        'edits/ab/abcdef'
    """
    return f"{folder}/{key[:2]}/{key}"
