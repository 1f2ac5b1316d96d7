"""Which photos stay together in one split, and which split and fold that is."""

from kizu.splits.counts import split_sentences
from kizu.splits.group import NO_FOLD, Group
from kizu.splits.groups import NO_GROUPS, Groups, group_photos
from kizu.splits.near_duplicates import NearDuplicates, find_near_duplicates

__all__ = [
    "NO_FOLD",
    "NO_GROUPS",
    "Group",
    "Groups",
    "NearDuplicates",
    "find_near_duplicates",
    "group_photos",
    "split_sentences",
]
