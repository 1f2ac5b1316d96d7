r"""Finds the files of a source of pictures, and reads them: names and places as people have them.

A file's name is shown in Unicode. An archive that was packed on a Japanese Windows and unpacked
elsewhere has names in Shift-JIS: those are shown as they were meant, and other bytes that are no
UTF-8 as ``\x83``. Files whose names would look the same are told apart by a digest.
"""

import os
import posixpath
import stat
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

import fsspec
from fsspec.implementations.local import LocalFileSystem

from kizu.store.addresses import SecretInUrlError, shown_url, without_secrets
from kizu.store.marks import status_mark
from kizu.store.rooms import GONE, mark_of

_MVTEC_GOOD: Final = "train/good"
_GLOB_CHARACTERS: Final = frozenset("*?[")
_LOCAL: Final = "file://"
_DIGEST_DIGITS: Final = 8
_TICK_S: Final = 2.0
"""The coarsest clock of a file system, FAT's: a file that was written since may be written again
without another time."""
_KINDS: Final = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


class SourceError(ValueError):
    """The place of the normal images cannot be used; the message tells why and the way out."""


class NotReadableError(ValueError):
    """What a source names is no file that can be read; the message says what it is."""


@dataclass(frozen=True)
class SourceFile:
    """A file that may be a normal image.

    Attributes:
        name: Path below the source, with forward slashes, in Unicode NFC, printable.
        url: Where ``read_url`` opens it.
        trouble: Why it cannot be opened, as far as the listing knows; empty if nothing is known.
        unreadable: True if that may be otherwise tomorrow.
        size: Bytes; -1 where that is not known.
        mark: What tells its content from another without reading it, see ``kizu.store.marks``;
            empty where nothing can.
    """

    name: str
    url: str
    trouble: str = ""
    unreadable: bool = False
    size: int = field(default=-1, compare=False)
    mark: str = field(default="", compare=False)


@dataclass(frozen=True)
class _Hit:
    """What is found below a source: its path as the file system has it, and what is wrong."""

    path: str
    trouble: str = ""
    unreadable: bool = False
    size: int = -1
    mark: str = GONE


def list_source(path: str, setting: str = "images.path") -> list[SourceFile]:
    """List the files of a source, sorted by name.

    Args:
        path: A folder (searched with its subfolders), a folder holding MVTec AD's ``train/good``
            (only that is taken), a pattern ("photos/*.jpg"), or any of these as an fsspec URL. What
            is there under the very name is no pattern: a folder may be called ``line[2]``. Links
            to folders are not followed.
        setting: The setting that names the source, for errors.

    Raises:
        SourceError: Nothing is there, or the URL carries a password.
    """
    fs, root = _open(path, setting)
    try:
        root, hits = _hits(fs, root, path, setting)
    except SourceError:
        raise
    except Exception as error:  # clients of object stores raise whatever they like
        raise SourceError(
            f"{setting}: {shown_url(path)!r} cannot be listed ({shown_url(str(error))})"
        ) from error
    files = _named(fs, root, hits)
    files = [file for file in files if not _is_hidden(file.name)]
    if not files:
        raise SourceError(
            f"{setting}: no files in {shown_url(path)!r}; give the folder of your photos"
        )
    return sorted(files, key=lambda file: file.name)


def file_url(path: str, name: str) -> str | None:
    """Return where ``read_url`` opens a file of a source; None if it is not there.

    Args:
        path: The source, as ``list_source`` takes it.
        name: The file's name, as ``list_source`` gives it.
    """
    return _urls(path).get(name) or next(
        (file.url for file in list_source(path) if file.name == name), None
    )


@lru_cache(maxsize=4)  # sources of one build
def _urls(path: str) -> dict[str, str]:
    """Return where the files of a source lie, by name, as they were when first asked for."""
    return {file.name: file.url for file in list_source(path)}


def read_url(url: str, most_bytes: float) -> bytes:
    """Return a file's bytes; what is no file is not opened, for a pipe would never end.

    Args:
        url: Where it is, as a ``SourceFile`` has it; a local path may stand as it is.
        most_bytes: How large it may be; a larger one is read up to one byte more.

    Raises:
        NotReadableError: It is no file.
        OSError: It cannot be read. Clients of object stores raise other errors, too.
    """
    most = None if most_bytes == float("inf") else int(most_bytes) + 1
    if url.startswith(_LOCAL):
        return _read_local(os.fsdecode(unquote_to_bytes(url.removeprefix(_LOCAL))), most)
    if "://" not in url:
        return _read_local(os.path.expanduser(url), most)  # noqa: PTH111 - any name
    # not fsspec.open, which takes a name with "::" in it for a chain of file systems
    kind = fsspec.get_filesystem_class(url.partition("://")[0])
    fs = kind(**kind._get_kwargs_from_urls(url))  # noqa: SLF001 - as fsspec's own url_to_fs does
    with fs.open(kind._strip_protocol(url), "rb") as opened:  # noqa: SLF001 - as above
        return bytes(opened.read(-1 if most is None else most))


def _read_local(path: str, most: int | None) -> bytes:
    _check_is_file(os.stat(path).st_mode)  # noqa: PTH116 - the name may be no Unicode
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as opened:
        _check_is_file(os.fstat(opened.fileno()).st_mode)  # another one since
        return opened.read(-1 if most is None else most)


def _check_is_file(mode: int) -> None:
    if not stat.S_ISREG(mode):
        what = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise NotReadableError(f"it is {what} and no file")


def _open(path: str, setting: str) -> tuple[fsspec.AbstractFileSystem, str]:
    if "://" not in path:  # whatever its name: "a::b" is a folder, and no chain of file systems
        local = LocalFileSystem()
        return local, str(local._strip_protocol(path))  # noqa: SLF001 - makes it absolute
    try:
        fs, root = fsspec.core.url_to_fs(without_secrets(path))
    except SecretInUrlError as error:
        raise SourceError(f"{setting}: {error}") from None
    except Exception as error:
        raise SourceError(
            f"{setting}: cannot open {shown_url(path)!r}: {shown_url(str(error))}"
        ) from error
    return fs, root


def _hits(
    fs: fsspec.AbstractFileSystem, root: str, path: str, setting: str
) -> tuple[str, list[_Hit]]:
    """Return the folder that names start at, and what is below it."""
    folder, pattern = _split_pattern(fs, root)
    if pattern:
        found = fs.glob(f"{_escaped(folder)}/{pattern}", detail=True)
        if isinstance(fs, LocalFileSystem):
            return folder, [_local_hit(hit) for hit in found if not fs.isdir(hit)]
        return folder, [_hit(hit, found[hit]) for hit in found if not fs.isdir(hit)]
    root = _photos_root(fs, root, path, setting)
    if isinstance(fs, LocalFileSystem):
        return root, list(_walk(root))
    return root, [_hit(hit, entry) for hit, entry in fs.find(root, detail=True).items()]


def _hit(path: str, entry: Mapping[str, Any]) -> _Hit:
    """Return a file as an object store lists it."""
    return _Hit(path, size=int(entry.get("size") or 0), mark=mark_of(entry))


def _local_hit(path: str) -> _Hit:
    """Return a file of this machine; one that cannot be looked at tells so when it is read."""
    try:
        status = os.stat(path)  # noqa: PTH116 - the name may be no Unicode
    except OSError:
        return _Hit(path)
    is_old = time.time() - status.st_mtime > _TICK_S
    return _Hit(path, size=status.st_size, mark=status_mark(status) if is_old else GONE)


def _walk(root: str) -> Iterator[_Hit]:
    """Yield what lies below a local folder; folders that cannot be read are among it."""
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
        except OSError as error:
            if folder == root:
                raise
            yield _Hit(folder, f"this folder cannot be read ({error.strerror})", unreadable=True)
            continue
        for entry in found:
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                    continue
                links = entry.is_symlink() and entry.is_dir()
            except OSError as error:
                yield _Hit(entry.path, f"it cannot be read ({error.strerror})", unreadable=True)
                continue
            way_out = "it is a link to a folder, which is not followed; copy its files here"
            yield _Hit(entry.path, way_out) if links else _local_hit(entry.path)


def _split_pattern(fs: fsspec.AbstractFileSystem, root: str) -> tuple[str, str]:
    """Return the folder above a pattern and the pattern; no pattern if it is there by its name."""
    if not _GLOB_CHARACTERS & set(root) or fs.isdir(root):
        return root, ""
    parts = root.split("/")
    for i, part in enumerate(parts):
        folder = "/".join(parts[: i + 1])
        if _GLOB_CHARACTERS & set(part) and not fs.isdir(folder):
            return "/".join(parts[:i]), "/".join(parts[i:])
    return root, ""


def _escaped(folder: str) -> str:
    """Return a folder's path as a pattern that means it alone."""
    return "".join(f"[{each}]" if each in _GLOB_CHARACTERS else each for each in folder)


def _photos_root(fs: fsspec.AbstractFileSystem, root: str, path: str, setting: str) -> str:
    if not fs.isdir(root):
        found = "is a file" if fs.exists(root) else "does not exist"
        raise SourceError(
            f"{setting}: {path!r} {found}; give a folder, a pattern like 'photos/*.jpg' or a URL"
        )
    good = posixpath.join(root, _MVTEC_GOOD)
    return good if fs.isdir(good) else root


def _named(fs: fsspec.AbstractFileSystem, root: str, hits: list[_Hit]) -> list[SourceFile]:
    """Give every file a name of its own."""
    is_local = isinstance(fs, LocalFileSystem)
    raw = [posixpath.relpath(hit.path, root or "/") for hit in hits]
    shown = [_shown(name) for name in raw]
    alike = Counter(shown)
    files = []
    for hit, name, told in zip(hits, raw, shown, strict=True):
        url = _local_url(hit.path) if is_local else str(fs.unstrip_protocol(hit.path))
        # of names that look the same, the one that is written so keeps it
        name_of_its_own = told if alike[told] == 1 or name == told else _told_apart(told, name)
        file = SourceFile(name_of_its_own, url, hit.trouble, hit.unreadable, hit.size, hit.mark)
        if not _is_unicode(url):
            file = replace(file, url="", trouble="its name is no Unicode; rename it")
        files.append(file)
    return files


def _local_url(path: str) -> str:
    return _LOCAL + quote(os.fsencode(path), safe="/:")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(name: str) -> str:
    """Return a path for people: every part in Unicode NFC, what cannot be printed as an escape."""
    return "/".join(_shown_part(part) for part in name.split("/"))


def _shown_part(part: str) -> str:
    if not _is_unicode(part):
        part = _decoded(os.fsencode(part))
    part = unicodedata.normalize("NFC", part)
    return "".join(_escape(each) if _is_control(each) else each for each in part)


def _decoded(name: bytes) -> str:
    """Return a name that is no UTF-8 as Shift-JIS, as Windows in Japan writes it, or escaped."""
    try:
        text = name.decode("cp932")
    except UnicodeDecodeError:
        return name.decode("utf-8", "backslashreplace")
    return name.decode("utf-8", "backslashreplace") if any(map(_is_control, text)) else text


def _is_control(character: str) -> bool:
    """Tell whether a character moves a terminal's cursor, or is none: half of a surrogate pair."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _told_apart(told: str, name: str) -> str:
    stem, suffix = posixpath.splitext(told)
    digest = sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{stem}~{digest[:_DIGEST_DIGITS]}{suffix}"


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))
