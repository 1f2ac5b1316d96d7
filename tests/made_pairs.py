"""Pairs as pairing finds them, without pictures."""

from kizu.imaging.geometry import Geometry
from kizu.pairing import Pair
from kizu.pairing.pairs import Shown
from kizu.samples import PairedPicture
from kizu.sources import NormalImage

SIZE = (80, 60)
"""(width, height) px of every normal image."""


def made_pair(name, score=0.9, *, by="content", geometry=None):
    """A pair of a picture and ``normal.png``; alone if it is paired by "none"."""
    return Pair(
        picture=PairedPicture(name=name, sha256=name, paired_by=by, score=score),
        pixels_sha256=name,
        normal=NormalImage("n", "n", "normal.png", *SIZE),
        has_normal=by != "none",
        geometry=geometry or Geometry.whole(SIZE, SIZE),
        shown=Shown(defect_type="crack"),
    )
