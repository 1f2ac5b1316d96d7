"""Makes what the full-size view lays over a sample's images: exact shapes, and the anomaly map."""

import io
from typing import Final

import numpy as np
from PIL import Image

from kizu.imaging.arrays import FloatMap, Mask
from kizu.imaging.run_lengths import run_lengths
from kizu.report.card import Card, Evidence, Found, FoundShapes
from kizu.viz.overlays import fit_map, heat_overlay

HEAT_SIDE_PX: Final = 768
"""The map is smooth: more pixels show no more of it, and weigh on every sample."""

_QUALITY: Final = 60  # of WebP; only colours are read from it
_EFFORT: Final = 2


def evidence_of(card: Card) -> Evidence:
    """Return the shapes of a sample's label and findings, and its anomaly map."""
    heat = None if card.anomaly_map is None else _heat_file(card.anomaly_map)
    return Evidence(_runs(card.mask), tuple(_shapes(each) for each in card.found), heat)


def _shapes(found: Found) -> FoundShapes:
    boxes = np.round(found.boxes, 1).astype(float).tolist()
    return FoundShapes(_runs(found.mask), tuple(tuple(box) for box in boxes))


def _runs(mask: Mask | None) -> tuple[int, ...] | None:
    return None if mask is None or not mask.any() else tuple(run_lengths(mask))


def _heat_file(anomaly_map: FloatMap) -> bytes:
    height, width = anomaly_map.shape
    scale = min(HEAT_SIDE_PX / max(height, width), 1.0)
    fitted = fit_map(anomaly_map, max(round(width * scale), 1), max(round(height * scale), 1))
    target = io.BytesIO()
    image = Image.fromarray(heat_overlay(fitted))
    image.save(target, "WEBP", quality=_QUALITY, method=_EFFORT)
    return target.getvalue()
