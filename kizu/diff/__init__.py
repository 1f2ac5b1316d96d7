"""Finds where an edited image really differs from its normal image."""

from kizu.diff.api import diff_mask
from kizu.diff.comparison import DIFF_VERSION
from kizu.diff.composite import Composite, composite
from kizu.diff.result import DiffResult, Drift, DriftMetrics, Region, Status
from kizu.diff.settings import DiffSettings

__all__ = [
    "DIFF_VERSION",
    "Composite",
    "DiffResult",
    "DiffSettings",
    "Drift",
    "DriftMetrics",
    "Region",
    "Status",
    "composite",
    "diff_mask",
]
