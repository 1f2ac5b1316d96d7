"""What a report shows of one sample: its arrays before drawing, its small pictures after."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, Self, TypeAlias

from kizu.agree.verdict import Verdict
from kizu.imaging.arrays import Boxes, FloatMap, Mask, RgbImage

Panel = Literal["normal", "edited", "outlined", "heat"]
Metric: TypeAlias = float | int | str | None

_PICTURES: Final = ("normal", "edited", "outlined", "heat", "detail")


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
        normal: (H, W, 3) photo before the edit.
        edited: (H, W, 3) photo with the defect, as it is published.
        anomaly_map: (H, W) evidence of change in noise-floor units, in the published frame; None
            if nothing was compared.
        mask: (H, W) the defect's label, as it is published.
        grounded_boxes: (N, 4) xyxy px boxes found from text.
        grounded_mask: (H, W) pixels found from text.
        grounded_labels: The phrase behind each grounded box.
    """

    sample_id: str
    defect_type: str
    prompt: str
    verdict: Verdict
    reason: str
    explanation: str
    metrics: Mapping[str, Metric]
    normal: RgbImage
    edited: RgbImage
    anomaly_map: FloatMap | None = None
    mask: Mask | None = None
    grounded_boxes: Boxes | None = None
    grounded_mask: Mask | None = None
    grounded_labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse arrays that do not lie on one grid."""
        grid = self.edited.shape[:2]
        for name in ("normal", "anomaly_map", "mask", "grounded_mask"):
            array = getattr(self, name)
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
        normal: The photo before the edit.
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
    grounded_labels: tuple[str, ...]
    width_px: int
    height_px: int
    normal: bytes
    edited: bytes
    outlined: bytes
    heat: bytes | None
    detail: bytes | None
    detail_panels: tuple[Panel, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object with the pictures in base64; ``from_json`` is its inverse."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in _PICTURES:
            if values[name] is not None:
                values[name] = base64.b64encode(values[name]).decode("ascii")
        return {
            **values,
            "metrics": dict(self.metrics),
            "grounded_labels": list(self.grounded_labels),
            "detail_panels": list(self.detail_panels),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` returned.

        Raises:
            ValueError: It was written by another version of the report.
        """
        names = {field.name for field in fields(cls)}
        if set(value) != names:
            odd = ", ".join(sorted(set(value) ^ names))
            raise ValueError(f"stored pictures have other fields ({odd}); draw this card again")
        files = {name: base64.b64decode(value[name]) for name in _PICTURES if value[name]}
        lists = {name: tuple(value[name]) for name in ("grounded_labels", "detail_panels")}
        verdict = Verdict(value["verdict"])
        return cls(**{**value, **files, **lists, "verdict": verdict})
