"""The table of text-grounding systems: one row says all that is known of one before it is loaded.

A row names its module and does not import it, so that listing and choosing stay cheap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEMO_PREFIX: Final = "demo-"
DEMO_NOTICE: Final = "demonstration weights, five words, synthetic defects"
DEMO_WEIGHTS: Final = Path(__file__).parent / "demo_weights"
"""Trained by `benchmarks/demo_weights`; each folder is as `save_pretrained` wrote it."""


@dataclass(frozen=True)
class System:
    """A detector, segmenter or text segmenter.

    Attributes:
        name: What a user calls it.
        module: Its module below ``kizu.grounding``, a ``LocalModule`` or an ``OutsideModule``.
        licence: Of its weights, or what kind of service it is.
        weights: Default hub id or folder; None if the user must name them, or there are none.
        is_outside: True for a web service or another environment's process.
        lacks: What is missing where it is not ready.
        setup: The one step that makes it ready; empty where fetching the weights is.
        key_variable: The environment variable with its key; empty without one.
    """

    name: str
    module: str
    licence: str
    weights: str | None = None
    is_outside: bool = False
    lacks: str = "weights (on the hub)"
    setup: str = ""
    key_variable: str = ""


def _by_name(*systems: System) -> Mapping[str, System]:
    return {system.name: system for system in systems}


DETECTORS: Final = _by_name(
    System(
        "grounding-dino",
        "models.grounding_dino",
        "Apache-2.0",
        "IDEA-Research/grounding-dino-tiny",
    ),
    System(
        "mm-grounding-dino",
        "models.grounding_dino",
        "Apache-2.0",
        "openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_v3det",
    ),
    System("llmdet", "models.grounding_dino", "Apache-2.0", "iSEE-Laboratory/llmdet_tiny"),
    System("owlv2", "models.owlv2", "Apache-2.0", "google/owlv2-base-patch16-ensemble"),
    System("owlvit", "models.owlvit", "Apache-2.0", "google/owlvit-base-patch32"),
    System("florence2", "models.florence2", "MIT", "florence-community/Florence-2-base"),
    System(
        "glip",
        "models.glip",
        "MIT; MMDetection Apache-2.0",
        is_outside=True,
        lacks="an MMDetection environment",
        setup="set up MMDetection as docs/annotators.md shows, and export KIZU_MMDET_PYTHON",
    ),
    System(
        "azure-vision",
        "services.azure_vision",
        "paid service, retires 2028-09-25",
        is_outside=True,
        lacks="a key",
        setup="export AZURE_VISION_KEY=... and set grounding.endpoint",
        key_variable="AZURE_VISION_KEY",
    ),
    System(
        "gpt-vision",
        "services.gpt_vision",
        "paid service",
        is_outside=True,
        lacks="a key",
        setup="export AZURE_OPENAI_API_KEY=... and set grounding.endpoint and .deployment",
        key_variable="AZURE_OPENAI_API_KEY",
    ),
    System(
        "demo-grounding-dino",
        "models.grounding_dino",
        f"Apache-2.0; {DEMO_NOTICE}",
        str(DEMO_WEIGHTS / "detector"),
    ),
)
"""Systems that draw boxes around what phrases name."""

SEGMENTERS: Final = _by_name(
    System("sam", "models.sam", "Apache-2.0", "facebook/sam-vit-base"),
    System("sam-hq", "models.sam", "Apache-2.0", "syscv-community/sam-hq-vit-base"),
    System("sam2", "models.sam2", "Apache-2.0", "facebook/sam2.1-hiera-tiny"),
    System(
        "segment-anything",
        "models.segment_anything_sam",
        "Apache-2.0",
        lacks="a weights file",
        setup="download sam_vit_b_01ec64.pth and set grounding.segmenter_weights to it",
    ),
    System(
        "demo-sam",
        "models.sam",
        f"Apache-2.0; {DEMO_NOTICE}",
        str(DEMO_WEIGHTS / "segmenter"),
    ),
)
"""Systems that draw masks for boxes."""

TEXT_SEGMENTERS: Final = _by_name(
    System("clipseg", "models.clipseg", "Apache-2.0", "CIDAS/clipseg-rd64-refined"),
    System("sam3", "models.sam3", "SAM License, access on request", "facebook/sam3"),
)
"""Systems that draw boxes and masks for phrases in one step."""
