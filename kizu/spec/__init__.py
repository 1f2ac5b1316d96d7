"""What the user asks for: one spec describes one dataset."""

from kizu.spec.dataset import DatasetSpec
from kizu.spec.defects import GOOD, DefectSpec
from kizu.spec.errors import SpecError

__all__ = ["GOOD", "DatasetSpec", "DefectSpec", "SpecError"]
