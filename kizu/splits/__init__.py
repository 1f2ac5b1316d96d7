"""Which photos stay together in one split, and which split and fold that is."""

from kizu.splits.counts import split_sentences
from kizu.splits.groups import NO_FOLD, NO_GROUPS, Group, Groups, group_photos

__all__ = ["NO_FOLD", "NO_GROUPS", "Group", "Groups", "group_photos", "split_sentences"]
