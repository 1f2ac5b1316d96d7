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


def _sam(weights: Weights, settings: GroundSettings) -> Segmenter:
    from kizu.ground import sam  # noqa: PLC0415 - imports torch

    return sam.load(weights, settings)


DETECTORS: Final[Mapping[str, System[Detector]]] = {
    "grounding-dino": LocalSystem(
        "grounding-dino", "IDEA-Research/grounding-dino-tiny", _grounding_dino
    ),
}
SEGMENTERS: Final[Mapping[str, System[Segmenter]]] = {
    "sam": LocalSystem("sam", "facebook/sam-vit-base", _sam),
}
TEXT_SEGMENTERS: Final[Mapping[str, System[TextSegmenter]]] = {}
