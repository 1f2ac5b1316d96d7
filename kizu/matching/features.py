"""What a picture is recognised by: a small picture of the whole frame, and local features.

The thumbnail finds pictures that show the whole frame, however resized or squeezed; the local
features (SIFT, Lowe 2004) find pictures that were cropped or padded, and say where they lie. Both
are small enough to be kept of every normal image.
"""

import io
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import FloatMap, RgbImage

Descriptors: TypeAlias = NDArray[np.uint8]
"""(N, 128) uint8 SIFT descriptors, as OpenCV scales them."""
Points: TypeAlias = NDArray[np.float32]
"""(N, 3) float32: x and y in px of the picture, its corner being 0, 0, and the angle in degrees."""

THUMBNAIL_SIDE_PX: Final = 32
"""Px; small, so that what models move (2 % of a side) is less than a pixel of it."""
DETAIL_SIDE_PX: Final = 64
"""Px; finer, to tell shots of one part by their grain. A side of 448 px is averaged over 7 x 7."""
MAX_FEATURES: Final = 300  # local features a picture; the brief matching takes 300 x 300 at most

_WORKING_SIDE_PX: Final = 640  # px of the long side; SIFT then takes about 80 ms of CPU
_SMALLEST_SIDE_PX: Final = 16  # px; smaller pictures have no local features worth the name
_DETECTED: Final = 1000  # features that the best are chosen from, spread over the picture
_CONTRAST_THRESHOLD: Final = 0.01  # a quarter of Lowe's, for products of low contrast
_GRID_CELLS: Final = 8  # cells a side that features are spread over; 64 cells for 300 features
_MAX_GAIN: Final = 8.0  # of the contrast; more would only lift the noise of 8 bits
_STRETCHED_PERCENTILES: Final = (1.0, 99.0)  # of grey levels, stretched to the whole range
_HIGH_PASS_SIGMA_PX: Final = 4.0  # px of the thumbnail; light falls off slower than that
_DETAIL_SIGMA_PX: Final = 2.0  # px of the finer one; grain has no longer waves to offer
_FLAT_DEVIATION: Final = 1e-3  # of the range; a thumbnail below it shows nothing
_BORDER_LEVELS: Final = 12.0
"""Grey levels that JPEG moves a plain border by at most, but near the picture."""
_MIN_CONTENT_FRACTION: Final = 0.3  # of a side; a smaller rest is a thing on a plain ground


@dataclass(frozen=True, eq=False)
class ImageFeatures:
    """What a picture is recognised by.

    Attributes:
        size: (width, height) of the picture in px.
        thumbnail: (32, 32) float32, high-pass of the whole frame, of unit length; zero if flat.
        content: (x, y, width, height) in px of what is left without plain borders.
        content_thumbnail: The same as the thumbnail, of the content.
        detail: (64, 64) float32, a finer high-pass of the whole frame.
        points: (N, 3) float32, strongest first.
        descriptors: (N, 128) uint8.
    """

    size: tuple[int, int]
    thumbnail: FloatMap
    content: tuple[int, int, int, int]
    content_thumbnail: FloatMap
    detail: FloatMap
    points: Points
    descriptors: Descriptors

    def to_bytes(self) -> bytes:
        """Return the features as an npz file, the thumbnails at half precision."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            size=np.array(self.size),
            content=np.array(self.content),
            thumbnails=np.stack([self.thumbnail, self.content_thumbnail]).astype(np.float16),
            detail=self.detail.astype(np.float16),
            points=self.points,
            descriptors=self.descriptors,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what ``to_bytes`` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            whole, content = stored["thumbnails"].astype(np.float32)
            width, height = (int(side) for side in stored["size"])
            x, y, inner_width, inner_height = (int(value) for value in stored["content"])
            return cls(
                (width, height),
                whole,
                (x, y, inner_width, inner_height),
                content,
                stored["detail"].astype(np.float32),
                stored["points"],
                stored["descriptors"],
            )


def describe_image(image: RgbImage) -> ImageFeatures:
    """Return what a picture is recognised by.

    Args:
        image: (H, W, 3) uint8 RGB.
    """
    height, width = image.shape[:2]
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    content = content_box(grey)
    x, y, inner_width, inner_height = content
    whole = frame_thumbnail(grey)
    bordered = content != (0, 0, width, height)
    inner = frame_thumbnail(grey[y : y + inner_height, x : x + inner_width]) if bordered else whole
    points, descriptors = _local_features(grey)
    detail = frame_thumbnail(grey, DETAIL_SIDE_PX, _DETAIL_SIGMA_PX)
    return ImageFeatures((width, height), whole, content, inner, detail, points, descriptors)


def frame_thumbnail(
    grey: NDArray[np.uint8], side_px: int = THUMBNAIL_SIDE_PX, sigma_px: float = _HIGH_PASS_SIGMA_PX
) -> FloatMap:
    """Return a square high-pass of a grey picture (H, W), float32 of unit length; zero if flat."""
    wide = grey.astype(np.float32)
    wide /= 255  # in place: of a large picture another one would be 800 MB
    values = cv2.resize(wide, (side_px, side_px), interpolation=cv2.INTER_AREA)
    detail = values - cv2.GaussianBlur(values, (0, 0), sigma_px)
    detail -= detail.mean()
    if detail.std() < _FLAT_DEVIATION:
        return np.zeros_like(detail)
    return np.asarray(detail / np.linalg.norm(detail), np.float32)


def content_box(grey: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return (x, y, width, height) of a grey picture (H, W) without plain borders.

    A border is plain where all its rows keep to the colour of the picture's edge. The whole frame
    is returned where too little would be left: then it is a thing on a plain ground.
    """
    height, width = grey.shape
    top, bottom = _plain_rows(grey), _plain_rows(grey[::-1])
    left, right = _plain_rows(grey.T), _plain_rows(grey.T[::-1])
    inner_width, inner_height = width - left - right, height - top - bottom
    if inner_width < _MIN_CONTENT_FRACTION * width or inner_height < _MIN_CONTENT_FRACTION * height:
        return (0, 0, width, height)
    return (left, top, inner_width, inner_height)


def _plain_rows(grey: NDArray[np.uint8]) -> int:
    """How many rows from the first on show nothing but one grey level."""
    level = np.median(grey[0])
    plain = np.abs(grey.astype(np.int16) - np.int16(level)).max(axis=1) <= _BORDER_LEVELS
    return len(grey) if plain.all() else int(np.argmin(plain))


@dataclass(frozen=True)
class Contrast:
    """What brings grey levels to the whole range: they are moved, then multiplied."""

    middle: float
    gain: float

    def stretch(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture (H, W) uint8 at this contrast; what leaves the range is clipped."""
        moved = (grey - np.float32(self.middle)) * np.float32(self.gain) + np.float32(127.5)
        return np.asarray(np.clip(moved, 0, 255), np.uint8)


def contrast_of(grey: NDArray[np.uint8]) -> Contrast:
    """Return what stretches the grey levels of a picture (H, W) to the whole range."""
    low, high = (float(level) for level in np.percentile(grey, _STRETCHED_PERCENTILES))
    return Contrast((low + high) / 2, min(255 / max(high - low, 1.0), _MAX_GAIN))


def _local_features(grey: NDArray[np.uint8]) -> tuple[Points, Descriptors]:
    """Find and describe features, strongest first and spread over the picture."""
    height, width = grey.shape
    scale = min(_WORKING_SIDE_PX / max(height, width), 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    if min(size) < _SMALLEST_SIDE_PX:
        return np.zeros((0, 3), np.float32), np.zeros((0, 128), np.uint8)
    small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    small = contrast_of(small).stretch(small)
    sift = cv2.SIFT.create(
        nfeatures=_DETECTED,
        contrastThreshold=_CONTRAST_THRESHOLD,
        enable_precise_upscale=True,
    )
    found, described = sift.detectAndCompute(small, None)
    if not found:
        return np.zeros((0, 3), np.float32), np.zeros((0, 128), np.uint8)
    places = np.array([keypoint.pt for keypoint in found], np.float32) + np.float32(0.5)
    angles = np.array([keypoint.angle for keypoint in found], np.float32)
    strengths = np.array([keypoint.response for keypoint in found])
    chosen = _spread(places / size, strengths)
    to_picture = np.array([width / size[0], height / size[1]], np.float32)
    points = np.column_stack([places * to_picture, angles])[chosen]
    return points.astype(np.float32), np.asarray(described, np.uint8)[chosen]


def _spread(shares: FloatMap, strengths: NDArray[np.float64]) -> NDArray[np.int64]:
    """Choose features so that every part of the picture has some, and order them by strength.

    Args:
        shares: (N, 2) float32 places, as shares of the sides.
        strengths: (N,) response of the detector.
    """
    order = np.argsort(-strengths, kind="stable")
    across = np.clip((shares[order] * _GRID_CELLS).astype(int), 0, _GRID_CELLS - 1)
    cells = across[:, 1] * _GRID_CELLS + across[:, 0]
    by_cell = np.argsort(cells, kind="stable")
    starts = np.searchsorted(cells[by_cell], cells[by_cell])
    place_in_cell = np.empty(len(order), np.int64)
    place_in_cell[by_cell] = np.arange(len(order)) - starts
    taken = np.argsort(place_in_cell, kind="stable")[:MAX_FEATURES]
    return order[np.sort(taken)]


def turned_thumbnails(thumbnail: FloatMap) -> FloatMap:
    """Return a square thumbnail turned back by 0 to 3 quarter turns, (4, pixels) float32."""
    return np.stack([np.rot90(thumbnail, -turns).ravel() for turns in range(4)])
