"""Takes the user's normal images into the store, part by part, and reads them there."""

import logging
from math import inf
from typing import Final

from kizu.imaging.codecs import PLAIN, Decoding, decode_png
from kizu.imaging.formats import DEFAULT_MAX_MEGAPIXELS
from kizu.known_photos import KnownPhotos
from kizu.progress import advance
from kizu.settings import Record
from kizu.sources import (
    PNG_SHA256,
    Inventory,
    NormalImage,
    Skipped,
    SourceError,
    SourceFile,
    file_url,
    list_source,
    normal_record_path,
    pixels_digest,
    take_in,
)
from kizu.store import DamagedFileError, Marks, Store
from kizu.store.keys import sha256_hex

INTAKE: Final = "take in"
"""What progress is reported as."""

logger = logging.getLogger(__name__)


class FilesRef(Record):
    """A part of the listing of a source: where it lies in the store, and its number."""

    path: str
    number: int
    of: int
    files: int

    def open(self, store: Store) -> tuple[SourceFile, ...]:
        """Read the part."""
        return store.read_json_as(self.path, _FilesPart.model_validate).files


class _FilesPart(Record):
    """A part of the listing."""

    files: tuple[SourceFile, ...]


class _InventoryPart(Record):
    """What came of a part of the listing."""

    images: tuple[NormalImage, ...]
    skipped: tuple[Skipped, ...]


def save_listing(
    path: str,
    store: Store,
    part_size: int,
    setting: str = "images.path",
    *,
    without: str | None = None,
) -> list[FilesRef]:
    """List the files of a source and store the listing in parts.

    Args:
        path: The source.
        store: The store.
        part_size: Files per part.
        setting: The setting that names the source, for errors.
        without: Another source, whose files are left out: pictures with defects may lie in a
            folder below the normal images.

    Raises:
        SourceError: Nothing is there.
    """
    return _save(_files(path, setting, without), store, part_size)


def _files(path: str, setting: str, without: str | None) -> list[SourceFile]:
    files = list_source(path, setting)
    if without is None:
        return files
    others = {file.url for file in list_source(without)}
    return [file for file in files if file.url not in others]


def _save(files: list[SourceFile], store: Store, part_size: int) -> list[FilesRef]:
    cuts = [files[start : start + part_size] for start in range(0, len(files), part_size)]
    parts = [_FilesPart(files=tuple(cut)).model_dump(mode="json") for cut in cuts]
    paths = [store.put_json("builds/files", part, is_new=True) for part in parts]
    return [
        FilesRef(path=path, number=i + 1, of=len(cuts), files=len(cuts[i]))
        for i, path in enumerate(paths)
    ]


class Listing(Record):
    """The files of a source.

    Attributes:
        known: Where it is stored what those are that need not be read.
        parts: The others.
    """

    known: tuple[str, ...]
    parts: tuple[FilesRef, ...]


def list_photos(
    path: str,
    store: Store,
    part_size: int,
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    *,
    decoding: Decoding = PLAIN,
    without: str | None = None,
    rehash: bool = False,
) -> Listing:
    """List the normal images; those of known size and time, or ETag, need not be read.

    Args:
        path: The source.
        store: The store.
        part_size: Files per part.
        max_megapixels: Larger pictures are left out.
        decoding: How they are read.
        without: Another source, whose files are left out.
        rehash: Have all files read.

    Raises:
        SourceError: Nothing is there.
    """
    files = _files(path, "images.path", without)
    known = {} if rehash else find_known(path, files, store, max_megapixels, decoding)
    images = list(known.values())
    cuts = [images[at : at + _KNOWN_PER_PART] for at in range(0, len(images), _KNOWN_PER_PART)]
    return Listing(
        known=tuple(_put_inventory(cut, [], store, is_new=False) for cut in cuts),
        parts=tuple(_save([f for f in files if f.url not in known], store, part_size)),
    )


_KNOWN_PER_PART: Final = 4096
"""Images whose part of the inventory is some 1 MB."""


def find_known(
    path: str,
    files: list[SourceFile],
    store: Store,
    max_megapixels: float,
    decoding: Decoding = PLAIN,
) -> dict[str, NormalImage]:
    """Return what the files of a source are that need not be read, by their URLs."""
    photos, marks = KnownPhotos.open(store, path, decoding), Marks(store)
    found = {file.url: photos.find(file, marks, max_megapixels) for file in files}
    return {url: image for url, image in found.items() if image is not None}


def note_known(
    path: str,
    listing: Listing,
    inventory: list[str],
    store: Store,
    decoding: Decoding = PLAIN,
) -> None:
    """Note what the files of a source are, so that the next build need not read them.

    Args:
        path: The source.
        listing: Its files as they were listed before they were read.
        inventory: Where it is stored what came of them.
        store: The store.
        decoding: How they were read.
    """
    if not listing.parts:
        return
    read = [file for part in listing.parts for file in part.open(store)]
    parts = [store.read_json_as(each, _InventoryPart.model_validate) for each in inventory]
    images = [image for part in parts for image in part.images]
    KnownPhotos.open(store, path, decoding).add(store, path, read, images, decoding)


def _put_inventory(
    images: list[NormalImage], skipped: list[Skipped], store: Store, *, is_new: bool
) -> str:
    outcome = _InventoryPart(images=tuple(images), skipped=tuple(skipped))
    return store.put_json("builds/inventory", outcome.model_dump(mode="json"), is_new=is_new)


def take_in_files(
    part: FilesRef,
    store: Store,
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    decoding: Decoding = PLAIN,
) -> str:
    """Decode a part of the files into the store; return where the outcome lies."""
    images: list[NormalImage] = []
    skipped: list[Skipped] = []
    for file in part.open(store):
        taken = take_in(file, store, max_megapixels, decoding)
        if isinstance(taken, Skipped):
            skipped.append(taken)
        else:
            images.append(taken)
        advance(INTAKE)
    return _put_inventory(images, skipped, store, is_new=True)


def open_inventory(paths: list[str], store: Store) -> Inventory:
    """Read what came of all parts back as one inventory."""
    parts = [store.read_json_as(path, _InventoryPart.model_validate) for path in paths]
    images = [image for part in parts for image in part.images]
    return Inventory.of([*images, *(skip for part in parts for skip in part.skipped)])


def read_normal(store: Store, image: NormalImage, source: str, decoding: Decoding = PLAIN) -> bytes:
    """Return a normal image's PNG file; a damaged one is taken in anew from its photo.

    Args:
        store: The store.
        image: The image.
        source: Where the photos are.
        decoding: How they are read.

    Raises:
        DamagedFileError: It is damaged, and its photo is not where it was.
    """
    try:
        return _checked(store, image)
    except DamagedFileError as damage:
        logger.warning("%s; it is taken in anew", damage)
        store.remove(normal_record_path(image.sha256))
        if not _is_taken_in(store, image, source, decoding):
            raise DamagedFileError(
                damage.file,
                f"{damage.why}, and {image.name} is no longer what it was in {source}; "
                "bring the photo back and build again",
            ) from damage
    return _checked(store, image)


def _checked(store: Store, image: NormalImage) -> bytes:
    """Return the file if it is the one that was written; older records know only its pixels.

    Raises:
        DamagedFileError: It is not.
    """
    file = store.address(image.path)
    try:
        data = store.read(image.path)
    except FileNotFoundError as error:
        raise DamagedFileError(file, "it is missing") from error
    try:
        digest = store.read_json(normal_record_path(image.sha256)).get(PNG_SHA256)
    except (FileNotFoundError, DamagedFileError):
        digest = None
    if sha256_hex(data) != digest and (digest or not _shows(data, image)):
        raise DamagedFileError(file, "it is not what was written")
    return data


def _shows(data: bytes, image: NormalImage) -> bool:
    try:
        return pixels_digest(decode_png(data)) == image.pixels_sha256
    except ValueError:
        return False


def _is_taken_in(store: Store, image: NormalImage, source: str, decoding: Decoding) -> bool:
    try:
        url = file_url(source, image.name)
    except SourceError:
        return False
    if url is None:
        return False
    taken = take_in(SourceFile(image.name, url), store, inf, decoding)  # it was let in before
    return isinstance(taken, NormalImage) and taken.pixels_sha256 == image.pixels_sha256
