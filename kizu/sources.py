"""Finds the user's normal images and takes them into the store, each content once."""

import os
import posixpath
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final

import fsspec

from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import (
    IMAGE_SUFFIXES,
    UnreadableImageError,
    decode_image,
    encode_png,
)
from kizu.store import DamagedFileError, Store, keyed
from kizu.store.keys import sha256_hex
from kizu.versions import DECODER_VERSION

PNG_SHA256: Final = "png_sha256"
"""What a normal image's record calls the SHA-256 of its PNG in the store."""

_MVTEC_GOOD: Final = "train/good"
_GLOB_CHARACTERS: Final = frozenset("*?[")


class SourceError(ValueError):
    """The place of the normal images cannot be used; the message tells why and the way out."""


@dataclass(frozen=True)
class SourceFile:
    """A file that may be a normal image.

    Attributes:
        name: Path below the source, with forward slashes, in Unicode NFC.
        url: Where fsspec opens it.
    """

    name: str
    url: str


@dataclass(frozen=True)
class NormalImage:
    """A normal image in the store.

    Attributes:
        sha256: SHA-256 of the file it was decoded from; its identity.
        pixels_sha256: SHA-256 of size and decoded pixels; equal for one photo in two formats.
        name: The file's name below the source.
        width: Pixels.
        height: Pixels.
    """

    sha256: str
    pixels_sha256: str
    name: str
    width: int
    height: int

    @property
    def path(self) -> str:
        """The PNG in the store."""
        return f"{keyed('normals', self.sha256)}.png"


@dataclass(frozen=True)
class Skipped:
    """A file that is left out, and why.

    Attributes:
        name: The file.
        reason: Why, in one sentence.
        unreadable: True if nobody could look at it, which may be otherwise tomorrow.
    """

    name: str
    reason: str
    unreadable: bool = False


@dataclass(frozen=True)
class Inventory:
    """The normal images of a source, sorted by name, and the files that were left out."""

    images: tuple[NormalImage, ...]
    skipped: tuple[Skipped, ...]

    @classmethod
    def of(cls, taken: Iterable[NormalImage | Skipped]) -> "Inventory":
        """Sort what was taken in; of images with equal pixels the first by name stays."""
        images: dict[str, NormalImage] = {}
        skipped: list[Skipped] = []
        for item in sorted(taken, key=lambda item: item.name):
            if isinstance(item, Skipped):
                skipped.append(item)
            elif first := images.get(item.pixels_sha256):
                skipped.append(Skipped(item.name, f"it is the same picture as {first.name}"))
            else:
                images[item.pixels_sha256] = item
        return cls(tuple(images.values()), tuple(skipped))

    def without(self, files: Iterable[Skipped]) -> "Inventory":
        """Return the same images, and more files that were left out."""
        return Inventory(self.images, (*self.skipped, *files))

    def check_usable(self) -> None:
        """Refuse a source without a single normal image.

        Raises:
            SourceError: No file can be used.
        """
        if not self.images:
            shown = "; ".join(f"{skip.name}: {skip.reason}" for skip in self.skipped[:3])
            raise SourceError(
                f"images.path: none of {len(self.skipped)} files can be used ({shown})"
            )


def list_source(path: str, setting: str = "images.path") -> list[SourceFile]:
    """List the files of a source, sorted by name.

    Args:
        path: A folder (searched with its subfolders), a folder holding MVTec AD's ``train/good``
            (only that is taken), a pattern ("photos/*.jpg"), or any of these as an fsspec URL.
        setting: The setting that names the source, for errors.

    Raises:
        SourceError: Nothing is there.
    """
    fs, root = _open(path, setting)
    if _GLOB_CHARACTERS & set(root):
        found = [hit for hit in fs.glob(root) if fs.isfile(hit)]
        root = _folder_above_pattern(root)
    else:
        root = _photos_root(fs, root, path, setting)
        found = fs.find(root)
    files = [SourceFile(_name(hit, root), str(fs.unstrip_protocol(hit))) for hit in found]
    files = [file for file in files if not _is_hidden(file.name)]
    if not files:
        raise SourceError(f"{setting}: no files in {path!r}; give the folder of your photos")
    return sorted(files, key=lambda file: file.name)


def file_url(path: str, name: str) -> str | None:
    """Return where fsspec opens a file of a source; None if it is not there.

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


def examine(file: SourceFile, store: Store) -> NormalImage | Skipped:
    """Tell what a file is, or why it is skipped, and change nothing."""
    return _examine(file, store)[0]


def take_in(file: SourceFile, store: Store) -> NormalImage | Skipped:
    """Decode a file into the store, or tell why it is skipped; known content is not redone."""
    found, pixels = _examine(file, store)
    if isinstance(found, Skipped) or pixels is None:
        return found
    png = encode_png(pixels)
    store.write(found.path, png)
    facts = {key: value for key, value in asdict(found).items() if key not in ("sha256", "name")}
    facts |= {"decoder": DECODER_VERSION, PNG_SHA256: sha256_hex(png)}
    store.write_json(normal_record_path(found.sha256), facts)
    return found


def _examine(file: SourceFile, store: Store) -> tuple[NormalImage | Skipped, RgbImage | None]:
    """Return what a file is, and its pixels if the store does not have them."""
    data = read_file(file)
    if isinstance(data, Skipped):
        return data, None
    try:
        sha256 = sha256_hex(data)
        known = _known(file.name, sha256, store)
        return (known, None) if known else _decoded(file.name, sha256, data)
    except UnreadableImageError as error:
        return Skipped(file.name, str(error)), None


def read_file(file: SourceFile) -> bytes | Skipped:
    """Return the bytes of an image file, or why there are none."""
    if not file.name.lower().endswith(IMAGE_SUFFIXES):
        kinds = ", ".join(suffix.lstrip(".") for suffix in IMAGE_SUFFIXES)
        return Skipped(file.name, f"its name does not end like an image's ({kinds})")
    try:
        with fsspec.open(file.url, "rb") as opened:
            return bytes(opened.read())
    except OSError as error:
        reason = f"it cannot be read ({error.strerror or error})"
        return Skipped(file.name, reason, unreadable=True)


def _known(name: str, sha256: str, store: Store) -> NormalImage | None:
    """Return what is known of a file's content; what is damaged is not known."""

    def read(facts: dict[str, Any]) -> NormalImage | None:
        facts.pop(PNG_SHA256, None)
        if facts.pop("decoder") != DECODER_VERSION:
            return None
        return NormalImage(sha256=sha256, name=name, **facts)

    try:
        return store.read_json_as(normal_record_path(sha256), read)
    except (FileNotFoundError, DamagedFileError):
        return None


def _decoded(name: str, sha256: str, data: bytes) -> tuple[NormalImage, RgbImage]:
    pixels = decode_image(data)
    height, width = pixels.shape[:2]
    return NormalImage(sha256, pixels_digest(pixels), name, width, height), pixels


def pixels_digest(pixels: RgbImage) -> str:
    """Return the SHA-256 of size and pixels: equal for one picture in two formats."""
    height, width = pixels.shape[:2]
    return sha256_hex(f"{height}x{width}".encode() + pixels.tobytes())


def normal_record_path(sha256: str) -> str:
    """Return where it is stored what a file's content is, by the SHA-256 of its bytes."""
    return f"{keyed('normals', sha256)}.json"


def _open(path: str, setting: str) -> tuple[fsspec.AbstractFileSystem, str]:
    try:
        fs, root = fsspec.core.url_to_fs(os.path.expanduser(path))  # noqa: PTH111 - may be a URL
    except (ValueError, ImportError) as error:
        raise SourceError(f"{setting}: cannot open {path!r}: {error}") from error
    return fs, root


def _photos_root(fs: fsspec.AbstractFileSystem, root: str, path: str, setting: str) -> str:
    if not fs.isdir(root):
        found = "is a file" if fs.exists(root) else "does not exist"
        raise SourceError(
            f"{setting}: {path!r} {found}; give a folder, a pattern like 'photos/*.jpg' or a URL"
        )
    good = posixpath.join(root, _MVTEC_GOOD)
    return good if fs.isdir(good) else root


def _folder_above_pattern(pattern: str) -> str:
    parts = pattern.split("/")
    fixed = next(i for i, part in enumerate(parts) if _GLOB_CHARACTERS & set(part))
    return "/".join(parts[:fixed]) or "/"


def _name(hit: str, root: str) -> str:
    return unicodedata.normalize("NFC", posixpath.relpath(hit, root))


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))
