"""The real folder as a test set: its pictures, and which part each of them shows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from kizu.prove.pictures import Picture
from kizu.real_defects import (
    is_normal,
    list_real_defects,
    name_in_class,
    read_real_picture,
)
from kizu.spec import GOOD
from kizu.spec.grouping import GroupSettings

_OPTION: Final = "--real"


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
        SourceError: It cannot be listed, or holds no mask.
    """
    parts, path = RealParts({}, _rule_of(group)), str(folder)
    real = list_real_defects(path, _OPTION, with_normals=True)
    digests: dict[str, str] = {}
    pictures: list[Picture] = []
    left_out = [why for _, why in real.unusable]
    for each in (*real.found, *real.normals):
        kind = GOOD if is_normal(each.defect_type) else each.defect_type
        name = f"{kind}/{name_in_class(each, path)}"
        try:
            part = _part_of(name, parts)
        except RealFolderError as error:
            left_out.append(str(error))
        else:
            pictures.append(Picture(name, kind, part, partial(read_real_picture, path, each)))
            digests |= {each.picture_sha256: part, each.pixels_sha256: part}
    pictures.sort(key=lambda each: each.name)
    found = RealFolder(tuple(pictures), tuple(left_out), RealParts(digests, parts.rule))
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


def _rule_of(group: str | None) -> GroupSettings | None:
    try:
        re.compile(group or "")
    except re.error as error:
        raise RealFolderError(
            f"--group {group!r} is no regular expression ({error}); try for example 'tile[0-9]+'"
        ) from error
    return None if group is None else GroupSettings(pattern=group)


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
