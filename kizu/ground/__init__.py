"""Finds what the text says: boxes and masks for phrases."""

from kizu.ground.annotators import annotator_version, check_version, load_annotator
from kizu.ground.catalogue import CatalogueEntry, catalogue
from kizu.ground.detections import AnnotationFailure, Detections
from kizu.ground.errors import GroundingUnavailable, WeightsUnavailable
from kizu.ground.postprocess.priors import with_priors
from kizu.ground.postprocess.saliency import with_saliency
from kizu.ground.protocols import Annotator, Detector, Segmenter
from kizu.ground.settings import GroundSettings

__all__ = [
    "AnnotationFailure",
    "Annotator",
    "CatalogueEntry",
    "Detections",
    "Detector",
    "GroundSettings",
    "GroundingUnavailable",
    "Segmenter",
    "WeightsUnavailable",
    "annotator_version",
    "catalogue",
    "check_version",
    "load_annotator",
    "with_priors",
    "with_saliency",
]
