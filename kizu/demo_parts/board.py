"""A populated circuit board."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from kizu.demo_parts.camera import Surface
from kizu.demo_parts.drawing import Drawing, Place
from kizu.demo_parts.fields import Field, Plane, blurred, mixed, noise, step

_WIDTH, _HEIGHT = 2.12, 1.66
_SHRUNK: Final = 1.20  # so that the whole board is in the picture, however it is turned
_EDGE: Final = 0.13  # of the mounting holes' middles from the board's edges
_CLEARANCE_PX: Final = 13  # of the drawing, between a trace and the copper around it
_SIDES: Final = ((1, 0), (-1, 0), (0, 1), (0, -1))


class _Layers:
    """The board's layers, each a drawing."""

    def __init__(self) -> None:
        self.traces, self.pads, self.drills = (Drawing(_WIDTH, _HEIGHT) for _ in range(3))
        self.print, self.bodies, self.marks, self.tin = (Drawing(_WIDTH, _HEIGHT) for _ in range(4))

    def via(self, x: float, y: float, radius: float = 0.014) -> None:
        """Draw a plated hole."""
        self.traces.disc(x, y, radius * 1.15)
        self.pads.disc(x, y, radius)
        self.drills.disc(x, y, radius * 0.5)

    def small_part(self, x: float, y: float, *, upright: bool) -> None:
        """Draw a resistor or capacitor: a body with tinned ends on two pads."""

        def box(layer: Drawing, along: float, long: float, wide: float) -> None:
            at = (x, y + along) if upright else (x + along, y)
            layer.box(*at, *((wide, long) if upright else (long, wide)))

        for sign in (-1, 1):
            box(self.pads, sign * 0.050, 0.040, 0.046)
            box(self.tin, sign * 0.034, 0.020, 0.040)
        box(self.bodies, 0.0, 0.050, 0.040)

    def chip(self, x: float, y: float, side: float, pins: int, name: str, mark: str) -> None:
        """Draw a chip with pins on its four sides."""
        pitch = side / (pins + 0.5)
        for number in range(pins):
            for way in _SIDES:
                self._pin(
                    _Pin(x, y, way, side / 2, (number - (pins - 1) / 2) * pitch), pitch, number
                )
        self.bodies.box(x, y, side, side)
        self.marks.text(mark, x - side * 0.36, y + 0.03, 1.25 * side)
        self.marks.disc(x - side * 0.36, y - side * 0.36, 0.014)
        self.print.text(name, x - side / 2 - 0.15, y - side / 2 - 0.05, 0.5)

    def _pin(self, pin: "_Pin", pitch: float, number: int) -> None:
        """Draw a pin on its pad, and of three in four a trace that fans out to a via."""
        self.pads.box(*pin.at(0.060), *pin.turned(0.065, pitch * 0.6))
        self.tin.box(*pin.at(0.036), *pin.turned(0.070, pitch * 0.36))
        if number % 4 == 3:
            return
        bend = 0.13 + 0.45 * abs(pin.along)
        end = pin.at(bend + 0.08 + 0.035 * (number % 2), 1.5)
        self.traces.line((pin.at(0.08), pin.at(0.11), pin.at(bend + 0.03, 1.5), end), 0.011)
        self.via(*end)


@dataclass(frozen=True)
class _Pin:
    """A pin of a chip.

    Attributes:
        x: Of the chip's middle.
        y: The same.
        way: The side that it is on.
        out: From the middle to that side.
        along: From the middle along that side.
    """

    x: float
    y: float
    way: tuple[int, int]
    out: float
    along: float

    def at(self, beyond: float, spread: float = 1.0) -> Place:
        """Return a place beyond the chip's side, further along it the more the pins spread."""
        out, along = self.out + beyond, self.along * spread
        (right, down) = self.way
        return self.x + right * out + down * along, self.y + down * out + right * along

    def turned(self, long: float, wide: float) -> Place:
        """Return width and height of what is so long away from the chip and so wide."""
        return (long, wide) if self.way[0] else (wide, long)


def board(plane: Plane) -> Surface:
    """Return its surface: solder mask over copper, gilded pads, chips, small parts and print."""
    plane = Plane(plane.x * _SHRUNK, plane.y * _SHRUNK)
    layers = _laid_out()
    at = plane.x + _WIDTH / 2, plane.y + _HEIGHT / 2
    bodies, tin = layers.bodies.seen(*at), layers.tin.seen(*at)
    drills, marks = layers.drills.seen(*at), layers.marks.seen(*at)
    pads = layers.pads.seen(*at) * (1 - bodies)
    printed = layers.print.seen(*at) * (1 - pads)
    copper = _copper(layers).seen(*at)
    dust = noise(plane.x * 55, plane.y * 55, 41) + 2 * noise(plane.x * 4, plane.y * 4, 42)
    resin = 1 + 0.05 * noise(plane.x * 110, plane.y * 110, 43)
    shade = (0.72 + 0.50 * copper) * (1 + 0.018 * dust)
    layered = (
        (pads, (0.36, 0.25, 0.085), (0.55, 0.42, 0.19)),
        (printed, (0.66, 0.67, 0.64), (0.04, 0.04, 0.04)),
        (bodies, (0.024, 0.024, 0.026), (0.030, 0.030, 0.030)),
        (marks * bodies, (0.16, 0.16, 0.16), (0.030, 0.030, 0.030)),
        (tin, (0.30, 0.30, 0.31), (0.52, 0.52, 0.53)),
        (drills, (0.008, 0.008, 0.008), (0.004, 0.004, 0.004)),
    )
    colour = np.array([0.010, 0.112, 0.048]) * shade[..., None]
    mirror = np.full(colour.shape, 0.045)
    for share, scatters, reflects in layered:
        colour = mixed(colour, np.array(scatters), share[..., None])
        mirror = mixed(mirror, np.array(reflects), share[..., None])
    height = 0.05 + 0.004 * copper + 0.055 * bodies + 0.035 * tin - 0.03 * drills
    inside = np.minimum(_WIDTH / 2 - np.abs(plane.x), _HEIGHT / 2 - np.abs(plane.y))
    return Surface(
        height=blurred(height, 1.0) * step(inside, 0.0, 0.01),
        colour=colour * resin[..., None],
        mirror=mirror,
        cover=step(inside, 0.0, 0.006) * step(_to_mounting_hole(plane), 0.052, 0.006),
        grooves=None,
        haze=0.5,
        ground=(0.50, 0.51, 0.53),
    )


def _to_mounting_hole(plane: Plane) -> Field:
    """Return the distance from the middle of the nearest corner's hole."""
    across, down = _WIDTH / 2 - _EDGE, _HEIGHT / 2 - _EDGE
    return np.asarray(np.hypot(np.abs(plane.x) - across, np.abs(plane.y) - down))


def _copper(layers: _Layers) -> Drawing:
    """Return all copper: traces, and the ground that fills what they leave free."""
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_CLEARANCE_PX, _CLEARANCE_PX))
    taken = cv2.dilate(np.maximum(layers.traces.pixels, layers.pads.pixels), near)
    copper = Drawing(_WIDTH, _HEIGHT)
    copper.pixels[:] = np.maximum(255 - taken, layers.traces.pixels)
    return copper


def _laid_out() -> _Layers:
    """Return the layout; no two traces cross."""
    layers = _Layers()
    for x in (_EDGE, _WIDTH - _EDGE):
        for y in (_EDGE, _HEIGHT - _EDGE):
            layers.pads.disc(x, y, 0.088)
    layers.chip(0.72, 0.66, 0.42, 11, "U1", "KZ32F4")
    layers.chip(1.68, 1.20, 0.28, 7, "U2", "74C8")
    for number in range(7):
        y, x = 0.22 + 0.085 * number, 1.56 + 0.032 * (6 - number)
        layers.small_part(1.32, y, upright=False)
        layers.traces.line(((1.37, y), (x - 0.03, y), (x, y + 0.03), (x, 0.79)), 0.011)
        layers.via(x, 0.79)
    layers.print.text("R1-R7", 1.22, 0.16, 0.42)
    for number in range(5):
        x = 0.42 + 0.18 * number
        layers.small_part(x, 1.29, upright=True)
        layers.traces.line(((x, 1.34), (x, 1.44)), 0.022)
        layers.print.text(f"C{number + 1}", x + 0.035, 1.30, 0.36)
    for number in range(10):
        for y in (1.44, 1.54):
            layers.via(0.42 + 0.09 * number, y, 0.032)
    layers.print.text("J1", 0.29, 1.46, 0.5)
    layers.print.text("KZ-0428 B", 1.58, 0.15, 0.5)
    for number in range(4):
        layers.small_part(1.94, 0.30 + 0.11 * number, upright=False)
    layers.print.text("D1-D4", 1.86, 0.235, 0.4)
    return layers
