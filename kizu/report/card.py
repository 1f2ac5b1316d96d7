"""What a report shows of one sample: its arrays before drawing, its small pictures after."""

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, TypeAlias

from kizu.agree.verdict import Verdict
from kizu.imaging.arrays import Boxes, FloatMap, Mask, RgbImage

Panel = Literal["normal", "edited", "outlined", "heat"]
Metric: TypeAlias = float | int | str | None


@dataclass(frozen=True, eq=False)
class Found:
    """What one annotator found from text on a sample's (H, W) pixel grid.

    Attributes:
        annotator: Its name.
        boxes: (N, 4) xyxy px.
        mask: (H, W) pixels; None where it gives boxes only, or found nothing.
        labels: The phrase behind each box, with its confidence.
        phrases: The phrases alone, each once.
        metrics: The numbers of its comparison with the change, by name with unit.
    """

    annotator: str
    boxes: Boxes
    mask: Mask | None = None
    labels: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    metrics: Mapping[str, Metric] = field(default_factory=dict)


@dataclass(frozen=True)
class FoundWords:
    """What a page says of an annotator's findings on one sample; see ``Found``."""

    annotator: str
    labels: tuple[str, ...]
    phrases: tuple[str, ...]
    metrics: Mapping[str, Metric]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read its fields as JSON holds them."""
        lists = {name: tuple(value[name]) for name in ("labels", "phrases")}
        return cls(**{**value, **lists})


@dataclass(frozen=True, eq=False)
class Card:
    """One sample as the stages left it; all arrays lie on the same (H, W) pixel grid.

    Attributes:
        sample_id: The sample's published id.
        defect_type: The user's word for the defect.
        prompt: The edit that was asked for.
        verdict: What agreement decided.
        reason: A short machine word for why, such as "agree" or "not_grounded".
        explanation: The same in one sentence for a person.
        metrics: The numbers behind it, by name with unit ("mask_iou", "area_px").
        normal: (H, W, 3) photo before the edit; None where there is none.
        edited: (H, W, 3) photo with the defect, as it is published.
        anomaly_map: (H, W) evidence of change in noise-floor units, in the published frame; None
            if nothing was compared.
        mask: (H, W) the defect's label, as it is published.
        found: What each annotator found, in the order of their colours.
        photo: The photo's name.
    """

    sample_id: str
    defect_type: str
    prompt: str
    verdict: Verdict
    reason: str
    explanation: str
    metrics: Mapping[str, Metric]
    normal: RgbImage | None
    edited: RgbImage
    anomaly_map: FloatMap | None = None
    mask: Mask | None = None
    found: tuple[Found, ...] = ()
    photo: str = ""

    def __post_init__(self) -> None:
        """Refuse arrays that do not lie on one grid."""
        grid = self.edited.shape[:2]
        arrays = {
            "normal": self.normal,
            "anomaly_map": self.anomaly_map,
            "mask": self.mask,
            **{f"what {each.annotator} found": each.mask for each in self.found},
        }
        for name, array in arrays.items():
            if array is not None and array.shape[:2] != grid:
                raise ValueError(
                    f"{name} of sample {self.sample_id} is {array.shape[:2]}, edited is {grid};"
                    " bring both to the edited image's grid first"
                )


@dataclass(frozen=True)
class CardWords:
    """What a page says of one sample; see ``Card`` for what is not told here.

    Attributes:
        width_px: Width of the sample's own images, not of the pictures.
        height_px: Height of the same.
        panels: The columns of the film: each panel is there once for the whole image and, of an
            enlarged sample, once for the surroundings of the change below it.
        is_enlarged: Whether the film has that second row.
    """

    sample_id: str
    defect_type: str
    prompt: str
    verdict: Verdict
    reason: str
    explanation: str
    metrics: Mapping[str, Metric]
    found: tuple[FoundWords, ...]
    photo: str
    width_px: int
    height_px: int
    panels: tuple[Panel, ...]
    is_enlarged: bool

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; ``from_json`` is its inverse."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        found = [asdict(each) for each in self.found]
        return {**values, "metrics": dict(self.metrics), "found": found}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` returned.

        Raises:
            ValueError: It was written by another version of the report.
        """
        _same_fields(cls, value)
        found = tuple(FoundWords.from_json(each) for each in value["found"])
        told = {"found": found, "panels": tuple(value["panels"])}
        return cls(**{**value, **told, "verdict": Verdict(value["verdict"])})


@dataclass(frozen=True)
class FoundShapes:
    """Where one annotator found something, on the sample's own pixel grid.

    Attributes:
        mask: Its ``run_lengths``; None where it gives boxes only, or found nothing.
        boxes: xyxy px of each box.
    """

    mask: tuple[int, ...] | None
    boxes: tuple[tuple[float, ...], ...]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read its fields as JSON holds them."""
        mask = None if value["mask"] is None else tuple(value["mask"])
        return cls(mask, tuple(tuple(box) for box in value["boxes"]))


@dataclass(frozen=True)
class Evidence:
    """What the full-size view lays over a sample's own images.

    Attributes:
        label: ``run_lengths`` of the label on the sample's own pixel grid; None without one.
        found: What each annotator found, in the order of their colours.
        heat: The anomaly map as a WebP file that is clear where nothing changed, smaller than the
            image; None without a map.
    """

    label: tuple[int, ...] | None
    found: tuple[FoundShapes, ...]
    heat: bytes | None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object, the picture in base64; ``from_json`` is its inverse."""
        heat = None if self.heat is None else base64.b64encode(self.heat).decode("ascii")
        return {"label": self.label, "found": [asdict(each) for each in self.found], "heat": heat}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` returned.

        Raises:
            ValueError: It was written by another version of the report.
        """
        _same_fields(cls, value)
        label = None if value["label"] is None else tuple(value["label"])
        heat = None if value["heat"] is None else base64.b64decode(value["heat"])
        return cls(label, tuple(FoundShapes.from_json(each) for each in value["found"]), heat)


@dataclass(frozen=True)
class CardPictures:
    """One sample ready to be shown.

    Attributes:
        words: What is said of it.
        film: Its small pictures as one WebP file: equal cells side by side, one for each of the
            words' panels, and of an enlarged sample a second row of them.
        evidence: What is laid over its images at full size.
    """

    words: CardWords
    film: bytes
    evidence: Evidence


def _same_fields(cls: type[CardWords | Evidence], value: Mapping[str, Any]) -> None:
    names = {each.name for each in fields(cls)}
    if set(value) != names:
        odd = ", ".join(sorted(set(value) ^ names))
        raise ValueError(f"stored pictures have other fields ({odd}); draw this card again")
