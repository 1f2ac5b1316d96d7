"""Which text-grounding systems there are, which are ready here, and what adds the others."""

import os
from dataclasses import dataclass
from pathlib import Path

from kizu.grounding.registry import DETECTORS, SEGMENTERS, TEXT_SEGMENTERS, System
from kizu.grounding.weights import cached_snapshot


@dataclass(frozen=True)
class CatalogueEntry:
    """One system as a user sees it.

    Attributes:
        name: What `load_annotator` takes.
        gives: What a user gets from it.
        licence: Of its weights, or what kind of service it is.
        is_ready: Whether its default weights, or its credentials, are here.
        missing: What it lacks here; empty when it is ready.
        setup: The one step that adds it; empty when it is ready.
        hub_id: The weights that this step fetches from the hub; empty where it is another step.
    """

    name: str
    gives: str
    licence: str
    is_ready: bool
    missing: str
    setup: str
    hub_id: str = ""


def catalogue() -> list[CatalogueEntry]:
    """Return every system, without asking the network or importing a model.

    >>> [entry.name for entry in catalogue()][:2]
    ['grounding-dino', 'mm-grounding-dino']
    """
    return [
        *(_entry(system, "boxes") for system in DETECTORS.values()),
        *(_entry(system, "masks for boxes") for system in SEGMENTERS.values()),
        *(_entry(system, "boxes and masks") for system in TEXT_SEGMENTERS.values()),
    ]


def _entry(system: System, gives: str) -> CatalogueEntry:
    is_ready = _is_ready(system)
    setup = system.setup or f"hf download {system.weights}"
    return CatalogueEntry(
        name=system.name,
        gives=gives,
        licence=system.licence,
        is_ready=is_ready,
        missing="" if is_ready else system.lacks,
        setup="" if is_ready else setup,
        hub_id="" if is_ready or system.setup else system.weights or "",
    )


def _is_ready(system: System) -> bool:
    """Tell whether weights or a key are here; a system with the user's files never tells."""
    if system.weights is not None:
        return Path(system.weights).is_dir() or cached_snapshot(system.weights) is not None
    return bool(os.environ.get(system.key_variable, ""))
