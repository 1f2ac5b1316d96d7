"""Finds the user's normal images and takes them into the store, each content once."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import (
    IMAGE_SUFFIXES,
    PLAIN,
    Decoding,
    UnreadableImageError,
    decode_image,
    decoding_of,
    encode_png,
    is_deep,
)
from kizu.imaging.formats import DEFAULT_MAX_MEGAPIXELS, check_file_size, most_bytes
from kizu.imaging.thumbnails import thumbnail
from kizu.sentences import words_of
from kizu.source_files import (
    NotReadableError,
    SourceError,
    SourceFile,
    file_url,
    list_source,
    read_url,
)
from kizu.store import DamagedFileError, Store, keyed
from kizu.store.addresses import shown_url
from kizu.store.keys import content_key, sha256_hex
from kizu.versions import DECODER_VERSION

__all__ = [
    "PNG_SHA256",
    "Inventory",
    "NormalImage",
    "Skipped",
    "SourceError",
    "SourceFile",
    "examine",
    "examine_pixels",
    "file_url",
    "list_source",
    "normal_record_path",
    "pixels_digest",
    "read_file",
    "take_in",
    "thumbnail_path",
]

PNG_SHA256: Final = "png_sha256"
"""What a normal image's record calls the SHA-256 of its PNG in the store."""


@dataclass(frozen=True)
class NormalImage:
    """A normal image in the store.

    Attributes:
        sha256: SHA-256 of the file it was decoded from; its identity. Where a dataset has it read
            otherwise than by default, and that gives other pixels, SHA-256 of both.
        pixels_sha256: SHA-256 of size and decoded pixels; equal for one photo in two formats.
        name: The file's name below the source.
        width: Pixels.
        height: Pixels.
        is_deep: Whether the file has more bits a channel than 8; False where that was not noted.
    """

    sha256: str
    pixels_sha256: str
    name: str
    width: int
    height: int
    is_deep: bool = False

    @property
    def path(self) -> str:
        """The PNG in the store."""
        return f"{keyed('normals', self.sha256)}.png"

    @property
    def megapixels(self) -> float:
        """Its size in millions of pixels."""
        return self.width * self.height / 1e6


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


def examine(
    file: SourceFile,
    store: Store,
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    decoding: Decoding = PLAIN,
) -> NormalImage | Skipped:
    """Tell what a file is, or why it is skipped, and change nothing."""
    return examine_pixels(file, store, max_megapixels, decoding)[0]


def take_in(
    file: SourceFile,
    store: Store,
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    decoding: Decoding = PLAIN,
) -> NormalImage | Skipped:
    """Decode a file into the store, or tell why it is skipped; known content is not redone."""
    found, pixels = examine_pixels(file, store, max_megapixels, decoding)
    if isinstance(found, Skipped) or pixels is None:
        return found
    png = encode_png(pixels)
    store.write(found.path, png)
    store.write_checked(thumbnail_path(found.sha256), encode_png(thumbnail(pixels)))
    facts = {key: value for key, value in asdict(found).items() if key not in ("sha256", "name")}
    facts |= {"decoder": DECODER_VERSION, PNG_SHA256: sha256_hex(png)}
    store.write_json(normal_record_path(found.sha256), facts)
    return found


def examine_pixels(
    file: SourceFile,
    store: Store,
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    decoding: Decoding = PLAIN,
) -> tuple[NormalImage | Skipped, RgbImage | None]:
    """Tell the same as ``examine``, with the pixels of a photo that the store does not have."""
    data = read_file(file, max_megapixels)
    if isinstance(data, Skipped):
        return data, None
    try:
        own = decoding_of(data, decoding)
        known = _known(file.name, _identity(sha256_hex(data), own), store)
        return (known, None) if known else _decoded(file.name, data, store, max_megapixels, own)
    except UnreadableImageError as error:
        return Skipped(file.name, str(error)), None


def read_file(file: SourceFile, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> bytes | Skipped:
    """Return the bytes of an image file, or why there are none; whatever it is, the others go on.

    Args:
        file: The file.
        max_megapixels: A file that is larger than such a picture is not read to its end.
    """
    if file.trouble:
        return Skipped(file.name, file.trouble, file.unreadable)
    if not file.name.strip().lower().endswith(IMAGE_SUFFIXES):
        kinds = ", ".join(suffix.lstrip(".") for suffix in IMAGE_SUFFIXES)
        return Skipped(file.name, f"its name does not end like an image's ({kinds})")
    try:
        data = read_url(file.url, most_bytes(max_megapixels))
        check_file_size(len(data), max_megapixels)
    except (NotReadableError, UnreadableImageError) as error:
        return Skipped(file.name, str(error))
    except Exception as error:  # noqa: BLE001 - clients of object stores raise whatever they like
        told = getattr(error, "strerror", None) or shown_url(words_of(error))
        reason = f"it cannot be read ({told})"
        return Skipped(file.name, reason, unreadable=True)
    return data


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


def _decoded(
    name: str, data: bytes, store: Store, max_megapixels: float, decoding: Decoding
) -> tuple[NormalImage, RgbImage | None]:
    """Return a photo with its pixels; without, if a dataset's decoding reads a known one as it is.

    It then keeps its identity, and with it every edit that was bought for it.
    """
    sha256 = sha256_hex(data)
    plain = None if decoding == PLAIN else _known(name, sha256, store)
    by_default = plain.pixels_sha256 if plain else ""
    if decoding != PLAIN and not plain:
        by_default = pixels_digest(decode_image(data, max_megapixels))
    pixels = decode_image(data, max_megapixels, decoding)
    digest = pixels_digest(pixels)
    if plain and digest == by_default:
        return plain, None
    identity = sha256 if digest == by_default else _identity(sha256, decoding)
    height, width = pixels.shape[:2]
    return NormalImage(identity, digest, name, width, height, is_deep(data)), pixels


def _identity(sha256: str, decoding: Decoding) -> str:
    """Return what a file is known by that is read in a way of its own."""
    told = decoding.told()
    return content_key("photo", file=sha256, decoding=told) if told else sha256


def pixels_digest(pixels: RgbImage) -> str:
    """Return the SHA-256 of size and pixels: equal for one picture in two formats."""
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(f"{height}x{width}".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def normal_record_path(sha256: str) -> str:
    """Return where it is stored what a file's content is, by the SHA-256 of its bytes."""
    return f"{keyed('normals', sha256)}.json"


def thumbnail_path(sha256: str) -> str:
    """Return where a photo's thumbnail is stored, by the SHA-256 of its file."""
    return f"{keyed('thumbnails', sha256)}.png"
