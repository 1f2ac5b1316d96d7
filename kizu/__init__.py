"""kizu: normal product photos and a sentence per defect in, a labelled dataset out."""

from kizu.diff import DiffResult, DiffSettings, diff_mask
from kizu.edit.editor import Edit, Editor
from kizu.edit.registry import load_editor
from kizu.grounding import Annotator, Detections, GroundingSettings, load_annotator
from kizu.labelling import LabelledPair, label, label_pair
from kizu.publish.dataset import Dataset, open_dataset
from kizu.spec import DatasetSpec

__all__ = [
    "Annotator",
    "Dataset",
    "DatasetSpec",
    "Detections",
    "DiffResult",
    "DiffSettings",
    "Edit",
    "Editor",
    "GroundingSettings",
    "LabelledPair",
    "diff_mask",
    "label",
    "label_pair",
    "load_annotator",
    "load_editor",
    "open_dataset",
]
