"""Edits whose answers are streamed: the edit is taken, what comes before it never."""

import numpy as np
import pytest

from kizu.billing.totals import CallStatus
from kizu.edit.editor import EditError
from kizu.edit.storage import open_edit
from kizu.emulator.faults import Fault, FaultPlan

PHOTO = np.full((640, 640, 3), 120, np.uint8)  # flat: its files are small and soon made


@pytest.mark.parametrize(("url_style", "count"), [("deployment", 1), ("v1", 3)])
def test_a_streamed_edit_is_the_one_that_is_answered_whole(
    start_emulator, open_shop, tmp_path, url_style, count
):
    emulator = start_emulator()
    whole = open_shop(url=str(tmp_path / "whole"), url_style=url_style)
    streamed = open_shop(url_style=url_style, partial_images=count)
    whole.photo = streamed.photo = PHOTO
    plain, record = whole.buy(), streamed.buy()
    assert record.key == plain.key
    assert record.picture_sha256 == plain.picture_sha256
    assert record.usage["output_tokens"] == plain.usage["output_tokens"] + 100 * count
    assert record.cost_usd + plain.cost_usd == pytest.approx(emulator.tally.cost_usd)
    assert open_edit(streamed.store, record, streamed.photo).shape == streamed.photo.shape


@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.STREAM_ENDS])
def test_a_stream_that_ends_before_its_edit_may_have_been_billed(start_emulator, open_shop, fault):
    emulator = start_emulator(faults=FaultPlan({1: fault}))
    shop = open_shop(partial_images=2)
    shop.photo = PHOTO
    assert shop.buy().status == "edited"
    assert [end.status for end in shop.ends()] == [CallStatus.UNKNOWN, CallStatus.BOUGHT]
    assert emulator.tally.billed == 2


def test_a_stream_that_always_ends_early_is_given_up_after_the_second(start_emulator, open_shop):
    emulator = start_emulator(faults=FaultPlan(dict.fromkeys(range(1, 9), Fault.STREAM_ENDS)))
    shop = open_shop(partial_images=1)
    shop.photo = PHOTO
    with pytest.raises(EditError, match="ended before the edit"):
        shop.buy()
    assert emulator.tally.billed == 2
