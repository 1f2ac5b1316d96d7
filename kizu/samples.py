"""A sample: one defect image to be, from its plan to its row in the dataset."""

import posixpath
import re
from typing import Final

from kizu.agree.settings import AreaRange
from kizu.edit.regions import Region
from kizu.edit.request import EditRequest
from kizu.settings import Record
from kizu.sources import NormalImage
from kizu.splits import Group
from kizu.store.keys import sha256_hex


class PairedPicture(Record):
    """A picture that existed before, and how it found its normal image.

    Attributes:
        name: Its path below its source.
        sha256: SHA-256 of its file.
        paired_by: "table", "name" or "content"; "none" if it stands alone.
        score: How much of the normal image was found again in it, 0 to 1; None if nothing was
            compared.
    """

    name: str
    sha256: str
    paired_by: str
    score: float | None


class PlannedSample(Record):
    """One defect image to be: the unit that goes through all stages.

    Attributes:
        sample_id: Its name in the dataset; readable, and distinct.
        normal: The normal image; of a picture that has none, the picture itself.
        has_normal: False for a picture that has none: nothing is compared then.
        picture: The picture, if it existed before; None if it is made on request.
        defect_type: The class.
        prompt: What the user asked for.
        phrases: What the annotator looks for.
        region: Where the defect may be.
        expected_area: How much of the image it should cover.
        request: The edit request.
        in_group: The photos that stay in one split with the normal image; None for itself alone,
            as an older kizu planned it.
    """

    sample_id: str
    normal: NormalImage
    has_normal: bool = True
    picture: PairedPicture | None = None
    defect_type: str
    prompt: str
    phrases: tuple[str, ...]
    region: Region | None
    expected_area: AreaRange
    request: EditRequest
    in_group: Group | None = None

    @property
    def group(self) -> Group:
        """The photos that stay in one split with the normal image."""
        return self.in_group or Group.alone(self.normal)


MOST_NAME_BYTES: Final = 255
"""Of a file's name in UTF-8, with its ending: the limit of every common file system."""

_ENDING: Final = ".png"  # of most files that are called as their sample
_DIGEST_DIGITS: Final = 8


def fitting(text: str, most_bytes: int) -> str:
    """Return a part of a file name; one that is too long is cut, and stays distinct by a digest.

    Args:
        text: The part.
        most_bytes: How long it may be in UTF-8.

    Example:
        >>> fitting("傷" * 8, 24), fitting("傷" * 9, 24)
        ('傷傷傷傷傷傷傷傷', '傷傷傷傷傷~ae2adeae')
    """
    encoded = text.encode()
    if len(encoded) <= most_bytes:
        return text
    digest = f"~{sha256_hex(encoded)[:_DIGEST_DIGITS]}"
    return encoded[: most_bytes - len(digest)].decode(errors="ignore") + digest


def sample_name(photo: str, *parts: str) -> str:
    """Return a sample's id: what its photo is called, as far as file names have room, and more.

    Args:
        photo: The photo's path below its source.
        parts: What follows, a key among it.

    Example:
        >>> sample_name("line 2/カップ 01.png", "crack", "000", "8342eae1")
        'line-2-カップ-01_crack_000_8342eae1'
    """
    rest = "".join(f"_{part}" for part in parts)
    room = MOST_NAME_BYTES - len(_ENDING) - len(rest.encode())
    return fitting(file_stem(photo), room) + rest


def file_stem(name: str) -> str:
    """Make a file's path below the source a plain file stem.

    Example:
        >>> file_stem("line 2/カップ 01.png")
        'line-2-カップ-01'
    """
    stem = posixpath.splitext(name)[0]
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:80] or "photo"
