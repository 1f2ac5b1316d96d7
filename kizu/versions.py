"""The versions of what kizu computes: each is part of the keys of what it shapes.

Whoever changes what a line names raises its number; what was made before is then made again. What
is bought or downloaded has its version beside it: each paid editor and each annotator.
"""

from typing import Final

DECODER_VERSION: Final = "1"
"""Photo files decode to other pixels, or a foreground is found in other ones."""

FOREGROUND_VERSION: Final = "1"
"""The object of a photo is found elsewhere."""

PAINTER_VERSION: Final = "3"
"""The painter paints the same request otherwise; it paints everything anew."""

TRANSPLANT_VERSION: Final = "1"
"""The same real defect is moved onto the same photo otherwise."""

DIFF_VERSION: Final = "13"
"""The same two pictures have another anomaly map, mask or composite."""

MATCHING_VERSION: Final = "1"
"""A picture is recognised by other features, or is given another normal or another geometry."""

DUPLICATES_VERSION: Final = "1"
"""Other photos are found to show the same; all are compared again."""

GROUNDING_VERSION: Final = 2
"""The same model and settings give other detections."""

FUSE_VERSION: Final = "2"
"""The same diff and detections get another mask of record."""

OUTLINE_VERSION: Final = "1"
"""A segmenter is shown the same change otherwise, or another of its masks is taken."""

VERDICT_VERSION: Final = "6"
"""The same diff and detections get another verdict or other figures."""

CARD_VERSION: Final = "6"
"""The report draws the same sample otherwise."""

SCHEMA_VERSION: Final = 7
"""The tables of a dataset have other columns, or their paths begin elsewhere."""
