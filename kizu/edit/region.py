"""Where a defect may be: regions as the spec gives them, and as masks."""

from typing import Annotated, Final, Literal, Self

import cv2
import numpy as np
from pydantic import Field, model_validator

from kizu.arrays import Mask, RgbImage
from kizu.settings import Settings


class BoxRegion(Settings):
    """A rectangle, in shares of the image: it fits photos of any size."""

    kind: Literal["box"] = Field("box", title="Kind of region", description="A rectangle.")
    x0: float = Field(ge=0, le=1, title="Left", description="0 is the left edge, 1 the right.")
    y0: float = Field(ge=0, le=1, title="Top", description="0 is the top edge, 1 the bottom.")
    x1: float = Field(ge=0, le=1, title="Right", description="Greater than left.")
    y1: float = Field(ge=0, le=1, title="Bottom", description="Greater than top.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.x0 >= self.x1 or self.y0 >= self.y1:
            raise ValueError(
                f"box {self.x0}, {self.y0}, {self.x1}, {self.y1} is empty; "
                "give left < right and top < bottom"
            )
        return self


class ForegroundRegion(Settings):
    """The object before a plain background, found automatically."""

    kind: Literal["foreground"] = Field(
        "foreground", title="Kind of region", description="The object, found automatically."
    )


Region = Annotated[BoxRegion | ForegroundRegion, Field(discriminator="kind")]

_MIN_FOREGROUND_FRACTION: Final = 0.02
_FOREGROUND_WORK_PX: Final = 256


def region_mask(region: Region | None, photo: RgbImage) -> Mask | None:
    """Return a region as a (H, W) bool mask of the photo; None for no region."""
    if region is None:
        return None
    if isinstance(region, BoxRegion):
        return _box_mask(region, photo.shape[:2])
    return foreground_mask(photo)


def _box_mask(box: BoxRegion, shape: tuple[int, ...]) -> Mask:
    height, width = shape
    mask = np.zeros((height, width), dtype=bool)
    x0, x1 = int(box.x0 * width), max(int(np.ceil(box.x1 * width)), int(box.x0 * width) + 1)
    y0, y1 = int(box.y0 * height), max(int(np.ceil(box.y1 * height)), int(box.y0 * height) + 1)
    mask[y0:y1, x0:x1] = True
    return mask


def foreground_mask(photo: RgbImage) -> Mask:
    """Find the object before a background that reaches the image's border.

    Pixels are compared in CIELAB with the colours along the border, the cut is Otsu's (IEEE Trans.
    SMC 9, 1979), holes are filled. Where that finds next to nothing, as on a texture that fills the
    picture, everything is foreground.

    Returns:
        (H, W) bool.
    """
    height, width = photo.shape[:2]
    scale = min(1.0, _FOREGROUND_WORK_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    distance = _distance_to_border_colours(
        np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.uint8)
    )
    _, found = cv2.threshold(distance, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    opened = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    filled = _fill_holes(np.asarray(opened, np.uint8))
    if filled.mean() < _MIN_FOREGROUND_FRACTION:
        return np.ones((height, width), dtype=bool)
    return np.asarray(cv2.resize(filled, (width, height), interpolation=cv2.INTER_NEAREST) > 0)


def _distance_to_border_colours(lab: RgbImage) -> RgbImage:
    """Distance of each pixel to the nearest of a few colours that make up the border; uint8."""
    border = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]]).astype(np.float32)
    palette = np.quantile(border, (0.1, 0.5, 0.9), axis=0)
    difference = np.linalg.norm(lab[:, :, None].astype(np.float32) - palette, axis=-1)
    return np.asarray(np.clip(difference.min(axis=-1), 0, 255), dtype=np.uint8)


def _fill_holes(found: RgbImage) -> RgbImage:
    outlines, _ = cv2.findContours(found, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(found), outlines, -1, 1, cv2.FILLED), np.uint8)
