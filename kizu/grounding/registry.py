"""The tables of text-grounding systems; building one imports its packages, listing does not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from kizu.grounding.errors import WeightsUnavailable
from kizu.grounding.protocols import Detector, Segmenter, TextSegmenter
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights, find_weights

Part_co = TypeVar("Part_co", covariant=True)


class System(Protocol[Part_co]):
    """One row of a table."""

    def identity(self, weights: str | None, settings: GroundingSettings) -> str:
        """Return what names the model exactly: commit, content hash, or service version."""
        ...

    def build(self, weights: str | None, settings: GroundingSettings) -> Part_co:
        """Return the detector or segmenter, ready to run."""
        ...


class LocalModule(Protocol[Part_co]):
    """A module of this room that runs a model here."""

    def load(self, weights: Weights, settings: GroundingSettings) -> Part_co:
        """Return the model with these weights."""
        ...


class OutsideModule(Protocol[Part_co]):
    """A module of this room that talks to a web service or another process."""

    def identity(self, weights: str | None, settings: GroundingSettings) -> str:
        """Return what names the model exactly."""
        ...

    def load(self, weights: str | None, settings: GroundingSettings) -> Part_co:
        """Return the connected system."""
        ...


@dataclass(frozen=True)
class LocalSystem(Generic[Part_co]):
    """A system that runs here with weights from the hub or a local path.

    Attributes:
        name: Its name in the table, for errors.
        module: Imports and returns its module.
        default_weights: Hub id, or None if the user must name the weights.
    """

    name: str
    module: Callable[[], LocalModule[Part_co]]
    default_weights: str | None

    def identity(self, weights: str | None, settings: GroundingSettings) -> str:
        """Return the weights' commit or content hash; downloads them if it must."""
        del settings
        return self._find(weights).identity

    def build(self, weights: str | None, settings: GroundingSettings) -> Part_co:
        """Return the system with these weights."""
        found = self._find(weights)
        return self.module().load(found, settings)

    def _find(self, weights: str | None) -> Weights:
        chosen = weights or self.default_weights
        if chosen is None:
            raise WeightsUnavailable(
                f"{self.name}: no weights named; give their path in the grounding settings"
            )
        return find_weights(chosen, self.name)


@dataclass(frozen=True)
class OutsideSystem(Generic[Part_co]):
    """A system that runs elsewhere: a web service, or another environment's process.

    Attributes:
        module: Imports and returns its module.
    """

    module: Callable[[], OutsideModule[Part_co]]

    def identity(self, weights: str | None, settings: GroundingSettings) -> str:
        """Return what names the model exactly."""
        return self.module().identity(weights, settings)

    def build(self, weights: str | None, settings: GroundingSettings) -> Part_co:
        """Return the system, connected."""
        return self.module().load(weights, settings)


def _grounding_dino() -> LocalModule[Detector]:
    from kizu.grounding.models import grounding_dino  # noqa: PLC0415 - heavy

    return grounding_dino


def _owlv2() -> LocalModule[Detector]:
    from kizu.grounding.models import owlv2  # noqa: PLC0415 - heavy

    return owlv2


def _florence2() -> LocalModule[Detector]:
    from kizu.grounding.models import florence2  # noqa: PLC0415 - heavy

    return florence2


def _glip() -> OutsideModule[Detector]:
    from kizu.grounding.models import glip  # noqa: PLC0415 - only where it is used

    return glip


def _azure_vision() -> OutsideModule[Detector]:
    from kizu.grounding.services import azure_vision  # noqa: PLC0415 - only where it is used

    return azure_vision


def _gpt_vision() -> OutsideModule[Detector]:
    from kizu.grounding.services import gpt_vision  # noqa: PLC0415 - heavy

    return gpt_vision


def _sam() -> LocalModule[Segmenter]:
    from kizu.grounding.models import sam  # noqa: PLC0415 - heavy

    return sam


def _sam2() -> LocalModule[Segmenter]:
    from kizu.grounding.models import sam2  # noqa: PLC0415 - heavy

    return sam2


def _segment_anything() -> LocalModule[Segmenter]:
    from kizu.grounding.models import segment_anything_sam  # noqa: PLC0415 - heavy

    return segment_anything_sam


def _clipseg() -> LocalModule[TextSegmenter]:
    from kizu.grounding.models import clipseg  # noqa: PLC0415 - heavy

    return clipseg


def _sam3() -> LocalModule[TextSegmenter]:
    from kizu.grounding.models import sam3  # noqa: PLC0415 - heavy

    return sam3


DEMO_WEIGHTS: Final = Path(__file__).parent / "demo_weights"
"""Trained by `benchmarks/demo_weights`; each folder is as `save_pretrained` wrote it."""

MM_GROUNDING_DINO: Final = "openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_v3det"

DETECTORS: Final[Mapping[str, System[Detector]]] = {
    "grounding-dino": LocalSystem(
        "grounding-dino", _grounding_dino, "IDEA-Research/grounding-dino-tiny"
    ),
    "mm-grounding-dino": LocalSystem("mm-grounding-dino", _grounding_dino, MM_GROUNDING_DINO),
    "llmdet": LocalSystem("llmdet", _grounding_dino, "iSEE-Laboratory/llmdet_tiny"),
    "owlv2": LocalSystem("owlv2", _owlv2, "google/owlv2-base-patch16-ensemble"),
    "florence2": LocalSystem("florence2", _florence2, "florence-community/Florence-2-base"),
    "glip": OutsideSystem(_glip),
    "azure-vision": OutsideSystem(_azure_vision),
    "gpt-vision": OutsideSystem(_gpt_vision),
    "demo-grounding-dino": LocalSystem(
        "demo-grounding-dino", _grounding_dino, str(DEMO_WEIGHTS / "detector")
    ),
}
SEGMENTERS: Final[Mapping[str, System[Segmenter]]] = {
    "sam": LocalSystem("sam", _sam, "facebook/sam-vit-base"),
    "sam-hq": LocalSystem("sam-hq", _sam, "syscv-community/sam-hq-vit-base"),
    "sam2": LocalSystem("sam2", _sam2, "facebook/sam2.1-hiera-tiny"),
    "segment-anything": LocalSystem("segment-anything", _segment_anything, None),
    "demo-sam": LocalSystem("demo-sam", _sam, str(DEMO_WEIGHTS / "segmenter")),
}
TEXT_SEGMENTERS: Final[Mapping[str, System[TextSegmenter]]] = {
    "clipseg": LocalSystem("clipseg", _clipseg, "CIDAS/clipseg-rd64-refined"),
    "sam3": LocalSystem("sam3", _sam3, "facebook/sam3"),
}
