import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kizu.viz.side_by_side import side_by_side

sizes = st.lists(st.tuples(st.integers(1, 200), st.integers(1, 200)), min_size=1, max_size=4)


def painted(sizes):
    """One plain picture of each (H, W), in colours that nothing else of a sheet has."""
    return [
        ("view", np.full((*size, 3), (10 * row, 255, 0), np.uint8))
        for row, size in enumerate(sizes)
    ]


@given(sizes, st.lists(st.text("ab ", max_size=300), max_size=3))
def test_every_view_is_whole_and_unscaled_from_left_to_right(sizes, sentences):
    sheet = np.asarray(side_by_side(painted(sizes), sentences))
    ends = 0
    for row, (height, width) in enumerate(sizes):
        place = np.argwhere((sheet == (10 * row, 255, 0)).all(axis=2))
        top, left = place.min(axis=0)
        bottom, right = place.max(axis=0) + 1
        assert (bottom - top, right - left, len(place)) == (height, width, height * width)
        assert left > ends
        ends = right


def test_long_sentences_are_broken_and_lie_below_the_views():
    views = painted([(50, 60)])
    short, long = (side_by_side(views, ["word " * count]) for count in (1, 100))
    assert short.width == long.width
    assert long.height > short.height + 100
    ink = np.asarray(long)[short.height :].min(axis=2) < 128
    assert ink.any()
    assert not ink[:, -5:].any()


def test_a_name_this_computer_has_no_letters_for_hides_no_view():
    view = np.full((20, 30, 3), (0, 255, 0), np.uint8)
    sheet = np.asarray(side_by_side([("傷 \N{OGHAM LETTER BEITH}", view)], ["傷"]))
    assert (sheet == (0, 255, 0)).all(axis=2).sum() == 600
