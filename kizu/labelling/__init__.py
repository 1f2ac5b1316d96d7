"""Labels pictures that exist: a folder of them as a dataset, or one with its normal image."""

from kizu.labelling.dataset import label, label_spec

__all__ = ["label", "label_spec"]
