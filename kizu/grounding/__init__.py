"""Finds what the text says: boxes and masks for phrases."""

from kizu.grounding.annotators import (
    annotator_name,
    annotator_version,
    check_version,
    load_annotator,
)
from kizu.grounding.catalogue import CatalogueEntry, catalogue
from kizu.grounding.detections import AnnotationFailure, Detections
from kizu.grounding.errors import GroundingUnavailable, WeightsUnavailable
from kizu.grounding.postprocess.priors import with_priors
from kizu.grounding.postprocess.saliency import with_saliency
from kizu.grounding.protocols import Annotator, Detector, Segmenter
from kizu.grounding.settings import GroundingChoice, GroundingSettings, SeveralAnnotators

__all__ = [
    "AnnotationFailure",
    "Annotator",
    "CatalogueEntry",
    "Detections",
    "Detector",
    "GroundingChoice",
    "GroundingSettings",
    "GroundingUnavailable",
    "Segmenter",
    "SeveralAnnotators",
    "WeightsUnavailable",
    "annotator_name",
    "annotator_version",
    "catalogue",
    "check_version",
    "load_annotator",
    "with_priors",
    "with_saliency",
]
