"""The tables of text-grounding systems; building one imports its packages, listing does not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from kizu.ground.errors import WeightsUnavailable
from kizu.ground.protocols import Detector, Segmenter, TextSegmenter
from kizu.ground.settings import GroundSettings
from kizu.ground.weights import Weights, find_weights

Part_co = TypeVar("Part_co", covariant=True)


class System(Protocol[Part_co]):
    """One row of a table."""

    def identity(self, weights: str | None, settings: GroundSettings) -> str:
        """Return what names the model exactly: commit, content hash, or service version."""
        ...

    def build(self, weights: str | None, settings: GroundSettings) -> Part_co:
        """Return the detector or segmenter, ready to run."""
        ...


@dataclass(frozen=True)
class LocalSystem(Generic[Part_co]):
    """A system that runs here with weights from the hub or a local path.

    Attributes:
        name: Its name in the table, for errors.
        default_weights: Hub id, or None if the user must name the weights.
        load: Builds it; imports its heavy packages inside.
    """

    name: str
    default_weights: str | None
    load: Callable[[Weights, GroundSettings], Part_co]

    def identity(self, weights: str | None, settings: GroundSettings) -> str:
        """Return the weights' commit or content hash; downloads them if it must."""
        del settings
        return self._find(weights).identity

    def build(self, weights: str | None, settings: GroundSettings) -> Part_co:
        """Return the system with these weights."""
        return self.load(self._find(weights), settings)

    def _find(self, weights: str | None) -> Weights:
        chosen = weights or self.default_weights
        if chosen is None:
            raise WeightsUnavailable(
                f"{self.name}: no weights named; give their path in the ground settings"
            )
        return find_weights(chosen, self.name)


def _grounding_dino(weights: Weights, settings: GroundSettings) -> Detector:
    from kizu.ground import grounding_dino  # noqa: PLC0415 - imports torch

    return grounding_dino.load(weights, settings)


def _owlv2(weights: Weights, settings: GroundSettings) -> Detector:
    from kizu.ground import owlv2  # noqa: PLC0415 - imports torch

    return owlv2.load(weights, settings)


def _florence2(weights: Weights, settings: GroundSettings) -> Detector:
    from kizu.ground import florence2  # noqa: PLC0415 - imports torch

    return florence2.load(weights, settings)


def _sam(weights: Weights, settings: GroundSettings) -> Segmenter:
    from kizu.ground import sam  # noqa: PLC0415 - imports torch

    return sam.load(weights, settings)


def _sam2(weights: Weights, settings: GroundSettings) -> Segmenter:
    from kizu.ground import sam2  # noqa: PLC0415 - imports torch

    return sam2.load(weights, settings)


def _segment_anything(weights: Weights, settings: GroundSettings) -> Segmenter:
    from kizu.ground import segment_anything_sam  # noqa: PLC0415 - imports torch

    return segment_anything_sam.load(weights, settings)


def _clipseg(weights: Weights, settings: GroundSettings) -> TextSegmenter:
    from kizu.ground import clipseg  # noqa: PLC0415 - imports torch

    return clipseg.load(weights, settings)


def _sam3(weights: Weights, settings: GroundSettings) -> TextSegmenter:
    from kizu.ground import sam3  # noqa: PLC0415 - imports torch

    return sam3.load(weights, settings)


def _local(
    name: str, default_weights: str | None, load: Callable[[Weights, GroundSettings], Part_co]
) -> dict[str, System[Part_co]]:
    return {name: LocalSystem(name, default_weights, load)}


DETECTORS: Final[Mapping[str, System[Detector]]] = {
    **_local("grounding-dino", "IDEA-Research/grounding-dino-tiny", _grounding_dino),
    **_local(
        "mm-grounding-dino",
        "openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_v3det",
        _grounding_dino,
    ),
    **_local("llmdet", "iSEE-Laboratory/llmdet_tiny", _grounding_dino),
    **_local("owlv2", "google/owlv2-base-patch16-ensemble", _owlv2),
    **_local("florence2", "florence-community/Florence-2-base", _florence2),
}
SEGMENTERS: Final[Mapping[str, System[Segmenter]]] = {
    **_local("sam", "facebook/sam-vit-base", _sam),
    **_local("sam-hq", "syscv-community/sam-hq-vit-base", _sam),
    **_local("sam2", "facebook/sam2.1-hiera-tiny", _sam2),
    **_local("segment-anything", None, _segment_anything),
}
TEXT_SEGMENTERS: Final[Mapping[str, System[TextSegmenter]]] = {
    **_local("clipseg", "CIDAS/clipseg-rd64-refined", _clipseg),
    **_local("sam3", "facebook/sam3", _sam3),
}
