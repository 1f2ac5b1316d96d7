"""The user's real defects: finds pictures with their masks, and normal ones, and reads them.

Two layouts are read: a subfolder per defect type with ``NAME.png`` and ``NAME_mask.png`` beside it,
and one of normal pictures, called "good" or "normal"; and MVTec AD's ``test/TYPE/NAME.png`` with
``ground_truth/TYPE/NAME_mask.png``, and ``train/good``. Pictures and masks may be in any format
that photos are read in.
"""

import posixpath
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_drawn_mask, decode_image
from kizu.imaging.formats import DEFAULT_MAX_MEGAPIXELS, UnreadableImageError, most_bytes
from kizu.progress import advance, expect
from kizu.sentences import words_of
from kizu.source_files import (
    NotReadableError,
    SourceError,
    SourceFile,
    file_url,
    list_source,
    read_url,
)
from kizu.sources import pixels_digest
from kizu.store.addresses import shown_url
from kizu.store.keys import sha256_hex

LOOK: Final = "look at real pictures"
"""What progress is reported as."""

_MASK_ENDING: Final = "_mask"
_NORMAL_FOLDERS: Final = frozenset({"good", "normal"})
_MVTEC_PICTURES: Final = "test"
_MVTEC_MASKS: Final = "ground_truth"
_MVTEC_NORMALS: Final = "train/good"
_NO_PICTURES: Final = frozenset({".txt", ".csv", ".json", ".xml", ".yaml", ".yml", ".md", ".db"})
"""Endings of what lies beside pictures and is none: lists, licences, thumbnails of Windows."""


@dataclass(frozen=True)
class RealPicture:
    """A picture of a real defect and the mask that says where it is; or a normal picture.

    Attributes:
        name: The picture's path below the folder.
        mask_name: The mask's path below it; empty of normal pictures.
        defect_type: The class, as its folder is called; of normal pictures what theirs is called.
        picture_sha256: SHA-256 of the picture's file.
        mask_sha256: SHA-256 of the mask's file; empty of normal pictures.
        pixels_sha256: SHA-256 of the picture's pixels, as ``pixels_digest`` takes it; empty where
            it was not listed but asked for again.
    """

    name: str
    mask_name: str
    defect_type: str
    picture_sha256: str
    mask_sha256: str
    pixels_sha256: str = ""


@dataclass(frozen=True)
class RealDefects:
    """What a folder of real defects holds.

    Attributes:
        path: The folder.
        found: The real defects that can be used, sorted by name.
        normals: The normal pictures that can, if they were asked for; sorted by name.
        unusable: Per picture that cannot, its class and a sentence with the way out.
    """

    path: str
    found: tuple[RealPicture, ...]
    normals: tuple[RealPicture, ...]
    unusable: tuple[tuple[str, str], ...]

    def of(self, defect_type: str, setting: str) -> Sequence[RealPicture]:
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


def list_real_defects(path: str, setting: str, *, with_normals: bool = False) -> RealDefects:
    """Find the real defects in a folder; each is read once, for its digests and its size.

    Args:
        path: The folder, or its URL.
        setting: The setting that names it, for errors.
        with_normals: Whether its normal pictures are wanted as well.

    Raises:
        SourceError: The folder cannot be listed, or holds no mask.
    """
    files = _files(path, setting, with_normals=with_normals)
    masks = {_place(name, path): name for name in files if _is_mask(name)}
    if not masks:
        raise SourceError(
            f"{setting}: no picture in {path!r} has a mask; put NAME_mask.png beside each "
            "NAME.png, white where the defect is"
        )
    with_masks = {defect_type for defect_type, _ in masks}
    pictures = [name for name in files if not (_is_mask(name) or _is_list(name))]
    found: list[RealPicture] = []
    normals: list[RealPicture] = []
    unusable: list[tuple[str, str]] = []
    expect(LOOK, len(pictures))
    for name in pictures:
        defect_type, stem = _place(name, path)
        try:
            if is_normal(defect_type):
                if with_normals:
                    normals.append(_normal(files[name], defect_type))
            elif defect_type in with_masks:
                mask = files.get(masks.get((defect_type, stem), ""))
                found.append(_defect(files[name], mask, defect_type))
        except ValueError as error:
            unusable.append((defect_type, str(error)))
        advance(LOOK)
    bare = sorted({_place(name, path)[0] for name in pictures} - with_masks)
    unusable += [
        (each, f"{each}: none of its pictures has a mask; put NAME_mask.png beside each NAME.png")
        for each in bare
        if not is_normal(each)
    ]
    return RealDefects(path, tuple(found), tuple(normals), tuple(unusable))


def is_normal(defect_type: str) -> bool:
    """Tell whether a folder is called as those of normal pictures are.

    Example:
        >>> is_normal("Good"), is_normal("crack")
        (True, False)
    """
    return defect_type.casefold() in _NORMAL_FOLDERS


def name_in_class(picture: RealPicture, path: str) -> str:
    """Return a picture's path below the folder of its class."""
    below = _place(picture.name, path)[1]
    return f"{below}{posixpath.splitext(picture.name)[1]}"


def read_real_picture(path: str, picture: RealPicture) -> tuple[RgbImage, Mask]:
    """Read a picture and its mask, as they were when they were listed.

    Args:
        path: The folder of real defects.
        picture: One that was found in it.

    Returns:
        (H, W, 3) uint8 RGB and (H, W) bool, which is empty of normal pictures.

    Raises:
        SourceError: One of them is gone, or another one than was listed; the message says which.
    """
    image = decode_image(_read_again(path, picture.name, picture.picture_sha256))
    if not picture.mask_name:
        return image, np.zeros(image.shape[:2], np.bool_)
    mask = _read_again(path, picture.mask_name, picture.mask_sha256)
    return image, decode_drawn_mask(mask)


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
    in_mvtec = folders[:1] in ([_MVTEC_PICTURES], [_MVTEC_MASKS]) or _is_mvtec_normal(name)
    if len(folders) > 1 and in_mvtec:
        return folders[1], "/".join(parts[2:])
    if folders:
        return folders[0], "/".join(parts[1:])
    return posixpath.basename(path.rstrip("/")), stem


def _is_mvtec_normal(name: str) -> bool:
    return name.startswith(f"{_MVTEC_NORMALS}/")


def _files(path: str, setting: str, *, with_normals: bool) -> dict[str, SourceFile]:
    """Return pictures and masks, by their path below the folder."""
    found: list[SourceFile] = []
    for part in (_MVTEC_PICTURES, _MVTEC_MASKS):
        try:
            found += _below(path, part, setting)
        except SourceError:
            return {file.name: file for file in list_source(path, setting)}
    if with_normals:
        with suppress(SourceError):  # normal pictures may all be in "test"
            found = [*_below(path, _MVTEC_NORMALS, setting), *found]
    return {file.name: file for file in found}


def _below(path: str, part: str, setting: str) -> list[SourceFile]:
    listed = list_source(posixpath.join(path, part), setting)
    return [replace(file, name=posixpath.join(part, file.name)) for file in listed]


def _normal(picture: SourceFile, defect_type: str) -> RealPicture:
    """Read a normal picture.

    Raises:
        ValueError: It cannot be used.
    """
    data = _read(picture)
    pixels = pixels_digest(_decoded(picture, data))
    return RealPicture(picture.name, "", defect_type, sha256_hex(data), "", pixels)


def _defect(picture: SourceFile, mask: SourceFile | None, defect_type: str) -> RealPicture:
    """Read a picture and its mask.

    Raises:
        ValueError: One of them cannot be used; the message names it.
    """
    if mask is None:
        stem = posixpath.basename(posixpath.splitext(picture.name)[0])
        raise ValueError(f"{picture.name} has no mask; give it one, {stem}{_MASK_ENDING}.png")
    data, mask_data = _read(picture), _read(mask)
    image = _decoded(picture, data)
    height, width = image.shape[:2]
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
    return RealPicture(
        picture.name,
        mask.name,
        defect_type,
        sha256_hex(data),
        sha256_hex(mask_data),
        pixels_digest(image),
    )


def _decoded(picture: SourceFile, data: bytes) -> RgbImage:
    try:
        return decode_image(data)
    except UnreadableImageError as error:
        raise ValueError(f"{picture.name} cannot be used: {error}") from error


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
        raise SourceError(f"{name} is no longer in {path}; bring it back, or start again")
    if sha256_hex(data) != sha256:
        raise SourceError(f"{name} in {path} has changed since it was looked at; start again")
    return data


def _url_of(path: str, name: str) -> str | None:
    """Return where a file of a folder of real defects is read; None if it is not there."""
    for part in (_MVTEC_PICTURES, _MVTEC_MASKS, _MVTEC_NORMALS):
        if name.startswith(f"{part}/"):  # ``path`` itself would list ``train/good`` alone
            return file_url(posixpath.join(path, part), name.removeprefix(f"{part}/"))
    return file_url(path, name)
