"""What a report shows of one sample: its arrays before drawing, its small pictures after."""

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal, Self, TypeAlias

from kizu.agree.verdict import Verdict
from kizu.imaging.arrays import Boxes, FloatMap, Mask, RgbImage

Panel = Literal["normal", "edited", "outlined", "heat"]
Metric: TypeAlias = float | int | str | None

_PICTURES: Final = ("normal", "edited", "outlined", "heat", "detail")


@dataclass(frozen=True, eq=False)
class Found:
    """What one annotator found from text on a sample's (H, W) pixel grid.

    Attributes:
        annotator: Its name.
        boxes: (N, 4) xyxy px.
        mask: (H, W) pixels; None where it gives boxes only, or found nothing.
        labels: The phrase behind each box, with its confidence.
        metrics: The numbers of its comparison with the change, by name with unit.
    """

    annotator: str
    boxes: Boxes
    mask: Mask | None = None
    labels: tuple[str, ...] = ()
    metrics: Mapping[str, Metric] = field(default_factory=dict)


@dataclass(frozen=True)
class FoundWords:
    """What a page says of an annotator's findings on one sample; see ``Found``."""

    annotator: str
    labels: tuple[str, ...]
    metrics: Mapping[str, Metric]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read its fields as JSON holds them."""
        return cls(value["annotator"], tuple(value["labels"]), value["metrics"])


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
class CardPictures:
    """One sample ready to be shown: its words, and its pictures as WebP files.

    Attributes:
        width_px: Width of the sample's own images, not of the pictures.
        height_px: Height of the same.
        normal: The photo before the edit; None where there is none.
        edited: The photo after it.
        outlined: The edited photo with outlines of the change and of what the text finds.
        heat: The anomaly map over the dimmed edited photo; None without a map.
        detail: The surroundings of the change, enlarged: one equal panel for each name in
            ``detail_panels``, side by side; None where there is nothing small to enlarge.
    """

    sample_id: str
    defect_type: str
    prompt: str
    verdict: Verdict
    reason: str
    explanation: str
    metrics: Mapping[str, Metric]
    found: tuple[FoundWords, ...]
    width_px: int
    height_px: int
    normal: bytes | None
    edited: bytes
    outlined: bytes
    heat: bytes | None
    detail: bytes | None
    detail_panels: tuple[Panel, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object with the pictures in base64; ``from_json`` is its inverse."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        for name in _PICTURES:
            if values[name] is not None:
                values[name] = base64.b64encode(values[name]).decode("ascii")
        return {
            **values,
            "metrics": dict(self.metrics),
            "found": [asdict(each) for each in self.found],
            "detail_panels": list(self.detail_panels),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` returned.

        Raises:
            ValueError: It was written by another version of the report.
        """
        names = {each.name for each in fields(cls)}
        if set(value) != names:
            odd = ", ".join(sorted(set(value) ^ names))
            raise ValueError(f"stored pictures have other fields ({odd}); draw this card again")
        files = {name: base64.b64decode(value[name]) for name in _PICTURES if value[name]}
        found = tuple(FoundWords.from_json(each) for each in value["found"])
        lists = {"found": found, "detail_panels": tuple(value["detail_panels"])}
        verdict = Verdict(value["verdict"])
        return cls(**{**value, **files, **lists, "verdict": verdict})
