"""Finds where an edited image really differs from its normal image."""

from kizu.diff.api import diff_mask
from kizu.diff.composite import Composite, composite
from kizu.diff.result import DiffResult, Drift, DriftMetrics, Region, Status, not_compared
from kizu.diff.settings import DiffSettings

__all__ = [
    "Composite",
    "DiffResult",
    "DiffSettings",
    "Drift",
    "DriftMetrics",
    "Region",
    "Status",
    "composite",
    "diff_mask",
    "not_compared",
]
