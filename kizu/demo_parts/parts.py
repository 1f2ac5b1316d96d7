"""The parts that can be photographed."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from zlib import crc32

import numpy as np

from kizu.demo_parts.board import board
from kizu.demo_parts.camera import Shot, Surface, photograph, plane_seen
from kizu.demo_parts.cap import cap
from kizu.demo_parts.fields import Plane
from kizu.demo_parts.flange import flange
from kizu.demo_parts.plate import plate
from kizu.imaging.arrays import RgbImage

PARTS: Final[Mapping[str, Callable[[Plane], Surface]]] = MappingProxyType(
    {"flange": flange, "plate": plate, "board": board, "cap": cap}
)
"""What can be photographed, by name: a turned flange, a glazed plate, a populated circuit board and
a moulded screw cap."""


def photograph_part(name: str, number: int) -> RgbImage:
    """Return a photograph of a part; equal numbers give equal ones.

    Args:
        name: One of ``PARTS``.
        number: Which photograph of it: each has another pose, another light and other noise.

    Returns:
        (428, 512, 3) uint8 RGB.
    """
    rng = np.random.default_rng((crc32(name.encode()), number))
    shot = Shot(
        turn_rad=float(rng.uniform(-0.34, -0.20)),
        zoom=float(rng.uniform(0.96, 1.02)),
        shift=(float(rng.uniform(-0.06, 0.06)), float(rng.uniform(-0.04, 0.04))),
        tilt=(float(rng.uniform(-0.03, 0.03)), float(rng.uniform(-0.03, 0.03))),
        light=(float(rng.uniform(-0.65, -0.35)), float(rng.uniform(-0.75, -0.45))),
        exposure=float(rng.uniform(1.04, 1.20)),
        warmth=float(rng.uniform(-0.02, 0.04)),
        seed=int(rng.integers(2**31)),
    )
    return photograph(PARTS[name](plane_seen(shot)), shot)
