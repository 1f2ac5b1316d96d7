"""Which text-grounding systems there are, which are ready here, and what adds the others."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from kizu.grounding.names import DEMO_NOTICE, DETECTOR_NAMES, SEGMENTER_NAMES, TEXT_SEGMENTER_NAMES
from kizu.grounding.registry import DETECTORS, SEGMENTERS, TEXT_SEGMENTERS, LocalSystem
from kizu.grounding.weights import cached_snapshot

Role = Literal["detector", "segmenter", "detector and segmenter"]

GIVES: Final[Mapping[Role, str]] = {
    "detector": "boxes",
    "segmenter": "masks for boxes",
    "detector and segmenter": "boxes and masks",
}

LICENCES: Final = {
    "grounding-dino": "Apache-2.0",
    "mm-grounding-dino": "Apache-2.0",
    "llmdet": "Apache-2.0",
    "owlv2": "Apache-2.0",
    "florence2": "MIT",
    "glip": "MIT; MMDetection Apache-2.0",
    "azure-vision": "paid service, retires 2028-09-25",
    "gpt-vision": "paid service",
    "demo-grounding-dino": f"Apache-2.0; {DEMO_NOTICE}",
    "sam": "Apache-2.0",
    "sam-hq": "Apache-2.0",
    "sam2": "Apache-2.0",
    "segment-anything": "Apache-2.0",
    "demo-sam": f"Apache-2.0; {DEMO_NOTICE}",
    "clipseg": "Apache-2.0",
    "sam3": "SAM License, access on request",
}
SETUP: Final = {
    "glip": "set up MMDetection as docs/annotators.md shows, and set grounding.mmdet_python",
    "azure-vision": "export AZURE_VISION_KEY=... and set grounding.endpoint",
    "gpt-vision": "export AZURE_OPENAI_API_KEY=... and set grounding.endpoint and .deployment",
    "segment-anything": "download sam_vit_b_01ec64.pth and set grounding.segmenter_weights to it",
}
MISSING: Final = {
    "glip": "an MMDetection environment",
    "azure-vision": "a key",
    "gpt-vision": "a key",
    "segment-anything": "a weights file",
}
KEY_VARIABLES: Final = {
    "azure-vision": "AZURE_VISION_KEY",
    "gpt-vision": "AZURE_OPENAI_API_KEY",
}


@dataclass(frozen=True)
class CatalogueEntry:
    """One system as a user sees it.

    Attributes:
        name: What `load_annotator` takes.
        role: What it does.
        licence: Of its weights, or what kind of service it is.
        is_ready: Whether its default weights, or its credentials, are here.
        missing: What it lacks here; empty when it is ready.
        setup: The one step that adds it; empty when it is ready.
    """

    name: str
    role: Role
    licence: str
    is_ready: bool
    missing: str
    setup: str

    @property
    def gives(self) -> str:
        """What a user gets from it."""
        return GIVES[self.role]


def catalogue() -> list[CatalogueEntry]:
    """Return every system, without asking the network or importing a model.

    >>> [entry.name for entry in catalogue()][:2]
    ['grounding-dino', 'mm-grounding-dino']
    """
    return [
        *(_entry(name, "detector") for name in DETECTOR_NAMES),
        *(_entry(name, "segmenter") for name in SEGMENTER_NAMES),
        *(_entry(name, "detector and segmenter") for name in TEXT_SEGMENTER_NAMES),
    ]


def _entry(name: str, role: Role) -> CatalogueEntry:
    weights = _default_weights(name)
    is_ready = _is_signed_in(name) if weights is None else _is_here(weights)
    if is_ready:
        return CatalogueEntry(name, role, LICENCES[name], is_ready, "", "")
    missing = MISSING.get(name) or "weights (on the hub)"
    setup = SETUP.get(name) or f"hf download {weights}"
    return CatalogueEntry(name, role, LICENCES[name], is_ready, missing, setup)


def _default_weights(name: str) -> str | None:
    system = {**DETECTORS, **SEGMENTERS, **TEXT_SEGMENTERS}[name]
    return system.default_weights if isinstance(system, LocalSystem) else None


def _is_here(weights: str) -> bool:
    return Path(weights).is_dir() or cached_snapshot(weights) is not None


def _is_signed_in(name: str) -> bool:
    """Return whether a web service's key is set; systems with user files are never known to be."""
    return bool(os.environ.get(KEY_VARIABLES.get(name, ""), ""))
