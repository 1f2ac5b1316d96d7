"""Products drawn by rule, each with the parts and the print that a defect can take.

All lengths are shares of the long side, so that a product looks the same at every size.
"""

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np
from product import Colour, Product

from kizu.edit.painter.noise_fields import blur, fractal_noise, smooth_noise
from kizu.imaging.arrays import FloatMap

_SEED: Final = 11


def _ground(shape: tuple[int, int], colour: Colour, name: str) -> Product:
    rng = np.random.default_rng((_SEED, *name.encode()))
    picture = np.tile(np.asarray(colour, np.float32), (*shape, 1))
    ramp = np.linspace(1.08, 0.9, shape[1], dtype=np.float32)[None, :, None]
    return Product(picture * ramp, rng)


def _streaks(shape: tuple[int, int], along_px: float, rng: np.random.Generator) -> FloatMap:
    """Unit-variance noise drawn out along the rows."""
    noise = cv2.GaussianBlur(
        rng.standard_normal(shape, np.float32), (0, 0), sigmaX=along_px, sigmaY=0.6
    )
    return np.asarray(noise / noise.std(), np.float32)


def plate(long_side_px: int) -> Product:
    """Brushed metal with eight bolts and a stamped number."""
    product = _ground((long_side_px * 3 // 4, long_side_px), (176, 180, 186), "plate")
    streaks = _streaks(product.picture.shape[:2], 0.03 * long_side_px, product.rng)
    product.picture *= (1 + 0.05 * streaks)[..., None]
    places = [(x, y) for x in (0.1, 0.37, 0.63, 0.9) for y in (0.1, 0.65)]
    bolts = [product.round_part(x, y, 0.042, (120, 122, 128), 0.35) for x, y in places]
    for x, y in places:
        product.round_part(x, y, 0.02, (60, 62, 66), -0.3)
    product.prints = (product.write("SN 40718-C", 0.36, 0.4, 0.035, (70, 72, 78)),)
    product.parts = tuple(bolts)
    return product


def fabric(long_side_px: int) -> Product:
    """Woven cloth with coloured stripes."""
    product = _ground((long_side_px, long_side_px), (92, 104, 132), "fabric")
    rows, columns = product.grid()
    bend = 0.004 * smooth_noise(rows.shape, 0.1 * long_side_px, product.rng)
    threads = np.sin(2 * np.pi * (columns + bend) / 0.012) * np.sin(
        2 * np.pi * (rows - bend) / 0.012
    )
    stripes = ((columns * 6) % 1 < 0.22)[..., None]  # share of a stripe
    product.picture = np.where(stripes, np.float32((178, 70, 58)), product.picture)
    grain = 0.05 * fractal_noise(rows.shape, 0.01 * long_side_px, product.rng)
    product.picture *= (1 + 0.22 * threads + grain)[..., None].astype(np.float32)
    return product


def board(long_side_px: int) -> Product:
    """A circuit board: traces, chips, capacitors, resistors, print."""
    product = _ground((long_side_px * 3 // 4, long_side_px), (22, 92, 58), "board")
    unit, rng = product.unit, product.rng
    traces, thick = np.zeros(product.picture.shape[:2], np.uint8), max(round(unit / 250), 1)
    for _ in range(46):
        x, y = rng.uniform(0, 1), rng.uniform(0, 0.75)
        corner = (x + rng.uniform(-0.3, 0.3), y)
        line = np.array([(x, y), corner, (corner[0], rng.uniform(0, 0.75))]) * unit
        cv2.polylines(
            traces,
            [line.astype(np.int32)],
            isClosed=False,
            color=255,
            thickness=thick,
            lineType=cv2.LINE_AA,
        )
    product.ink(traces, (44, 128, 84))
    chips = [((0.2, 0.2, 0.075, 0.075)), (0.62, 0.46, 0.1, 0.07), (0.33, 0.56, 0.05, 0.035)]
    parts = [product.box_part(box, (38, 38, 42)) for box in chips]
    parts += [
        product.round_part(x, y, 0.038, (70, 84, 150), 0.4)
        for x, y in ((0.48, 0.14), (0.6, 0.17), (0.86, 0.6))
    ]
    parts += [
        product.box_part((x, 0.33, 0.022, 0.011), (196, 176, 130))
        for x in (0.42, 0.5, 0.58, 0.66, 0.74)
    ]
    product.prints = tuple(
        product.write(text, x, y, 0.022, (226, 228, 220))
        for text, x, y in (("R12 R13 R14", 0.42, 0.3), ("KZ-2041 rev B", 0.68, 0.1))
    )
    product.parts = tuple(parts)
    return product


def ceramic(long_side_px: int) -> Product:
    """A glazed dish on a cloth, with a painted ring and a highlight."""
    product = _ground((long_side_px, long_side_px), (146, 136, 124), "ceramic")
    product.add_grain(0.05, 0.02 * long_side_px)
    for radius, colour, dome in (
        (0.44, (226, 226, 218), 0.25),
        (0.36, (70, 108, 150), 0.0),
        (0.34, (232, 231, 224), -0.12),
    ):
        product.round_part(0.5, 0.5, radius, colour, dome)
    rows, columns = product.grid()
    glint = np.exp(-(((columns - 0.36) / 0.05) ** 2 + ((rows - 0.33) / 0.03) ** 2))
    product.picture += 22 * glint[..., None].astype(np.float32)
    return product


def label(long_side_px: int) -> Product:
    """A printed label: name, small print, bars, a seal."""
    product = _ground((long_side_px * 2 // 3, long_side_px), (240, 234, 214), "label")
    product.add_grain(0.012, 0.01 * long_side_px)
    ink = (38, 40, 52)
    lines = (
        ("YUZU MARMALADE", 0.06, 0.14, 0.055),
        ("net 250 g  best before 2027-03", 0.06, 0.24, 0.026),
        ("sugar, yuzu peel, water, pectin", 0.06, 0.3, 0.024),
        ("keep cool and dry once opened", 0.06, 0.36, 0.024),
        ("LOT 7731-A", 0.06, 0.58, 0.03),
    )
    product.prints = tuple(product.write(text, x, y, size, ink) for text, x, y, size in lines)
    left, bars = 0.62, slice(round(0.45 * product.unit), round(0.6 * product.unit))
    for width in product.rng.integers(1, 4, 34):
        right = left + 0.0028 * width
        columns = slice(round(left * product.unit), round(right * product.unit))
        product.picture[bars, columns] = ink
        left = right + 0.0045
    product.parts = (
        product.round_part(0.85, 0.25, 0.075, (206, 120, 30), 0.0),
        product.round_part(0.42, 0.5, 0.05, (60, 130, 70), 0.0),
    )
    return product


def bottles(long_side_px: int) -> Product:
    """Green glass bottles with caps before a bright wall."""
    product = _ground((long_side_px, long_side_px * 4 // 5), (214, 216, 220), "bottles")
    rows, columns = product.grid()
    caps = []
    for x in (0.14, 0.4, 0.66):
        half = 0.1 - 0.062 / (1 + np.exp((rows - 0.42) / 0.02))
        across = (columns - x) / half
        inside = (
            np.clip((half - np.abs(columns - x)) * product.unit + 0.5, 0, 1)
            * (np.abs(rows - 0.575) < 0.375)  # from neck to foot
        )
        glass = np.stack([40 + 30 * across, 118 - 50 * across**2, 66 + 24 * across], -1)
        glass += 90 * np.exp(-(((across + 0.55) / 0.12) ** 2))[..., None]
        product.picture += (glass.astype(np.float32) - product.picture) * (
            0.9 * inside[..., None]
        ).astype(np.float32)
        caps.append(product.box_part((x, 0.19, 0.046, 0.03), (186, 150, 60)))
        product.box_part((x, 0.7, 0.088, 0.1), (236, 230, 206))
        product.prints += (product.write("OKU No.3", x - 0.07, 0.71, 0.024, (90, 30, 30)),)
    product.parts = tuple(caps)
    return product


def leather(long_side_px: int) -> Product:
    """Pebbled leather with a seam of stitches."""
    product = _ground((long_side_px * 3 // 4, long_side_px), (122, 74, 46), "leather")
    rows, columns = product.picture.shape[:2]
    seeds = np.full((rows, columns), 255, np.uint8)
    count = 5200
    seeds[product.rng.integers(0, rows, count), product.rng.integers(0, columns, count)] = 0
    pebbles = blur(np.asarray(cv2.distanceTransform(seeds, cv2.DIST_L2, 5), np.float32), 0.7)
    relief = (
        pebbles / pebbles.mean()
        - 1
        + 0.4 * fractal_noise((rows, columns), 0.1 * long_side_px, product.rng)
    )
    product.picture *= (1 - 0.13 * relief)[..., None]
    product.parts = tuple(
        product.box_part((x, 0.6, 0.016, 0.005), (214, 190, 140))
        for x in np.arange(0.05, 0.95, 0.055)
    )
    return product


def wood(long_side_px: int) -> Product:
    """Veneer with growth rings and pores."""
    product = _ground((long_side_px * 3 // 4, long_side_px), (172, 124, 78), "wood")
    shape = product.picture.shape[:2]
    rows, columns = product.grid()
    bent = (
        rows
        + 0.05 * smooth_noise(shape, 0.3 * long_side_px, product.rng)
        + 0.02 * np.sin(4 * columns)
    )
    rings = np.sin(2 * np.pi * bent / 0.035) + 0.5 * np.sin(2 * np.pi * bent / 0.013)
    pores = np.minimum(_streaks(shape, 0.012 * long_side_px, product.rng) + 1.2, 0)
    product.picture *= (1 + 0.07 * rings + 0.12 * pores)[..., None].astype(np.float32)
    return product


def tablets(long_side_px: int) -> Product:
    """A blister pack of twelve tablets in two colours."""
    product = _ground((long_side_px * 3 // 4, long_side_px), (190, 192, 198), "tablets")
    foil = np.abs(_streaks(product.picture.shape[:2], 2.0, product.rng))
    product.picture *= (1 + 0.05 * foil)[..., None]
    places = [(0.14 + 0.24 * i, 0.15 + 0.225 * j) for i in range(4) for j in range(3)]
    for x, y in places:
        product.round_part(x, y, 0.085, (206, 208, 214), -0.2)
    colours = ((232, 226, 214), (214, 112, 92))
    product.parts = tuple(
        product.round_part(x, y, 0.062, colours[index % 2], 0.3)
        for index, (x, y) in enumerate(places)
    )
    return product


def nuts(long_side_px: int) -> Product:
    """Hexagonal steel nuts strewn on a dark mat."""
    product = _ground((long_side_px * 3 // 4, long_side_px), (52, 52, 58), "nuts")
    product.add_grain(0.1, 0.008 * long_side_px)
    rows, columns = product.grid()
    parts = []
    for x, y in (
        (0.13, 0.16),
        (0.4, 0.13),
        (0.7, 0.17),
        (0.88, 0.4),
        (0.55, 0.42),
        (0.24, 0.45),
        (0.12, 0.64),
        (0.45, 0.64),
        (0.74, 0.62),
    ):
        turn = product.rng.uniform(0, np.pi / 3)
        angle = np.arctan2(rows - y, columns - x) - turn
        away = np.hypot(rows - y, columns - x)
        hexagon = 0.06 - away * np.cos((angle % (np.pi / 3)) - np.pi / 6)
        parts.append(
            product.place((hexagon * product.unit).astype(np.float32), (158, 160, 164), dome=0.3)
        )
        product.round_part(x, y, 0.03, (34, 34, 38), -0.3)
    product.parts = tuple(parts)
    return product


PRODUCTS: Final[Mapping[str, Callable[[int], Product]]] = {
    "plate": plate,
    "fabric": fabric,
    "board": board,
    "ceramic": ceramic,
    "label": label,
    "bottles": bottles,
    "leather": leather,
    "wood": wood,
    "tablets": tablets,
    "nuts": nuts,
}
