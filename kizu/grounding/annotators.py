"""How a name and settings become an annotator."""

import json
from threading import Lock
from typing import Final

from kizu.grounding.compose import (
    BoxThenMask,
    ImageAnnotator,
    NoGrounding,
    PerImageAnnotator,
    TextToMask,
)
from kizu.grounding.errors import GroundingUnavailable
from kizu.grounding.loading import (
    identity_of,
    load_detector,
    load_segmenter,
    load_text_segmenter,
)
from kizu.grounding.names import AnnotatorName, parse_annotator_name
from kizu.grounding.postprocess.tiled_masks import TiledTextSegmenter
from kizu.grounding.postprocess.tiles import TiledDetector
from kizu.grounding.protocols import Annotator, Detector, TextSegmenter
from kizu.grounding.registry import DETECTORS, SEGMENTERS, TEXT_SEGMENTERS
from kizu.grounding.settings import GroundingSettings
from kizu.versions import GROUNDING_VERSION

_loading = Lock()
_kept: Final[dict[tuple[str, str], Annotator]] = {}
"""Annotators whose models are loaded, by version and settings, the last one used at the end.

The version is part of it, for the weights may change in their place.
"""


def load_annotator(
    name: str, settings: GroundingSettings | None = None, *, keep: int = 1
) -> Annotator:
    """Return the named annotator, with its models loaded.

    The last ones that run here are kept, so that a process loads their weights once; they may be
    used from several threads.

    Args:
        name: `none`, a detector, `detector+segmenter`, or a system that does both.
        settings: Weights, thresholds, device; its own `annotator` is not read.
        keep: How many are kept loaded, this one included.

    Raises:
        ValueError: If no system has that name.
        GroundingUnavailable: If the system cannot run here; `WeightsUnavailable` if for its
            weights.

    >>> load_annotator("none").version
    '{"annotator": "none", "code": 2}'
    """
    chosen = (settings or GroundingSettings()).model_copy(update={"annotator": name})
    parts = parse_annotator_name(name)
    version = annotator_version(chosen)
    if parts == AnnotatorName():
        return NoGrounding(version)
    if parts.detector is not None and DETECTORS[parts.detector].is_outside:
        return PerImageAnnotator(version, _build(parts, chosen))
    with _loading:
        return _keep(version, parts, chosen, keep)


def annotator_name(version: str) -> str:
    """Return the name in an annotator's version.

    >>> annotator_name('{"annotator": "none", "code": 2}')
    'none'
    """
    return str(json.loads(version)["annotator"])


def annotator_version(settings: GroundingSettings) -> str:
    """Return the version that `load_annotator(settings.annotator, settings)` would have.

    It builds no model and imports none, but it reads local weights once to hash them, and asks
    the hub for weights that are not here.

    Raises:
        ValueError: If no system has that name.
        GroundingUnavailable: If the weights cannot be found.
    """
    parts = parse_annotator_name(settings.annotator)
    shaping = settings.shaping()
    version: dict[str, object] = {"annotator": shaping.pop("annotator")}
    if parts.text_segmenter is not None:
        system = TEXT_SEGMENTERS[parts.text_segmenter]
        version["model"] = identity_of(system, settings.detector_weights, settings)
    if parts.detector is not None:
        detector = DETECTORS[parts.detector]
        version["detector"] = identity_of(detector, settings.detector_weights, settings)
    if parts.segmenter is not None:
        segmenter = SEGMENTERS[parts.segmenter]
        version["segmenter"] = identity_of(segmenter, settings.segmenter_weights, settings)
    if len(version) > 1:
        version["settings"] = shaping
    return json.dumps(version | {"code": GROUNDING_VERSION}, sort_keys=True, ensure_ascii=False)


def check_version(annotator: Annotator, expected: str) -> None:
    """Refuse an annotator that is not the one whose version is in the keys of its results.

    Args:
        annotator: The annotator that is loaded here.
        expected: The version that was planned with.

    Raises:
        GroundingUnavailable: They differ; the message names both where they do.
    """
    if annotator.version == expected:
        return
    here, planned = (json.loads(version) for version in (annotator.version, expected))
    odd = [name for name in {**planned, **here} if planned.get(name) != here.get(name)]
    told = "; ".join(
        f"{name}: {here.get(name)!r} here, {planned.get(name)!r} planned" for name in odd
    )
    raise GroundingUnavailable(
        f"this worker's annotator is not the one the build was planned with ({told}); give all "
        "machines the same weights and the same kizu, and build again"
    )


def _keep(version: str, parts: AnnotatorName, settings: GroundingSettings, most: int) -> Annotator:
    """Return a kept annotator or load it; before that, let go of those used longest ago."""
    place = version, settings.model_dump_json()
    annotator = _kept.pop(place, None)
    while len(_kept) >= most:
        del _kept[next(iter(_kept))]
    if annotator is None:
        annotator = PerImageAnnotator(version, _build(parts, settings))
    _kept[place] = annotator
    return annotator


def _build(parts: AnnotatorName, settings: GroundingSettings) -> ImageAnnotator:
    if parts.text_segmenter is not None:
        return TextToMask(_build_text_segmenter(parts.text_segmenter, settings), settings)
    detector = _build_detector(parts.detector or "", settings)
    if parts.segmenter is None:
        return BoxThenMask(detector, None, settings)
    segmenter = load_segmenter(parts.segmenter, settings)
    return BoxThenMask(detector, segmenter, settings)


def _build_detector(name: str, settings: GroundingSettings) -> Detector:
    detector = load_detector(name, settings)
    if settings.tile_px is None:
        return detector
    return TiledDetector(detector, settings.tile_px)


def _build_text_segmenter(name: str, settings: GroundingSettings) -> TextSegmenter:
    if settings.tile_px is None:
        return load_text_segmenter(name, settings)
    any_size = settings.model_copy(update={"max_area_fraction": 1.0})  # a defect may fill a tile
    segmenter = load_text_segmenter(name, any_size)
    return TiledTextSegmenter(segmenter, settings.tile_px, settings.nms_iou, settings.max_boxes)
