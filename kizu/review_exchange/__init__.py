"""Samples to review go to annotation tools, and what people judged there comes back."""

from kizu.review_exchange.exporting import Exported, export_review
from kizu.review_exchange.importing import Imported, import_review
from kizu.review_exchange.registry import TOOLS, ExchangeError, LeftOut

__all__ = [
    "TOOLS",
    "ExchangeError",
    "Exported",
    "Imported",
    "LeftOut",
    "export_review",
    "import_review",
]
