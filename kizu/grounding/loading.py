"""Turns a row of the table into a detector or segmenter; only here are their modules imported."""

from importlib import import_module
from typing import Protocol, cast

from kizu.grounding.errors import WeightsUnavailable
from kizu.grounding.protocols import Detector, Segmenter, TextSegmenter
from kizu.grounding.registry import DETECTORS, SEGMENTERS, TEXT_SEGMENTERS, System
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights, find_weights


class LocalModule(Protocol):
    """A module that runs a model here."""

    def load(self, weights: Weights, settings: GroundingSettings) -> object:
        """Return the detector or segmenter with these weights."""
        ...


class OutsideModule(Protocol):
    """A module that talks to a web service or to another environment's process."""

    def identity(self, weights: str | None, settings: GroundingSettings) -> str:
        """Return what names the model exactly: a version or a content hash."""
        ...

    def load(self, weights: str | None, settings: GroundingSettings) -> object:
        """Return the connected detector or segmenter."""
        ...


def identity_of(system: System, weights: str | None, settings: GroundingSettings) -> str:
    """Return what names a model exactly; downloads its weights if it must.

    Args:
        system: Its row.
        weights: Hub id or local path; None for the default.
        settings: The settings it is to run with.

    Raises:
        WeightsUnavailable: The weights cannot be found.
    """
    if system.is_outside:
        return _outside(system).identity(weights, settings)
    return _find(system, weights).identity


def load_detector(name: str, settings: GroundingSettings) -> Detector:
    """Load the detector of a name.

    Raises:
        GroundingUnavailable: It cannot run here.
    """
    return cast("Detector", _load(DETECTORS[name], settings.detector_weights, settings))


def load_segmenter(name: str, settings: GroundingSettings) -> Segmenter:
    """Load the segmenter of a name; errors are those of ``load_detector``."""
    return cast("Segmenter", _load(SEGMENTERS[name], settings.segmenter_weights, settings))


def load_text_segmenter(name: str, settings: GroundingSettings) -> TextSegmenter:
    """Load the text segmenter of a name; errors are those of ``load_detector``."""
    return cast("TextSegmenter", _load(TEXT_SEGMENTERS[name], settings.detector_weights, settings))


def _load(system: System, weights: str | None, settings: GroundingSettings) -> object:
    if system.is_outside:
        return _outside(system).load(weights, settings)
    found = _find(system, weights)
    return cast("LocalModule", _module(system)).load(found, settings)


def _outside(system: System) -> OutsideModule:
    return cast("OutsideModule", _module(system))


def _module(system: System) -> object:
    return import_module(f"kizu.grounding.{system.module}")


def _find(system: System, weights: str | None) -> Weights:
    chosen = weights or system.weights
    if chosen is None:
        raise WeightsUnavailable(
            f"{system.name}: no weights named; give their path in the grounding settings"
        )
    return find_weights(chosen, system.name)
