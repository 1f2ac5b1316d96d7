"""A camera above a part: pose, light, lens and sensor."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from kizu.demo_parts.fields import Field, Plane, blurred, noise, step, widely_blurred
from kizu.imaging.arrays import RgbImage

SIZE_PX: Final = (512, 428)
"""Width and height: the shape of a common sensor of 2448 x 2048 pixels."""

_FINER: Final = 1.5  # pixels are drawn this much finer and averaged, which smooths edges
_VIEW: Final = 0.22  # tangent of the angle under which the camera sees a point at distance 1
_GAMMA: Final = 2.2


@dataclass(frozen=True, eq=False)
class Surface:
    """What a part looks like, on the fine grid.

    Attributes:
        height: (H, W) above the ground.
        colour: (H, W, 3) linear, what it scatters.
        mirror: (H, W, 3) linear, what it reflects when seen from above.
        cover: (H, W), 1 on the part and 0 beside it.
        grooves: (H, W, 2), across which way and how far brushing tilts the surface.
        haze: How much highlights are softened, as tangent of an angle.
        ground: Linear colour of what it lies on.
    """

    height: Field
    colour: Field
    mirror: Field
    cover: Field
    grooves: Field | None
    haze: float
    ground: tuple[float, float, float]


@dataclass(frozen=True)
class Shot:
    """How one photograph is taken.

    Attributes:
        turn_rad: The part's rotation.
        zoom: Its size.
        shift: Where its middle lies, 1 is half of the photograph's height.
        tilt: How the camera leans, per axis: growth per unit of distance.
        light: Where the lamp stands: tangents of its angle to the right and downwards.
        exposure: Factor on all light.
        warmth: Share that red gains and blue loses.
        seed: Of the sensor's noise.
    """

    turn_rad: float
    zoom: float
    shift: tuple[float, float]
    tilt: tuple[float, float]
    light: tuple[float, float]
    exposure: float
    warmth: float
    seed: int


def plane_seen(shot: Shot) -> Plane:
    """Return where the pixels of the fine grid lie in the part's plane."""
    x, y = _grid()
    depth = 1 + shot.tilt[0] * x + shot.tilt[1] * y
    x, y = x * depth - shot.shift[0], y * depth - shot.shift[1]
    cos, sin = np.cos(shot.turn_rad) / shot.zoom, np.sin(shot.turn_rad) / shot.zoom
    return Plane(cos * x + sin * y, cos * y - sin * x)


def photograph(surface: Surface, shot: Shot) -> RgbImage:
    """Return the photograph of a surface."""
    light = _lit(surface, shot)
    x, y = _grid()
    light = light * (1 - 0.09 * (x**2 + y**2))[..., None]  # a lens is darker towards its corners
    sharp = cv2.resize(light, SIZE_PX, interpolation=cv2.INTER_AREA)
    return _developed(blurred(np.asarray(sharp, np.float64), 0.55), shot)  # of a lens in focus


def _grid() -> tuple[Field, Field]:
    """Return the fine grid; y reaches from -1 to 1."""
    width, height = round(SIZE_PX[0] * _FINER), round(SIZE_PX[1] * _FINER)
    x = (np.arange(width) - (width - 1) / 2) * 2 / height
    y = (np.arange(height) - (height - 1) / 2) * 2 / height
    across, down = np.meshgrid(x, y)
    return across, down


def _lit(surface: Surface, shot: Shot) -> Field:
    """Return the light that reaches the camera, (H, W, 3) linear."""
    per_px = 2 / (SIZE_PX[1] * _FINER)
    slopes = np.gradient(surface.height, per_px)
    slope_y, slope_x = np.asarray(slopes[0]), np.asarray(slopes[1])
    steep = 1 / np.sqrt(1 + slope_x**2 + slope_y**2)
    toward = np.array([*shot.light, 1.0]) / np.sqrt(1 + shot.light[0] ** 2 + shot.light[1] ** 2)
    facing = (toward[2] - slope_x * toward[0] - slope_y * toward[1]) * steep
    hollow = np.clip(1 - 3.5 * (widely_blurred(surface.height, 10) - surface.height), 0.45, 1.1)
    diffuse = (0.42 * steep + 0.62 * np.clip(facing, 0, None)) * hollow
    part = surface.colour * diffuse[..., None]
    grazing = 0.35 * (1 - steep) ** 3
    reflects = surface.mirror + (1 - surface.mirror) * grazing[..., None]
    part = part + reflects * (_reflected(surface, slope_x, slope_y, shot) * hollow)[..., None]
    cover = surface.cover[..., None]
    return np.asarray(part * cover + _ground(surface, shot) * (1 - cover))


def _reflected(surface: Surface, slope_x: Field, slope_y: Field, shot: Shot) -> Field:
    """Return what a mirror with the surface's slopes shows of lamp and room."""
    x, y = _grid()
    u = _VIEW * x - 2 * slope_x
    v = _VIEW * y - 2 * slope_y
    if surface.grooves is None:
        return _room(u, v, surface.haze, shot)
    tilts = np.linspace(-1, 1, 5)
    weights = np.exp(-2.5 * tilts**2)
    total = np.zeros_like(u)
    for tilt, weight in zip(tilts, weights / weights.sum(), strict=True):
        along = surface.grooves * tilt
        total += weight * _room(u + along[..., 0], v + along[..., 1], surface.haze, shot)
    return total


def _room(u: Field, v: Field, haze: float, shot: Shot) -> Field:
    """Return how bright the surroundings are in a direction: a softbox, a strip, the room."""
    across, down = np.abs(u - shot.light[0]), np.abs(v - shot.light[1])
    softbox = (1 - step(across, 0.34, haze)) * (1 - step(down, 0.26, haze))
    strip = (1 - step(np.abs(u + 0.75), 0.10, haze)) * (1 - step(np.abs(v - 0.1), 0.7, haze))
    room = 0.30 - 0.16 * np.clip(v, -1, 1) + 0.05 * np.clip(u, -1, 1)
    return np.asarray(2.9 * softbox + 0.55 * strip + room)


def _ground(surface: Surface, shot: Shot) -> Field:
    """Return the ground with the part's shadow, (H, W, 3) linear."""
    x, y = _grid()
    fibre = 1 + 0.012 * noise(x * 60, y * 60, 1) + 0.02 * noise(x * 5, y * 5, 2)
    away_px = np.array(shot.light) * -17
    moved = np.array([[1.0, 0, away_px[0]], [0, 1.0, away_px[1]]])
    size = (surface.cover.shape[1], surface.cover.shape[0])
    cast = cv2.warpAffine(surface.cover, moved, size, borderMode=cv2.BORDER_REPLICATE)
    far = widely_blurred(np.asarray(cast, np.float64), 12)
    shadow = 0.5 * far + 0.25 * widely_blurred(surface.cover, 5)
    fall = 0.95 + 0.10 * (shot.light[0] * x + shot.light[1] * y)
    bright = fibre * fall * (1 - shadow)
    return np.asarray(bright[..., None] * np.array(surface.ground))


def _developed(light: Field, shot: Shot) -> RgbImage:
    """Return what the sensor makes of light: its noise, white balance and tone curve."""
    rng = np.random.default_rng(shot.seed)
    balance = np.array([1 + shot.warmth, 1.0, 1 - shot.warmth])
    seen = np.clip(light, 0, None) * shot.exposure * balance
    shown = seen / (1 + 0.22 * seen**2)  # a shoulder, so that highlights roll off
    raw = rng.standard_normal(seen.shape) * np.sqrt(2.2e-5 + 1.6e-4 * shown)
    grain = 0.75 * blurred(raw, 0.6) + 0.35 * raw  # interpolated from a mosaic, so not white
    pixels = np.clip(shown + grain, 0, 1) ** (1 / _GAMMA)
    return np.asarray(np.round(255 * pixels), np.uint8)
