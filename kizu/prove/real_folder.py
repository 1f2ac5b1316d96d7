"""The user's real defects: a folder per kind with masks in it, or MVTec AD's layout."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import (
    IMAGE_SUFFIXES,
    UnreadableImageError,
    decode_drawn_mask,
    decode_image,
)
from kizu.progress import advance, expect
from kizu.prove.pictures import Picture
from kizu.sources import pixels_digest
from kizu.spec import GOOD
from kizu.spec.grouping import GroupSettings
from kizu.store.keys import sha256_hex

Pixels = TypeVar("Pixels", bound=NDArray[Any])

_NORMAL_FOLDERS: Final = ("good", "normal")
_MASK_SUFFIX: Final = "_mask"


class RealFolderError(ValueError):
    """The folder of real defects cannot be used; the message says why and the way out."""


@dataclass(frozen=True)
class RealFolder:
    """Pictures with masks, sorted by name.

    Attributes:
        pictures: All that can be used.
        left_out: A sentence per picture that cannot.
        parts: How a picture elsewhere is known to show one of its parts.
    """

    pictures: tuple[Picture, ...]
    left_out: tuple[str, ...]
    parts: "RealParts"


@dataclass(frozen=True)
class RealParts:
    """How a picture elsewhere is known to show a part of the real folder.

    Attributes:
        by_digest: The part by the SHA-256 of a picture's file, and by that of its pixels.
        rule: What tells the part by a file's name; None if names tell nothing.
    """

    by_digest: Mapping[str, str]
    rule: GroupSettings | None = None

    def by_name(self, name: str) -> str:
        """Return the part that a path's last name tells; empty for none.

        Example:
            >>> RealParts({}, GroupSettings(pattern="(tile[0-9]+)_")).by_name("a/tile04_exp1.jpg")
            'tile04'
        """
        return self.rule.group_of(name.rsplit("/", 1)[-1]) if self.rule else ""


def open_real_folder(
    folder: Path, group: str | None = None, *, needs_normals: bool = True
) -> RealFolder:
    """Look at a folder of real defects and normals; what cannot be used is left out and named.

    Args:
        folder: Subfolders per defect with pictures and ``NAME_mask.png`` beside each, and one
            called "good" or "normal"; or MVTec AD's ``test/KIND``, ``ground_truth/KIND`` and
            ``train/good``.
        group: A regular expression on a picture's file name; what it matches (its first bracket,
            if it has one) says which part is shown. None takes every picture for a part of its own.
        needs_normals: False if defects alone will do.

    Raises:
        RealFolderError: It has no defects or no normals, or the expression fits no name.
    """
    if not folder.is_dir():
        raise RealFolderError(f"{folder} is no folder; give the folder of your real defects")
    digests: dict[str, str] = {}
    parts = RealParts(digests, _rule_of(group))
    listed = list(_mvtec(folder) if (folder / "test").is_dir() else _plain(folder))
    pictures: list[Picture] = []
    left_out: list[str] = []
    expect(f"look at {folder.name}", len(listed))
    for kind, file, mask in listed:
        name = f"{kind}/{file.name}"
        try:
            part = _part_of(name, parts)
            data = _bytes_of(file)
            image, _ = _pair(file, data, mask, needs_defect=kind != GOOD)
        except RealFolderError as error:
            left_out.append(str(error))
        else:
            pictures.append(Picture(name, kind, part, partial(read_pair, file, mask)))
            digests |= {sha256_hex(data): part, pixels_digest(image): part}
        advance(f"look at {folder.name}")
    pictures.sort(key=lambda each: each.name)
    found = RealFolder(tuple(pictures), tuple(left_out), parts)
    _check(found, folder, needs_normals=needs_normals)
    return found


def _part_of(name: str, parts: RealParts) -> str:
    if parts.rule is None:
        return name
    if part := parts.by_name(name):
        return part
    raise RealFolderError(
        f"{name} has no part in its name by --group {parts.rule.pattern!r}; write an expression "
        "that fits all names"
    )


def read_pair(file: Path, mask: Path | None) -> tuple[RgbImage, Mask]:
    """Return a picture's (H, W, 3) uint8 image and (H, W) bool mask; without one it is empty.

    Raises:
        RealFolderError: One cannot be read, or they differ in size.
    """
    return _pair(file, _bytes_of(file), mask, needs_defect=False)


def _pair(
    file: Path, data: bytes, mask: Path | None, *, needs_defect: bool
) -> tuple[RgbImage, Mask]:
    image = _decoded(file, data, decode_image)
    if mask is None:
        return image, np.zeros(image.shape[:2], np.bool_)
    if not mask.is_file():
        raise RealFolderError(f"{file} has no mask {mask.name}; draw one, or remove the picture")
    drawn = _decoded(mask, _bytes_of(mask), decode_drawn_mask)
    if needs_defect and not drawn.any():
        raise RealFolderError(f"{mask} marks nothing; draw the defect, or move {file.name} to good")
    if drawn.shape != image.shape[:2]:
        (high, wide), (tall, broad) = drawn.shape, image.shape[:2]
        raise RealFolderError(
            f"{mask} has {wide}x{high} pixels and its picture {broad}x{tall}; make them equal"
        )
    return image, drawn


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise RealFolderError(f"{file} cannot be read: {error.strerror or error}") from error


def _decoded(file: Path, data: bytes, decode: Callable[[bytes], Pixels]) -> Pixels:
    try:
        return decode(data)
    except UnreadableImageError as error:
        raise RealFolderError(f"{file} cannot be used: {error}") from error


def _rule_of(group: str | None) -> GroupSettings | None:
    try:
        re.compile(group or "")
    except re.error as error:
        raise RealFolderError(
            f"--group {group!r} is no regular expression ({error}); try for example 'tile[0-9]+'"
        ) from error
    return None if group is None else GroupSettings(pattern=group)


def _plain(folder: Path) -> Iterator[tuple[str, Path, Path | None]]:
    for sub in sorted(each for each in folder.iterdir() if each.is_dir()):
        is_normal = sub.name.casefold() in _NORMAL_FOLDERS
        for file in _pictures_of(sub):
            yield (
                (GOOD, file, None)
                if is_normal
                else (sub.name, file, sub / f"{file.stem}{_MASK_SUFFIX}.png")
            )


def _mvtec(folder: Path) -> Iterator[tuple[str, Path, Path | None]]:
    for sub in (folder / "train" / GOOD, folder / "test" / GOOD):
        for file in _pictures_of(sub) if sub.is_dir() else ():
            yield GOOD, file, None
    for sub in sorted(each for each in (folder / "test").iterdir() if each.is_dir()):
        if sub.name != GOOD:
            masks = folder / "ground_truth" / sub.name
            for file in _pictures_of(sub):
                yield sub.name, file, masks / f"{file.stem}{_MASK_SUFFIX}.png"


def _pictures_of(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in IMAGE_SUFFIXES and not file.stem.endswith(_MASK_SUFFIX)
    )


def _check(found: RealFolder, folder: Path, *, needs_normals: bool) -> None:
    why = f" ({found.left_out[0]})" if found.left_out else ""
    kinds = {each.kind for each in found.pictures}
    if not kinds - {GOOD}:
        raise RealFolderError(
            f"{folder} has no picture of a defect that can be used{why}; put each kind into a "
            "folder of its own with NAME_mask.png beside NAME.png"
        )
    if needs_normals and GOOD not in kinds:
        raise RealFolderError(
            f"{folder} has no normal pictures{why}; put some that you trained nothing on into "
            f"{folder / GOOD}"
        )
    if needs_normals and len({each.group for each in found.pictures}) < 2:
        raise RealFolderError(
            f"all pictures of {folder} show the same part by --group; write an expression that "
            "tells parts apart"
        )
