"""What is asked for: by the user of one photo, and of an editor, which is an edit's identity."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from kizu.edit.regions import Region
from kizu.imaging.codecs import PLAIN, Decoding
from kizu.imaging.geometry import Geometry
from kizu.settings import Record
from kizu.store.keys import content_key

DECODING: Final = "decoding"
"""What a request calls the way in which the picture that it names is read; absent by default."""


class Severity(StrEnum):
    """How much a defect catches the eye."""

    SLIGHT = "slight"
    MODERATE = "moderate"
    SEVERE = "severe"


@dataclass(frozen=True)
class ExistingPicture:
    """A picture that shows a defect already.

    Attributes:
        name: Its path below its source.
        sha256: SHA-256 of its file.
        geometry: How the normal image was brought to it.
        decoding: How its file is read.
    """

    name: str
    sha256: str
    geometry: Geometry
    decoding: Decoding = PLAIN


@dataclass(frozen=True)
class DefectRequest:
    """One defect that the user wants on one photo.

    Attributes:
        normal_sha256: The normal image.
        source: (width, height) of the photo in pixels.
        category: What the photo shows.
        defect_type: The class.
        prompt: The defect in the user's words, or the defect type.
        wording: The same in the words of this variant.
        variant: Number of this edit among those that ask for the same.
        seed: The spec's seed.
        placement: Where, in the user's words; empty if left open.
        severity: How bad; None if left open.
        region: Where it may be; None for anywhere.
        area: Least and most fraction of the photo it covers; None if left open.
        picture: The picture that shows it; None if it is to be made.
    """

    normal_sha256: str
    source: tuple[int, int]
    category: str
    defect_type: str
    prompt: str
    wording: str
    variant: int
    seed: int
    placement: str = ""
    severity: Severity | None = None
    region: Region | None = None
    area: tuple[float, float] | None = None
    picture: ExistingPicture | None = None


class EditRequest(Record):
    """Normal image x defect x variant, with everything that shapes the edited picture.

    Two equal requests are one edit, bought once. What does not shape the picture (grounding
    phrases, expected area, thresholds) is not part of it, so changing that buys nothing.

    Attributes:
        normal_sha256: The normal image.
        ask: What is asked of the editor: prompt, region and what else it takes.
        editor: The editor with the settings and the version that shape its pictures.
        variant: Number of this edit among those that ask for the same.
        seed: The spec's seed.
    """

    normal_sha256: str
    ask: dict[str, JsonValue]
    editor: dict[str, JsonValue]
    variant: int
    seed: int

    @property
    def key(self) -> str:
        """The request's key, 64 hexadecimal digits."""
        return content_key("edit", **self.model_dump(mode="json"))

    @property
    def emulated(self) -> bool:
        """True if the emulator is to make it: such an edit never stands for a real one."""
        return self.editor.get("emulated") is True

    @property
    def asked_area(self) -> tuple[float, float] | None:
        """Least and most fraction of the photo that the defect covers; None if left open."""
        area = self.ask.get("area")
        return (float(area[0]), float(area[1])) if isinstance(area, list) else None  # type: ignore[arg-type] # JSON; the plan wrote two numbers

    @property
    def asked_severity(self) -> Severity | None:
        """How bad it is to be; None if left open."""
        severity = self.ask.get("severity")
        return Severity(str(severity)) if severity else None

    @property
    def draw(self) -> int:
        """A seed for random numbers, fixed by the request, in [0, 2**63)."""
        return int(self.key[:16], 16) >> 1
