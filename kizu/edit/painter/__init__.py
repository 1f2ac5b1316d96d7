"""The offline editor's brush: paints a defect onto a photo and imitates a generative redraw."""

from kizu.edit.painter.drift import DriftProfile, imitate_drift
from kizu.edit.painter.kinds import DefectKind, kind_from_prompt
from kizu.edit.painter.painting import Painting, paint

__all__ = [
    "DefectKind",
    "DriftProfile",
    "Painting",
    "imitate_drift",
    "kind_from_prompt",
    "paint",
]
