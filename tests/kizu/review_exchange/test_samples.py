import numpy as np
import pytest

from kizu.agree.verdict import Verdict
from kizu.review import record_decision
from kizu.review_exchange import export_review
from kizu.review_exchange.samples import find_shown, made_label, shown_key
from kizu.stages import DIFF
from kizu.store import keyed


@pytest.fixture
def outputs(build):
    return next(iter(build().values()))


@pytest.mark.parametrize("pixel", [(0, 0), (95, 95), (40, 41)])
def test_one_pixel_makes_another_key(outputs, pixel):
    made = made_label(outputs)
    other = made.copy()
    other[pixel] = ~other[pixel]
    assert shown_key(outputs, other) != shown_key(outputs, made)
    assert find_shown(outputs, made, shown_key(outputs, other)) is None


def test_a_key_finds_the_mask_that_was_made_and_those_that_were_drawn(outputs, fresh):
    made, drawn = made_label(outputs), np.zeros((96, 96), np.bool_)
    drawn[3:9, 4:12] = True
    record_decision(outputs, Verdict.ACCEPT, "Aiko", mask=drawn)
    record_decision(outputs, Verdict.REJECT, "Ben")
    again = fresh(outputs)
    assert np.array_equal(made_label(again), made)
    for mask in (made, drawn):
        assert np.array_equal(find_shown(again, made, shown_key(again, mask)), mask)


def test_a_sample_whose_files_are_lost_is_left_out_by_name_and_the_others_are_not(
    build, store, tmp_path
):
    first, *others = build().values()
    [picture] = [
        path
        for path in store.list(keyed("stages/diff", DIFF.key(first)))
        if path.endswith("composite.png")
    ]
    store.remove(picture)
    found = export_review(store, "plates", "cvat", tmp_path / "out")
    assert found.count == len(others)
    assert [each.name for each in found.left_out] == [first.sample.sample_id]
