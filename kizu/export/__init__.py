"""Writes published datasets in the formats of other tools: one module per format."""

from kizu.export.registry import FORMATS, Exported, ExportError, export_dataset

__all__ = ["FORMATS", "ExportError", "Exported", "export_dataset"]
