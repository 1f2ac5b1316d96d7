"""Photographs of parts that are drawn: a flange, a plate, a circuit board and a cap."""

from kizu.demo_parts.parts import PARTS, photograph_part

__all__ = ["PARTS", "photograph_part"]
