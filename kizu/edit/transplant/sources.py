"""Finds pictures of real defects with their masks, and reads them.

Two layouts are read: a subfolder per defect type with ``NAME.png`` and ``NAME_mask.png`` beside it,
and MVTec AD's ``test/TYPE/NAME.png`` with ``ground_truth/TYPE/NAME_mask.png``. Pictures and masks
may be in any format that photos are read in.
"""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_drawn_mask, decode_image
from kizu.imaging.formats import DEFAULT_MAX_MEGAPIXELS, UnreadableImageError, most_bytes
from kizu.sentences import words_of
from kizu.source_files import (
    NotReadableError,
    SourceError,
    SourceFile,
    file_url,
    list_source,
    read_url,
)
from kizu.store.addresses import shown_url
from kizu.store.keys import sha256_hex

_MASK_ENDING: Final = "_mask"
_MVTEC_PICTURES: Final = "test"
_MVTEC_MASKS: Final = "ground_truth"
_NO_PICTURES: Final = frozenset({".txt", ".csv", ".json", ".xml", ".yaml", ".yml", ".md", ".db"})
"""Endings of what lies beside pictures and is none: lists, licences, thumbnails of Windows."""


@dataclass(frozen=True)
class RealDefect:
    """A picture of a real defect, and the mask that says where it is.

    Attributes:
        name: The picture's path below the folder of real defects.
        mask_name: The mask's path below it.
        defect_type: The class, as its folder is called.
        picture_sha256: SHA-256 of the picture's file.
        mask_sha256: SHA-256 of the mask's file.
    """

    name: str
    mask_name: str
    defect_type: str
    picture_sha256: str
    mask_sha256: str


@dataclass(frozen=True)
class RealDefects:
    """What a folder of real defects holds.

    Attributes:
        path: The folder.
        found: The real defects that can be used, sorted by name.
        unusable: Per picture that cannot, its class and a sentence with the way out.
    """

    path: str
    found: tuple[RealDefect, ...]
    unusable: tuple[tuple[str, str], ...]

    def of(self, defect_type: str, setting: str) -> Sequence[RealDefect]:
        """Return the real defects of a class.

        Args:
            defect_type: The class; case, spaces, ``_`` and ``-`` do not count.
            setting: The setting that names the folder, for errors.

        Raises:
            SourceError: There are none that can be used.
        """
        asked = _plain(defect_type)
        if found := [each for each in self.found if _plain(each.defect_type) == asked]:
            return found
        reasons = [why for name, why in self.unusable if _plain(name) == asked]
        if reasons:
            raise SourceError(f"{setting}: no picture of {defect_type!r} can be used: {reasons[0]}")
        there = ", ".join(sorted({each.defect_type for each in self.found})) or "nothing"
        raise SourceError(
            f"{setting}: {self.path!r} holds {there} and no {defect_type!r}; make a subfolder "
            f"{defect_type!r} of pictures NAME.png, each with its NAME_mask.png"
        )


def list_real_defects(path: str, setting: str) -> RealDefects:
    """Find the real defects in a folder; each is read once, for its digest and its size.

    Args:
        path: The folder, or its URL.
        setting: The setting that names it, for errors.

    Raises:
        SourceError: The folder cannot be listed, or holds no mask.
    """
    files = _files(path, setting)
    masks = {_place(name, path): name for name in files if _is_mask(name)}
    if not masks:
        raise SourceError(
            f"{setting}: no picture in {path!r} has a mask; put NAME_mask.png beside each "
            "NAME.png, white where the defect is"
        )
    with_masks = {defect_type for defect_type, _ in masks}
    found: list[RealDefect] = []
    unusable: list[tuple[str, str]] = []
    for name, file in files.items():
        defect_type, stem = _place(name, path)
        if _is_mask(name) or _is_list(name) or defect_type not in with_masks:
            continue
        try:
            found.append(_check(file, files.get(masks.get((defect_type, stem), "")), defect_type))
        except ValueError as error:
            unusable.append((defect_type, str(error)))
    return RealDefects(path, tuple(found), tuple(unusable))


def read_real_defect(path: str, defect: RealDefect) -> tuple[RgbImage, Mask]:
    """Read a picture and its mask, as they were when they were listed.

    Args:
        path: The folder of real defects.
        defect: One that was found in it.

    Returns:
        (H, W, 3) uint8 RGB and (H, W) bool.

    Raises:
        ValueError: One of them is gone, or another one than was listed; the message says which.
    """
    picture = _read_again(path, defect.name, defect.picture_sha256)
    mask = _read_again(path, defect.mask_name, defect.mask_sha256)
    return decode_image(picture), decode_drawn_mask(mask)


def _plain(defect_type: str) -> str:
    """Return a class's name without what people write now one way and now another."""
    return re.sub(r"[\s_-]+", " ", defect_type).strip().casefold()


def _is_mask(name: str) -> bool:
    return posixpath.splitext(name)[0].endswith(_MASK_ENDING)


def _is_list(name: str) -> bool:
    return posixpath.splitext(name)[1].lower() in _NO_PICTURES


def _place(name: str, path: str) -> tuple[str, str]:
    """Return the class of a picture or mask, and what both are called within it.

    Pictures that lie in the folder itself are of the class that the folder is called.
    """
    stem = posixpath.splitext(name)[0].removesuffix(_MASK_ENDING)
    folders, parts = stem.split("/")[:-1], stem.split("/")
    if len(folders) > 1 and folders[0] in (_MVTEC_PICTURES, _MVTEC_MASKS):
        return folders[1], "/".join(parts[2:])
    if folders:
        return folders[0], "/".join(parts[1:])
    return posixpath.basename(path.rstrip("/")), stem


def _files(path: str, setting: str) -> dict[str, SourceFile]:
    """Return pictures and masks, by their path below the folder."""
    found: list[SourceFile] = []
    for part in (_MVTEC_PICTURES, _MVTEC_MASKS):
        try:
            listed = list_source(posixpath.join(path, part), setting)
        except SourceError:
            return {file.name: file for file in list_source(path, setting)}
        found += [replace(file, name=posixpath.join(part, file.name)) for file in listed]
    return {file.name: file for file in found}


def _check(picture: SourceFile, mask: SourceFile | None, defect_type: str) -> RealDefect:
    """Read a picture and its mask.

    Raises:
        ValueError: One of them cannot be used; the message names it.
    """
    if mask is None:
        stem = posixpath.basename(posixpath.splitext(picture.name)[0])
        raise ValueError(f"{picture.name} has no mask; give it one, {stem}{_MASK_ENDING}.png")
    data, mask_data = _read(picture), _read(mask)
    try:
        height, width = decode_image(data).shape[:2]
    except UnreadableImageError as error:
        raise ValueError(f"{picture.name} cannot be used: {error}") from error
    try:
        marked = decode_drawn_mask(mask_data)
    except UnreadableImageError as error:
        raise ValueError(f"{mask.name} cannot be used: {error}") from error
    if marked.shape != (height, width):
        raise ValueError(
            f"{mask.name} has {marked.shape[1]}x{marked.shape[0]} pixels and {picture.name} "
            f"{width}x{height}; give the mask the size of its picture"
        )
    if marked.all() or not marked.any():
        told = "white" if marked.all() else "black"
        raise ValueError(
            f"{mask.name} is {told} all over; make it white on the defect and black elsewhere"
        )
    return RealDefect(picture.name, mask.name, defect_type, sha256_hex(data), sha256_hex(mask_data))


def _read(file: SourceFile) -> bytes:
    if file.trouble:
        raise ValueError(f"{file.name} cannot be read: {file.trouble}")
    try:
        return read_url(file.url, most_bytes(DEFAULT_MAX_MEGAPIXELS))
    except Exception as error:  # clients of object stores raise whatever they like
        raise ValueError(f"{file.name} cannot be read ({shown_url(words_of(error))})") from error


def _read_again(path: str, name: str, sha256: str) -> bytes:
    try:
        url = _url_of(path, name)
        data = None if url is None else read_url(url, most_bytes(DEFAULT_MAX_MEGAPIXELS))
    except (FileNotFoundError, NotReadableError, SourceError):
        data = None
    if data is None:
        raise ValueError(f"{name} is no longer in {path}; bring it back, or build again")
    if sha256_hex(data) != sha256:
        raise ValueError(f"{name} in {path} has changed since it was planned; build again")
    return data


def _url_of(path: str, name: str) -> str | None:
    """Return where a file of a folder of real defects is read; None if it is not there."""
    part, _, below = name.partition("/")
    if part in (_MVTEC_PICTURES, _MVTEC_MASKS):  # ``path`` itself would list ``train/good`` alone
        return file_url(posixpath.join(path, part), below)
    return file_url(path, name)
