"""Stains and discolouration: films and tints with soft, irregular borders."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from kizu.edit.painter.material import (
    DefectParameters,
    Material,
    PaintedCrop,
    absorb,
    alpha_blend,
    irregular_ellipse,
)
from kizu.edit.painter.noise_fields import Rng, blob_nearby, blur, fractal_noise, smoothstep
from kizu.imaging.arrays import FloatMap

FILMS: Final[Mapping[str, tuple[float, float, float]]] = {
    "coffee": (0.45, 0.8, 1.3),
    "oil": (0.75, 0.85, 1.15),
    "rust": (0.35, 1.0, 1.6),
    "grime": (0.9, 0.9, 0.95),
    "ink": (1.1, 0.9, 0.6),
}
"""Absorbance of linear R, G, B relative to the film's thickness; by eye on photographs."""

# Where nothing else is said, a value was chosen by eye on photographs.

# Of a stain; lengths in its radii, thickness in units that absorb as FILMS says.
_DEPOSIT_LAB: Final = (88.0, 0.0, 3.0)  # dried minerals, what shows on dark surfaces; by eye
_DEPOSIT_OPACITY: Final = (0.3, 0.8)  # per thickness, at most; by eye: the ground shines through
_FILM_CONTRAST_L: Final = 16  # contrast at which a film is as thick as described: fine texture's
_BODY_GAIN: Final = 4  # thickness over a quarter of the thickest is the stain's own extent
_STAIN_RATIO: Final = (1.0, 1.7)  # long : short axis; by eye
_STAIN_ROUGHNESS: Final = 0.13  # of the border; by eye
_STAIN_BORDER: Final = (0.06, 0.8)  # half its ramp, least px; by eye: drying leaves a clear border
_CLOUD: Final = (0.8, 5)  # length and octaves of the film's unevenness; by eye
_PATCH: Final = (0.55, 0.22, 0.1, 1.5)  # mean, noise and bounds of the patch's thickness; by eye
_RING: Final = (0.6, 0.35, 0.05, 1.4)  # the same of the ring: a drying drop carries matter outward
_RING_AT: Final = 1.2  # border ramps inside
_INNER_RING: Final = (0.25, 0.3, 0.0, 1.0)  # the same of the inner ring, fainter; by eye
_INNER_RING_AT: Final = (0.25, 0.45)  # inside the border; by eye
_INNER_RING_WIDTH: Final = 1.6  # border ramps; by eye
_INNER_RING_PROBABILITY: Final = 0.6  # of stains that dried in two steps; by eye
_MAX_DROPLETS: Final = 4  # by eye
_DROPLET_AT: Final = (1.15, 1.5)  # from the centre: beside the stain, near it
_DROPLET_RADIUS: Final = (0.03, 0.09)  # by eye
_DROPLET_ROUGHNESS: Final = 0.05  # of the border; by eye: small drops are rounder
_DROPLET_BORDER: Final = (0.15, 0.7)  # of its own radius, least px; by eye
_DROPLET_FILM: Final = (0.5, 0.4)  # thickness inside and in its ring; by eye: as the stain's

# Of a discolouration:
_TINTS: Final = (
    (-4.0, 3.0, 17.0, 1.0),  # yellowed
    (-13.0, 7.0, 11.0, 0.95),  # browned
    (12.0, 0.0, 2.0, 0.5),  # faded
    (-14.0, 0.0, 2.0, 0.5),  # greyed
    (-9.0, 5.0, -9.0, 0.8),  # heat-tinted
)
"""Offsets of L, a, b and a chroma gain; by eye: Lab distances of 12 to 19, clear yet plausible."""
_GREY_TINT_L: Final = -17  # where the photo has no colour; the same distance, by lightness alone
_DARK_GROUND_L: Final = 6  # more, upward, on dark material, where the eye sees less
_TINT_RATIO: Final = (1.0, 2.0)  # long : short axis; by eye
_TINT_ROUGHNESS: Final = 0.16  # of the border; by eye
_TINT_BORDER: Final = (-0.22, 0.3)  # radii of its ramp; by eye: heat and light fade out slowly
_MOTTLE: Final = (0.22, 0.5, 0.35, 1.6)  # amplitude, length in radii and bounds; by eye
_TINT_CONTRAST_L: Final = (18, 0.9, 1.3)  # contrast of the tints as written; bounds of the gain
_MAX_OPACITY: Final = 1.4  # of tint times mottle; by eye: spots of more than the tint


def stain(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Paint a dried spill: an uneven film, thicker at its drying rings, with a few droplets."""
    thickness = _film(material, params, rng) * params.strength
    thickness *= material.contrast / _FILM_CONTRAST_L
    body = np.clip(thickness / max(float(thickness.max()), 1e-6) * _BODY_GAIN, 0, 1)
    film = FILMS[str(rng.choice(list(FILMS)))]
    if material.contrast_sign() > 0:
        deposit = np.broadcast_to(np.asarray(_DEPOSIT_LAB, np.float32), material.lab.shape)
        opacity = np.clip(_DEPOSIT_OPACITY[0] * thickness, 0, _DEPOSIT_OPACITY[1])
        return PaintedCrop(alpha_blend(material.lab, deposit, opacity), body)
    return PaintedCrop(absorb(material.lab, thickness, film), body)


def discolouration(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Shift the colour of a patch in Lab and keep its texture."""
    edge, radius = irregular_ellipse(
        material, params, ratio=rng.uniform(*_TINT_RATIO), roughness=_TINT_ROUGHNESS, rng=rng
    )
    alpha = smoothstep(edge, _TINT_BORDER[0] * radius, _TINT_BORDER[1] * radius)
    amplitude, length, least, most = _MOTTLE
    noise = fractal_noise(material.shape, radius * length, rng)
    mottle = np.clip(1 + amplitude * noise, least, most)
    tint = _TINTS[rng.integers(len(_TINTS))]
    offset, chroma = np.asarray(tint[:3], np.float32), np.float32(tint[3])
    if material.grey:
        offset = np.array([_GREY_TINT_L, 0, 0], np.float32)
    if material.contrast_sign() > 0:
        offset[0] = abs(offset[0]) + _DARK_GROUND_L
    contrast, least_gain, most_gain = _TINT_CONTRAST_L
    relative = np.clip(material.contrast / contrast, least_gain, most_gain)
    gain = np.float32(params.strength * relative)
    tinted = material.lab * np.array([1, chroma, chroma], np.float32) + offset * gain
    opacity = np.clip(alpha * mottle, 0, _MAX_OPACITY)
    return PaintedCrop(alpha_blend(material.lab, tinted, opacity), alpha)


def _film(material: Material, params: DefectParameters, rng: Rng) -> FloatMap:
    """Film thickness: a patch with one or two drying rings, plus droplets around it."""
    ratio = rng.uniform(*_STAIN_RATIO)
    edge, radius = irregular_ellipse(
        material, params, ratio=ratio, roughness=_STAIN_ROUGHNESS, rng=rng
    )
    soft = max(_STAIN_BORDER[0] * radius, _STAIN_BORDER[1])
    cloud = fractal_noise(material.shape, radius * _CLOUD[0], rng, _CLOUD[1])
    thickness = smoothstep(edge, -soft, soft) * _uneven(cloud, _PATCH)
    thickness += _ring(edge, soft * _RING_AT, soft) * _uneven(cloud, _RING)
    if rng.random() < _INNER_RING_PROBABILITY:
        inner = radius * rng.uniform(*_INNER_RING_AT)
        thickness += _ring(edge, inner, soft * _INNER_RING_WIDTH) * _uneven(cloud, _INNER_RING)
    for _ in range(rng.integers(0, _MAX_DROPLETS + 1)):
        _add_droplet(thickness, params, radius * ratio, rng)
    return blur(thickness.astype(np.float32), 0.5)


def _uneven(cloud: FloatMap, values: tuple[float, float, float, float]) -> FloatMap:
    """Thickness of a mean, a noise amplitude, and two bounds."""
    mean, amplitude, least, most = values
    return np.asarray(np.clip(mean + amplitude * cloud, least, most), np.float32)


def _ring(edge: FloatMap, at_px: float, width_px: float) -> FloatMap:
    return np.asarray(np.exp(-(((edge - at_px) / width_px) ** 2)), np.float32)


def _add_droplet(thickness: FloatMap, params: DefectParameters, reach: float, rng: Rng) -> None:
    """Add one small drop beside the stain, with its own ring."""
    angle, far = rng.uniform(0, 2 * np.pi), reach * rng.uniform(*_DROPLET_AT)
    centre = (params.x + far * float(np.cos(angle)), params.y + far * float(np.sin(angle)))
    radius = reach * rng.uniform(*_DROPLET_RADIUS)
    shape = (thickness.shape[0], thickness.shape[1])
    window, edge = blob_nearby(
        shape, centre, (radius, radius), roughness=_DROPLET_ROUGHNESS, rng=rng
    )
    soft = max(_DROPLET_BORDER[0] * radius, _DROPLET_BORDER[1])
    inside, ring = _DROPLET_FILM
    thickness[window] += inside * smoothstep(edge, -soft, soft) + ring * _ring(edge, soft, soft)
