"""What becomes of one labelled picture, in arrays, and as a picture to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image

from kizu.agree.verdict import Verdict
from kizu.diff import Drift, Status
from kizu.grounding import Detections
from kizu.imaging.arrays import Boxes, FloatMap, Mask, RgbImage
from kizu.imaging.crops import connected_regions
from kizu.imaging.geometry import Geometry
from kizu.viz import overlays
from kizu.viz.side_by_side import fitted, side_by_side, with_label

_COLOUR_NAMES: Final = ("orange", "pink", "green", "red", "violet", "yellow")
"""Of ``overlays.GROUNDED_COLOURS``."""


@dataclass(frozen=True, eq=False)
class LabelledPair:
    """What became of one picture; arrays without another word lie on the normal image's (H, W).

    Attributes:
        normal: (H, W, 3) uint8, the normal image; of a picture alone the picture itself.
        edited: (h, w, 3) uint8, the picture as it came.
        has_normal: False for a picture alone.
        mask: (H, W) bool, the label of the composite.
        mask_on_edited: (h, w) bool, the label of the picture as it came.
        judged_on_edited: (h, w) bool, what of the picture as it came could be compared; all else
            shows what lay outside of the normal image. None without a normal image.
        composite: (H, W, 3) uint8, the normal image with the change pasted in; of a picture that is
            redrawn, or alone, the picture itself on the normal image's grid.
        touched: (H, W) bool, every pixel of the composite that may differ from the normal image.
        anomaly_map: (H, W) float32, evidence of change in noise-floor units; None without a normal.
        detections: What each annotator found, by its name, on the composite.
        geometry: How the normal image was brought to the picture.
        match_score: How well the picture's detail agrees with the normal image's, 0 to 1; 0 if the
            normal image was not recognised; None without one, and where the way is known.
        status: Changed, unchanged, redrawn, or that there is no normal image.
        drift: How far the picture moved away outside the change; None without a normal image.
        verdict: Accept, review or reject.
        reason: Why, in a word.
        explanation: The same in one sentence.
        figures: What the verdict comes from, by name: ``kizu.agree.figures.Figures``.
        score: How sure the label is, 0 to 1; None where nothing was compared.
    """

    normal: RgbImage
    edited: RgbImage
    has_normal: bool
    mask: Mask
    mask_on_edited: Mask
    judged_on_edited: Mask | None
    composite: RgbImage
    touched: Mask
    anomaly_map: FloatMap | None
    detections: Mapping[str, Detections]
    geometry: Geometry
    match_score: float | None
    status: Status
    drift: Drift | None
    verdict: Verdict
    reason: str
    explanation: str
    figures: Mapping[str, Any]
    score: float | None

    @property
    def boxes(self) -> Boxes:
        """(N, 4) float32 xyxy px around each connected region of the mask, the largest first."""
        return _boxes_of(self.mask)

    @property
    def boxes_on_edited(self) -> Boxes:
        """The same of the mask on the picture as it came."""
        return _boxes_of(self.mask_on_edited)

    def figure(self) -> Image.Image:
        """Return a picture to look at: all views side by side, and what was decided and why."""
        pasted = fitted(self.composite)
        size = pasted.shape[1], pasted.shape[0]
        views = [("label, found from text" if self.detections else "label", self._outlined(pasted))]
        if self.has_normal:
            came = with_label(fitted(self.edited), self.mask_on_edited)
            views = [("normal", fitted(self.normal)), ("edited, as it came", came), *views]
        if self.anomaly_map is not None:
            heat = overlays.heat_picture(pasted, overlays.fit_map(self.anomaly_map, *size))
            views.append(("anomaly map", heat))
        return side_by_side(views, self._sentences())

    def _outlined(self, picture: RgbImage) -> RgbImage:
        """Return a fitted composite with what annotators found and, above it, the label."""
        height, width = picture.shape[:2]
        scales = width / self.mask.shape[1], height / self.mask.shape[0]
        coloured = zip(self.detections.values(), overlays.GROUNDED_COLOURS, strict=False)
        for found, colour in coloured:
            boxes = overlays.fit_boxes(found.xyxy, *scales)
            picture = overlays.outline_boxes(picture, boxes, colour, overlays.BOLD_PEN)
            if found.mask is not None:
                union = overlays.fit_mask(np.asarray(found.mask.any(axis=0)), width, height)
                picture = overlays.outline_mask(picture, union, colour, overlays.BOLD_PEN)
        return with_label(picture, self.mask)

    def _sentences(self) -> list[str]:
        """Say what was decided, and how the pictures lie to each other."""
        regions = len(self.boxes)
        label = f"Label (blue): {self.mask.mean():.2%} of the picture, {regions} region"
        said = [f"{self.verdict}: {self.explanation}", label + "s" * (regions != 1)]
        names = zip(self.detections.items(), _COLOUR_NAMES, strict=False)
        said += [f"{name} ({colour}): {len(each)} found" for (name, each), colour in names]
        if self.has_normal:
            match = "" if self.match_score is None else f"match {self.match_score:.2f}, "
            how = f"{match}drift {self.drift}, {self.status}"
            said.append(f"Edited: {self.geometry.in_words()}, {how}")
        if self.judged_on_edited is not None and not self.judged_on_edited.all():
            beyond = 1 - self.judged_on_edited.mean()
            said.append(f"Not judged: {beyond:.2%} of it, which the normal image does not show")
        return said

    def _repr_png_(self) -> bytes:
        """Return the figure as a PNG file; notebooks show it."""
        return self.figure()._repr_png_() or b""

    def __repr__(self) -> str:
        """Name the verdict and its reason."""
        return f"{type(self).__name__}({self.verdict}, {self.reason}, {int(self.mask.sum())} px)"


def _boxes_of(mask: Mask) -> Boxes:
    regions = sorted(connected_regions(mask), key=lambda region: -region.area_px)
    return np.array([region.xyxy for region in regions], np.float32).reshape(-1, 4)
