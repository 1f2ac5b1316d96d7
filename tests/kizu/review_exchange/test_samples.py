import numpy as np
import pytest

from kizu.agree.verdict import Verdict
from kizu.grounding import Detections
from kizu.publish.samples import made_label
from kizu.review import record_decision
from kizu.review_exchange import export_review
from kizu.review_exchange.samples import built_samples, find_shown, show, shown_key
from kizu.stages import DIFF
from kizu.store import keyed

SEES, SILENT = '{"annotator": "sees"}', '{"annotator": "silent"}'


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
    store.remove(f"{keyed('stages/diff', DIFF.key(first))}/record.json")
    found = export_review(store, "plates", "cvat", tmp_path / "out")
    assert found.count == len(others)
    assert [each.name for each in found.left_out] == [first.sample.sample_id]


def test_what_each_annotator_found_goes_over_as_one_mask(build, store):
    parts = np.zeros((2, 96, 96), np.bool_)
    parts[0, 10:30, 20:25] = parts[1, 60:64, 70:90] = True
    boxes = np.array([[20, 10, 25, 30], [70, 60, 90, 64]], np.float32)
    two = Detections(boxes, parts, np.array([0.9, 0.4], np.float32), ("a hole", "a hole"))
    build({SEES: two, SILENT: Detections.empty((96, 96))})
    for built in built_samples(store, "plates"):
        shown, image = show(built)
        assert image.shape == (96, 96, 3)
        assert shown.found.keys() == {"sees"}
        assert np.array_equal(shown.found["sees"], parts.any(axis=0))
        assert np.array_equal(shown.label, made_label(built.outputs()))
