"""Smooth (H, W) float32 fields on the pixel grid: blur, noise, blobs, distances, fills."""

from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import FloatMap, Mask

Rng: TypeAlias = np.random.Generator
Shape: TypeAlias = tuple[int, int]
FloatArray: TypeAlias = NDArray[np.float32]
"""(H, W) or (H, W, C) float32."""

MAD_TO_STD: Final = 1.4826
"""Median absolute deviation to standard deviation, of a normal distribution."""

_LARGE_SIGMA_PX: Final = 4.0  # from here a blur runs on a reduced grid, for time; there it has 2 px
_LEAST_STD: Final = 1e-3  # of noise before it is scaled to 1: a field of one value stays one
_OCTAVE_GAIN: Final = 0.55  # amplitude of each octave to the coarser one: a Hurst exponent of 0.86
_BULGE_LENGTH: Final = 1.1  # mean radii between hills of a blob's border; by eye: lobes, no fuzz
_BULGE_OCTAVES: Final = 5  # by eye: finer ones are lost in the blur
_BULGE_BLUR_PX: Final = 0.6  # keeps a blob's border free of single pixels
_BLOB_REACH: Final = 2.2  # long radii; a border of roughness 0.17 at 3 std lies at 1.5


def blur(field: FloatArray, sigma_px: float) -> FloatArray:
    """Gaussian blur; wide ones run on a reduced grid, which costs the same at every width."""
    if sigma_px <= 0:
        return field
    height, width = field.shape[:2]
    step = int(min(sigma_px / (_LARGE_SIGMA_PX / 2), height / 2, width / 2))
    if sigma_px < _LARGE_SIGMA_PX or step < 2:  # a step of 1 reduces nothing
        return _float(cv2.GaussianBlur(field, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT_101))
    small = resize(field, (-(-height // step), -(-width // step)), cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), sigma_px / step, borderType=cv2.BORDER_REFLECT_101)
    return resize(_float(smooth), (height, width), cv2.INTER_LINEAR)


def resize(field: FloatArray, shape: Shape, interpolation: int = cv2.INTER_LINEAR) -> FloatArray:
    """Resample to (height, width)."""
    return _float(cv2.resize(field, (shape[1], shape[0]), interpolation=interpolation))


def smoothstep(field: NDArray[np.floating[Any]], low: float, high: float) -> FloatArray:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((field - low) / (high - low), 0, 1)
    return _float(t * t * (3 - 2 * t))


def smooth_noise(shape: Shape, length_px: float, rng: Rng) -> FloatMap:
    """Unit-variance noise whose hills are about `length_px` apart."""
    rows, columns = (int(side / max(length_px, 1.0)) + 3 for side in shape)
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    field = resize(grid, shape, cv2.INTER_CUBIC)
    return _float(field / max(float(field.std()), _LEAST_STD))


def fractal_noise(shape: Shape, length_px: float, rng: Rng, octaves: int = 4) -> FloatMap:
    """Unit-variance noise with ever finer, ever weaker detail (fractional Brownian motion)."""
    step = max(int(length_px / 2**octaves / 2), 1)
    if step > 1:
        coarse = (-(-shape[0] // step), -(-shape[1] // step))
        return resize(fractal_noise(coarse, length_px / step, rng, octaves), shape, cv2.INTER_CUBIC)
    side = int(np.hypot(*shape)) + 2
    total = np.zeros((side, side), np.float32)
    for octave in range(octaves):
        total += smooth_noise((side, side), length_px / 2**octave, rng) * _OCTAVE_GAIN**octave
    return _turned(total / max(float(total.std()), _LEAST_STD), shape, float(rng.uniform(0, 360)))


def _turned(field: FloatMap, shape: Shape, angle_deg: float) -> FloatMap:
    """The middle of a field, turned, so that no hill follows the pixel rows."""
    matrix = cv2.getRotationMatrix2D(
        ((field.shape[1] - 1) / 2, (field.shape[0] - 1) / 2), angle_deg, 1
    )
    matrix[:, 2] += (shape[1] - field.shape[1]) / 2, (shape[0] - field.shape[0]) / 2
    size = (shape[1], shape[0])
    return _float(cv2.warpAffine(field, matrix, size, borderMode=cv2.BORDER_REFLECT_101))


def grid(shape: Shape, x: float, y: float, angle_rad: float = 0.0) -> tuple[FloatMap, FloatMap]:
    """Pixel coordinates around (x, y), along and across a direction."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    dx, dy = columns - np.float32(x), rows - np.float32(y)
    cos, sin = np.float32(np.cos(angle_rad)), np.float32(np.sin(angle_rad))
    return _float(dx * cos + dy * sin), _float(dy * cos - dx * sin)


def blob(
    shape: Shape,
    centre: tuple[float, float],
    radii_px: tuple[float, float],
    *,
    angle_rad: float = 0.0,
    roughness: float,
    rng: Rng,
) -> FloatMap:
    """Signed distance in pixels to an irregular ellipse's border, positive inside.

    Args:
        shape: Height and width of the field.
        centre: (x, y) in pixels.
        radii_px: Half axes, along and across the angle.
        angle_rad: Direction of the first half axis.
        roughness: Border displacement as a fraction of the radius; 0 is an exact ellipse.
        rng: Source of the border's shape.
    """
    along, across = grid(shape, *centre, angle_rad)
    mean_radius = float(np.sqrt(radii_px[0] * radii_px[1]))
    distance = np.hypot(along / radii_px[0], across / radii_px[1])
    bulge = blur(
        fractal_noise(shape, mean_radius * _BULGE_LENGTH, rng, _BULGE_OCTAVES), _BULGE_BLUR_PX
    )
    return _float((1 - distance + roughness * bulge) * mean_radius)


def blob_nearby(
    shape: Shape,
    centre: tuple[float, float],
    radii_px: tuple[float, float],
    *,
    angle_rad: float = 0.0,
    roughness: float,
    rng: Rng,
) -> tuple[tuple[slice, slice], FloatMap]:
    """A small blob within its own window of the field: the window, and the distance inside it."""
    reach = int(_BLOB_REACH * max(radii_px)) + 3
    left, top = (max(int(value) - reach, 0) for value in centre)
    right, bottom = (max(int(value) + reach + 1, 1) for value in centre)
    window = (slice(min(top, shape[0] - 1), bottom), slice(min(left, shape[1] - 1), right))
    rows, columns = (len(range(*part.indices(n))) for part, n in zip(window, shape, strict=True))
    local = (centre[0] - window[1].start, centre[1] - window[0].start)
    distance = blob(
        (rows, columns), local, radii_px, angle_rad=angle_rad, roughness=roughness, rng=rng
    )
    return window, distance


def slope(height: FloatMap, direction: tuple[float, float]) -> FloatMap:
    """Derivative of a height field along a direction (x, y), per pixel."""
    dy, dx = np.gradient(height)
    return _float(dx * direction[0] + dy * direction[1])


def inside_distance(mask: Mask) -> FloatMap:
    """Distance in pixels to the nearest pixel outside the mask; 0 outside."""
    return _float(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5))


def component_at(mask: Mask, x: float, y: float) -> Mask:
    """The connected part of a mask at a point, or at the mask's pixel nearest to it."""
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return mask
    nearest = int(np.argmin((rows - y) ** 2 + (columns - x) ** 2))
    labels = np.asarray(cv2.connectedComponents(mask.astype(np.uint8))[1])
    return np.asarray(labels == labels[rows[nearest], columns[nearest]], bool)


def translate(field: FloatMap, dx: float, dy: float) -> FloatMap:
    """The field moved by (dx, dy) pixels."""
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    size = (field.shape[1], field.shape[0])
    return _float(cv2.warpAffine(field, matrix, size, borderMode=cv2.BORDER_REPLICATE))


def pull_push_fill(values: FloatArray, known: FloatMap) -> FloatArray:
    """Carry known values into the unknown by pull-push over a pyramid (Gortler et al. 1996).

    Args:
        values: (H, W, 3) float32; only read where `known` is positive.
        known: (H, W) float32 weights in [0, 1].
    """
    height, width = known.shape
    weighted = values * known[..., None]
    if min(height, width) <= 2:  # the pyramid's top
        mean = weighted.sum((0, 1)) / max(float(known.sum()), 1e-6)
        return _float(weighted + (1 - known)[..., None] * mean)
    half = ((height + 1) // 2, (width + 1) // 2)
    weight = resize(known, half, cv2.INTER_AREA)
    small = resize(weighted, half, cv2.INTER_AREA) / np.maximum(weight, 1e-6)[..., None]
    coarse = pull_push_fill(_float(small), _float(np.minimum(weight * 4, 1)))
    return _float(weighted + (1 - known)[..., None] * resize(coarse, (height, width)))


def _float(array: object) -> FloatArray:
    return np.asarray(array, dtype=np.float32)
