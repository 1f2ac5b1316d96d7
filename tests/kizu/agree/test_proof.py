"""Which samples are proven together."""

import numpy as np
import pytest

from kizu.agree.change import Change
from kizu.agree.fusion import fuse
from kizu.agree.proof import Stratum, stratum_of
from kizu.agree.settings import AgreementSettings, AreaRange
from kizu.agree.verdict import agree
from kizu.diff import Status

SETTINGS = AgreementSettings()
SHAPE = (80, 120)


def stratum(*blocks, sharp=True):
    """The stratum of a change of such blocks (y0, y1, x0, x1), for which nobody speaks."""
    mask = np.zeros(SHAPE, bool)
    for y0, y1, x0, x1 in blocks:
        mask[y0:y1, x0:x1] = True
    evidence = np.where(mask, 3.0 if sharp else 1.5, 0.0).astype(np.float32)
    change = Change(Status.CHANGED, mask, evidence, 1.0)
    fused = fuse(change, np.full((*SHAPE, 3), 120, np.uint8), {})
    area = AreaRange(min_fraction=0.0001, max_fraction=0.5)
    return stratum_of(agree(change, fused, {}, area, SETTINGS), SETTINGS)


LARGE = (10, 40, 10, 50)


@pytest.mark.parametrize(
    ("besides", "expected"),
    [
        ((), Stratum.DIFF_ONLY),
        (((60, 63, 100, 105),), Stratum.DIFF_ONLY),  # 15 px of 1215 px: next to nothing
        (((60, 70, 100, 110),), Stratum.NONE),
    ],
)
def test_a_clear_change_is_trusted_alone_only_if_it_is_one_region(besides, expected):
    assert stratum(LARGE, *besides) is expected


def test_pieces_that_lie_near_each_other_are_one_region():
    assert stratum((10, 40, 10, 30), (10, 40, 31, 50)) is Stratum.DIFF_ONLY


def test_a_change_that_is_not_sharp_is_not_trusted_alone():
    assert stratum(LARGE, sharp=False) is Stratum.NONE
