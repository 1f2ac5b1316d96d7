"""Large pictures: compared at the working size, then looked at once more at full size."""

from dataclasses import replace

import cv2
import numpy as np

from kizu.diff import grading
from kizu.diff.align.registration import MIN_SIDE_PX
from kizu.diff.comparison import Comparison, anomaly_map_of, compare, regions_of
from kizu.diff.evidence.scale_evidence import SCALES, DetectionCriteria
from kizu.diff.full_size.evidence import FullSizeEvidence
from kizu.diff.full_size.outline import refine_outline
from kizu.diff.full_size.pair import FullSizePair
from kizu.diff.full_size.thin import find_thin
from kizu.diff.full_size.tiles import TILE_PX, Tile, each, enlarge_part, tiles_of
from kizu.diff.identical import with_exact_changes
from kizu.diff.result import Affine, DiffResult, Drift, DriftMetrics
from kizu.diff.segment.small_components import peak_of
from kizu.diff.settings import DiffSettings
from kizu.imaging.arrays import FloatMap, Mask, RgbImage

_RATE_PARTS = len(SCALES) + 1  # scales of the working size, and the fine one at full size; counted


def compare_large(
    normal: RgbImage, edited: RgbImage, settings: DiffSettings, region: Mask | None
) -> DiffResult:
    """Compare a pair above the working size.

    The reduced pair gives geometry, colours, status and all that is broad; full size gives what is
    too thin there, and the outlines.

    Args:
        normal: (H, W, 3) uint8 RGB.
        edited: The same shape.
        settings: What counts as a change.
        region: (H, W) bool, where the edit was asked for.
    """
    size = _work_size(edited.shape, settings.max_work_megapixels)
    small = [_reduced(image, size) for image in (normal, edited)]
    wanted = None if region is None else _nearest(region, size)
    rate = settings.false_alarm_rate / _RATE_PARTS
    first = settings.model_copy(update={"false_alarm_rate": (_RATE_PARTS - 1) * rate})
    coarse = compare(small[0], small[1], first, wanted)
    if coarse.result.drift is Drift.REDRAWN:
        mask = _enlarged(coarse.result.mask, edited.shape)
        return _answer(coarse, np.zeros(mask.shape, np.float32), mask, settings.threads)
    pair = FullSizePair.of(normal, edited, coarse)
    criteria = DetectionCriteria(rate, settings.min_visible_delta_e, wanted)
    mask, evidence_ratio = _second_look(pair, coarse, criteria, settings)
    if coarse.aligned.came_back.exact:
        mask = with_exact_changes(mask, normal, edited, settings)
    return _answer(coarse, evidence_ratio, mask, settings.threads)


def _second_look(
    pair: FullSizePair, coarse: Comparison, criteria: DetectionCriteria, settings: DiffSettings
) -> tuple[Mask, FloatMap]:
    """The mask of both looks, outlined at full size, and the second's evidence ratio; (H, W)."""
    threads, explained = settings.threads, coarse.result.mask
    uncertainty = coarse.aligned.tone.uncertainty
    evidence = FullSizeEvidence.of(pair, uncertainty, explained, criteria, threads)
    peak = peak_of(explained, coarse.evidence_ratio)
    thin = find_thin(pair, evidence, explained, peak, settings.min_area_px, threads)
    mask = thin | _enlarged(explained, thin.shape)
    mask = refine_outline(pair, evidence, mask, thin.shape[1] / explained.shape[1], threads)
    return mask, np.divide(evidence.z, np.float32(evidence.threshold), out=evidence.z)


def _work_size(shape: tuple[int, ...], max_megapixels: float) -> tuple[int, int]:
    """Width and height."""
    factor = float(np.sqrt(max_megapixels * 1e6 / (shape[0] * shape[1])))
    return max(round(shape[1] * factor), MIN_SIDE_PX), max(round(shape[0] * factor), MIN_SIDE_PX)


def _reduced(image: RgbImage, size: tuple[int, int]) -> RgbImage:
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _nearest(mask: Mask, size: tuple[int, int]) -> Mask:
    reduced = cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(reduced, np.uint8).view(np.bool_)


def _enlarged(mask: Mask, shape: tuple[int, ...]) -> Mask:
    grid = mask.view(np.uint8) * np.uint8(255)
    large = cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large > 127)  # half


def _answer(coarse: Comparison, evidence_ratio: FloatMap, mask: Mask, threads: int) -> DiffResult:
    """Everything at full size; the array of ratios (H, W) becomes the anomaly map."""
    shape, result = mask.shape, coarse.result
    anomaly_map = evidence_ratio

    def combine(tile: Tile) -> None:
        both = np.maximum(
            evidence_ratio[tile.core], enlarge_part(coarse.evidence_ratio, shape, tile.core)
        )
        anomaly_map[tile.core] = anomaly_map_of(both, mask[tile.core], result.threshold)

    each(combine, tiles_of(shape, TILE_PX, 0), threads)
    scale = shape[1] / coarse.evidence_ratio.shape[1], shape[0] / coarse.evidence_ratio.shape[0]
    return replace(
        result,
        anomaly_map=anomaly_map,
        mask=mask,
        judged=_enlarged(result.judged, shape) | mask,
        status=grading.status_of(result.drift, any_change=bool(mask.any())),
        normal_from_edited=_affine_at(result.normal_from_edited, scale),
        registration_residual_px=result.registration_residual_px * scale[0],
        regions=regions_of(mask, anomaly_map),
        tone=_metrics_at(result.tone, scale),
    )


def _affine_at(affine: Affine, scale: tuple[float, float]) -> Affine:
    """The same map between pictures that are larger by (x, y)."""
    to_small = np.diag([1 / scale[0], 1 / scale[1], 1.0])
    to_small[:2, 2] = 0.5 / np.array(scale) - 0.5
    inner = np.vstack([affine, [0.0, 0.0, 1.0]])
    return np.asarray((np.linalg.inv(to_small) @ inner @ to_small)[:2], np.float64)


def _metrics_at(metrics: DriftMetrics, scale: tuple[float, float]) -> DriftMetrics:
    return replace(
        metrics,
        shift_x_px=metrics.shift_x_px * scale[0],
        shift_y_px=metrics.shift_y_px * scale[1],
        warp_rms_px=metrics.warp_rms_px * scale[0],
    )
