"""Finds the normal image a picture was made from, and how it lies on it, by content alone."""

from kizu.matching.content import ContentMatch, MatchReason, match_by_content
from kizu.matching.features import ImageFeatures, describe_image
from kizu.matching.geometry import Match, find_geometry
from kizu.matching.index import NormalIndex

__all__ = [
    "ContentMatch",
    "ImageFeatures",
    "Match",
    "MatchReason",
    "NormalIndex",
    "describe_image",
    "find_geometry",
    "match_by_content",
]
