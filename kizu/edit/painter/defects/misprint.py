"""Misprints: print that is out of register or has faded, or marks where none belong."""

from typing import Final

import numpy as np

from kizu.edit.painter.material import (
    DefectParameters,
    Material,
    PaintedCrop,
    alpha_blend,
    irregular_ellipse,
    relight,
)
from kizu.edit.painter.noise_fields import (
    FloatArray,
    Rng,
    blur,
    fractal_noise,
    grid,
    smooth_noise,
    smoothstep,
    translate,
)
from kizu.imaging.arrays import FloatMap, Mask

# Where nothing else is said, a value was chosen by eye on photographs.
_RATIO: Final = (1.2, 2.4)  # long : short axis: print runs in lines
_ROUGHNESS: Final = 0.05  # of the border
_SOFT: Final = 0.12  # radii over which it ends
_PRINT: Final = (0.35, 6.0)  # blur in radii that leaves only the ground; least std of print in L
_SHIFT: Final = (0.12, 0.3, 2.0)  # radii a colour is out of register, least px
_GHOST: Final = 0.75  # opacity of the second, shifted print
_STREAKS: Final = (0.3, 4.0)  # breadth and length in radii of what was not inked
_FADED: Final = (-0.3, 0.5)  # of the streaks' noise, between which ink is lost
_INK_STEP: Final = 1.6  # contrasts of the material: of marks on a ground without print
_MARKS: Final = (3, 6)  # lines of marks
_MARK_FILL: Final = 0.62  # of a line's length that is inked
_LINE_FILL: Final = 0.55  # of the distance of lines that a line is high
_LEAST_PITCH_PX: Final = 4.0  # of lines: finer ones cannot be told from a tone
_SHARP_PX: Final = 0.6  # half a mark's ramp: one pixel of anti-aliasing


def misprint(material: Material, params: DefectParameters, rng: Rng) -> PaintedCrop:
    """Shift or fade the print that is there; where there is none, print faded marks."""
    ratio = rng.uniform(*_RATIO)
    edge, radius = irregular_ellipse(material, params, ratio=ratio, roughness=_ROUGHNESS, rng=rng)
    soft = max(_SOFT * radius, 1.0)
    within = smoothstep(edge, -soft, soft)
    ground = blur(material.lab, max(_PRINT[0] * radius, 2.0))
    ink = material.lab - ground
    inside = edge > 0
    if not inside.any() or float(ink[..., 0][inside].std()) < _PRINT[1]:
        return _marks(material, params, (radius * ratio, radius), rng)
    is_faded = rng.random() < 0.5
    draw = _faded if is_faded else _out_of_register
    lab = draw(material, params, ink, radius, rng)
    printed = alpha_blend(material.lab, lab, within)
    moved = np.linalg.norm(printed - material.lab, axis=-1)
    return PaintedCrop(printed, (blur(moved, _SHARP_PX) > _IS_MOVED).astype(np.float32))


def _out_of_register(
    material: Material, params: DefectParameters, ink: FloatArray, radius: float, rng: Rng
) -> FloatArray:
    """A second print beside the first."""
    low, high, least_px = _SHIFT
    far = max(float(rng.uniform(low, high)) * radius, least_px) * params.breadth
    angle = rng.uniform(0, 2 * np.pi)
    moved = np.stack(
        [
            translate(ink[..., channel], far * np.cos(angle), far * np.sin(angle))
            for channel in range(3)
        ],
        -1,
    )
    ghost = np.where(np.abs(moved) > np.abs(ink), moved, ink)
    gain = np.float32(min(_GHOST * params.strength, 1.5))
    return np.asarray(material.lab + (ghost - ink) * gain, np.float32)


def _faded(
    material: Material, params: DefectParameters, ink: FloatArray, radius: float, rng: Rng
) -> FloatArray:
    """Print whose ink is lost in streaks."""
    broad, long = _STREAKS
    lost = smoothstep(_streaks(material, params, broad * radius, long * radius, rng), *_FADED)
    gain = np.clip(lost * params.strength, 0, 1)
    return np.asarray(material.lab - ink * gain[..., None], np.float32)


def _streaks(
    material: Material, params: DefectParameters, broad_px: float, long_px: float, rng: Rng
) -> FloatMap:
    """Noise drawn out along the way the press or the roller runs."""
    along, across = grid(material.shape, params.x, params.y, params.angle_rad)
    columns = np.clip((along / max(long_px, 1.0) + 8) % 16, 0, 15)
    rows = np.clip((across / max(broad_px, 1.0) + 32) % 64, 0, 63)
    table = smooth_noise((64, 16), 1.0, rng)
    fine = 0.4 * fractal_noise(material.shape, max(broad_px, 2.0), rng, 3)
    return np.asarray(table[rows.astype(int), columns.astype(int)] + fine, np.float32)


def _marks(
    material: Material, params: DefectParameters, halves_px: tuple[float, float], rng: Rng
) -> PaintedCrop:
    """Lines of marks as of print, faded in streaks."""
    along, across = grid(material.shape, params.x, params.y, 0.0)
    lines = int(rng.integers(_MARKS[0], _MARKS[1] + 1))
    pitch = max(2 * halves_px[1] / lines, _LEAST_PITCH_PX)
    block = smoothstep(
        np.minimum(halves_px[0] - np.abs(along), halves_px[1] - np.abs(across)), -1, 1
    )
    line = np.floor(across / pitch)
    offset = np.abs(across - (line + 0.5) * pitch)
    high = smoothstep(0.5 * _LINE_FILL * pitch - offset, -_SHARP_PX, _SHARP_PX)
    inked = _inked(line, along, pitch, rng)
    broad, long = 0.5 * pitch, 3 * pitch
    faded = 1 - 0.8 * smoothstep(_streaks(material, params, broad, long, rng), *_FADED)
    cover = (high * blur(inked.astype(np.float32), _SHARP_PX) * faded * block).astype(np.float32)
    step = material.contrast_sign() * _INK_STEP * material.contrast * params.strength
    lab = relight(material.lab, (step * cover).astype(np.float32))
    return PaintedCrop(lab, (cover > _IS_INK).astype(np.float32))


_IS_MOVED: Final = 6.0  # Lab: between the strokes of a print nothing changes
_IS_INK: Final = 0.3  # of a pixel's cover


def _inked(line: FloatMap, along: FloatMap, pitch: float, rng: Rng) -> Mask:
    """Which pixels of the lines are inked: strokes of uneven length."""
    cell = max(pitch / 4, 1.0)
    table = rng.random((32, 512)) < _MARK_FILL
    rows = (line.astype(int) + 16) % 32
    columns = (np.floor(along / cell).astype(int) + 256) % 512
    return np.asarray(table[rows, columns], bool)
