"""Where a defect may be: regions as the spec gives them, as files hold them, and as masks."""

import posixpath
from collections.abc import Callable
from typing import Annotated, Final, Literal, Self

import cv2
import numpy as np
from pydantic import AfterValidator, Field, JsonValue, model_validator

from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_drawn_mask
from kizu.imaging.formats import DEFAULT_MAX_MEGAPIXELS, most_bytes
from kizu.imaging.rle import decode_rle, encode_rle
from kizu.sentences import words_of
from kizu.settings import KeyedByContent, Settings
from kizu.source_files import read_url
from kizu.store.addresses import shown_url, without_secrets
from kizu.versions import FOREGROUND_VERSION


class BoxRegion(Settings):
    """A rectangle, in fractions of the image: it fits photos of any size."""

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


class MaskRegion(Settings):
    """Masks that the user has drawn: one for all photos, or one per photo."""

    kind: Literal["mask"] = Field(
        "mask", title="Kind of region", description="Masks you have drawn."
    )
    path: Annotated[str, KeyedByContent(), AfterValidator(without_secrets)] = Field(
        min_length=1,
        title="Mask",
        description="A black-and-white picture whose white part is the region, used for every "
        "photo; or a folder with one such PNG per photo, of the photo's name.",
    )


class DrawnRegion(Settings):
    """A drawn mask by its content: what a plan makes of a ``MaskRegion``.

    Attributes:
        height: Rows.
        width: Columns.
        counts: COCO run lengths, compressed.
    """

    kind: Literal["drawn"] = "drawn"
    height: int
    width: int
    counts: str


SpecRegion = Annotated[BoxRegion | ForegroundRegion | MaskRegion, Field(discriminator="kind")]
"""A region as the user gives it."""

Region = Annotated[BoxRegion | ForegroundRegion | DrawnRegion, Field(discriminator="kind")]
"""A region as a plan holds it: with nothing outside it left to read."""

GUIDE_SIDE: Final = 64
_MAX_DRAWN_PX: Final = 1024

_MIN_FOREGROUND_FRACTION: Final = 0.02
_FOREGROUND_WORK_PX: Final = 256
_MASK_SUFFIX: Final = ".png"

FindForeground = Callable[[], Mask]
"""Returns the (H, W) bool foreground of a photo; called only where a region needs it."""


def region_mask(
    region: Region | None, shape: tuple[int, int], foreground: FindForeground
) -> Mask | None:
    """Return a region as a (H, W) bool mask of a photo; None for no region.

    Args:
        region: The region.
        shape: The photo's (H, W) in pixels.
        foreground: Finds the photo's foreground.
    """
    if region is None:
        return None
    if isinstance(region, BoxRegion):
        return _box_mask(region, shape)
    if isinstance(region, DrawnRegion):
        return _drawn_mask(region, (shape[1], shape[0]))
    return foreground()


def region_guide(region: Region | None, foreground: FindForeground | None) -> Mask | None:
    """Return a region on a grid of 64 x 64 over the photo, as a guide to where to look.

    Args:
        region: The region.
        foreground: Finds the photo's foreground; None before the photo is at hand.

    Returns:
        (64, 64) bool; None where there is no region or it is unknown.
    """
    if isinstance(region, BoxRegion):
        return _box_mask(region, (GUIDE_SIDE, GUIDE_SIDE))
    if isinstance(region, DrawnRegion):
        return _shrunk(_drawn_mask(region, (region.width, region.height)))
    return _shrunk(foreground()) if region is not None and foreground is not None else None


def region_identity(region: Region | None) -> dict[str, JsonValue] | None:
    """Return what of a region goes into keys: its shape, or how it is found in the photo."""
    if region is None:
        return None
    found = {"version": FOREGROUND_VERSION} if isinstance(region, ForegroundRegion) else {}
    return {**region.model_dump(mode="json"), **found}


def draw_region(mask: Mask) -> DrawnRegion:
    """Return a drawn mask, (H, W) bool, by its content, scaled to 1024 px at most."""
    height, width = mask.shape
    scale = min(1.0, _MAX_DRAWN_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    rle = encode_rle(np.asarray(small))
    return DrawnRegion(height=size[1], width=size[0], counts=rle["counts"])


def _drawn_mask(region: DrawnRegion, size: tuple[int, int]) -> Mask:
    mask = decode_rle({"size": [region.height, region.width], "counts": region.counts})
    grown = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(grown > 0)


def _shrunk(mask: Mask) -> Mask:
    size = (GUIDE_SIDE, GUIDE_SIDE)
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0)


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


class DrawnMasks:
    """Drawn masks by path: one file for all photos, or a folder with one file per photo."""

    def __init__(self) -> None:
        """Start without any."""
        self._read: dict[str, DrawnRegion] = {}

    def of(self, path: str, photo: str) -> DrawnRegion:
        """Return the mask of a photo.

        Args:
            path: A mask file, or a folder of masks named like the photos.
            photo: The photo's path below its source.

        Raises:
            ValueError: There is no such mask, it cannot be read, or nothing in it is white.
        """
        place = path
        if not path.lower().endswith(_MASK_SUFFIX):
            place = posixpath.join(path, posixpath.splitext(photo)[0] + _MASK_SUFFIX)
        if place not in self._read:
            self._read[place] = _read_mask(place)
        return self._read[place]


def _read_mask(place: str) -> DrawnRegion:
    try:
        mask = decode_drawn_mask(read_url(place, most_bytes(DEFAULT_MAX_MEGAPIXELS)))
    except FileNotFoundError as error:
        raise ValueError(
            f"there is no mask {place!r}; draw one, white where the defect may be"
        ) from error
    except Exception as error:  # clients of object stores raise whatever they like
        told = shown_url(words_of(error))
        raise ValueError(f"the mask {place!r} cannot be read ({told})") from error
    if not mask.any():
        raise ValueError(f"the mask {place!r} is black all over; paint the region white")
    return draw_region(mask)
