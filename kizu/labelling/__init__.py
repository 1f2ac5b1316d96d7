"""Labels pictures that exist: a folder of them as a dataset, or one with its normal image."""

from kizu.labelling.dataset import label, label_spec
from kizu.labelling.labelled import LabelledPair
from kizu.labelling.pair import label_pair

__all__ = ["LabelledPair", "label", "label_pair", "label_spec"]
