"""What is stored of a comparison brings back what was found, in an eighth of the bytes."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kizu.diff import diff_mask
from kizu.diff.composite import Composite
from kizu.diff.storage import (
    decode_evidence,
    encode_evidence,
    open_composite,
    open_judged,
    save_composite,
    save_diff,
)
from kizu.imaging.codecs import encode_png
from kizu.store import StageFolder

evidence = arrays(np.float32, (4, 3), elements=st.floats(0, 2**12, width=32))
thresholds = st.floats(1, 64)


def edges_of(threshold):
    """A map of what lies right at and right below one, two, and four thresholds."""
    at = np.float32(threshold) * np.array([1, 2, 4], np.float32)
    return np.stack([at, np.nextafter(at, np.float32(0))])


@given(evidence, thresholds)
@example(edges_of(27.3), 27.3)
@example(edges_of(3.0), 3.0)
def test_evidence_stays_on_its_side_of_one_and_two_thresholds(values, threshold):
    kept = decode_evidence(encode_evidence(values, threshold), threshold)
    for times in (1, 2):
        limit = np.float32(times * threshold)
        assert np.array_equal(kept >= limit, values >= limit)


@given(evidence, thresholds)
def test_evidence_is_kept_closely_up_to_256_thresholds(values, threshold):
    kept = decode_evidence(encode_evidence(values, threshold), threshold)
    clear = (values >= threshold) & (values < 256 * threshold)
    assert (np.abs(kept - values)[clear] <= values[clear] / 32 + 1e-4).all()
    below = values < np.float32(threshold)
    assert (np.abs(kept - values)[below] <= threshold / 128 + 1e-4).all()
    assert np.isfinite(kept).all()


def test_no_evidence_stays_none():
    nothing = np.zeros((4, 3), np.float32)
    for threshold in (0.0, 27.3):
        assert not decode_evidence(encode_evidence(nothing, threshold), threshold).any()


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)


@pytest.fixture
def pasted(photo):
    """A dark square on the photo, whose rim is touched and no label."""
    label, touched = (np.zeros(photo.shape[:2], np.bool_) for _ in range(2))
    label[40:50, 60:70], touched[38:52, 58:72] = True, True
    image = photo.copy()
    image[touched] //= 3
    return Composite(image, label, touched)


def same(one, other):
    return all(
        np.array_equal(getattr(one, part), getattr(other, part))
        for part in ("image", "label", "touched")
    )


@pytest.mark.parametrize("rows", [0, 5])
def test_what_was_compared_is_stored_where_it_is_not_all(store, photo, rows):
    moved = np.vstack([np.zeros((rows, *photo.shape[1:]), np.uint8), photo[: len(photo) - rows]])
    result = diff_mask(photo, moved)
    save_diff(StageFolder(store, "diff", "abcd"), result, None)
    folder = StageFolder(store, "diff", "abcd")
    assert np.array_equal(open_judged(folder), result.judged)
    assert folder.has("judged.png") == (rows > 0)


def test_a_composite_is_rebuilt_bit_for_bit_from_what_was_touched(store, photo, pasted):
    folder = StageFolder(store, "diff", "abcd")
    save_composite(folder, pasted)
    folder.finish({})
    assert same(open_composite(StageFolder(store, "diff", "abcd"), photo), pasted)
    stored = len(store.read("stages/diff/ab/abcd/patch.png"))
    assert 10 * stored < len(encode_png(pasted.image))
