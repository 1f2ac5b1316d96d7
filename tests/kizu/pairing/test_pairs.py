from hypothesis import given
from hypothesis import strategies as st
from made_pairs import made_pair

from kizu.pairing import Pairing
from kizu.sources import Skipped

scores = st.lists(st.none() | st.floats(0, 1), max_size=12)


def test_the_headline_counts_pairs_by_how_they_were_found_and_files_left_out():
    pairs = (
        made_pair("a.png"),
        made_pair("b.png", by="name"),
        made_pair("c.png"),
        made_pair("d.png", None, by="none"),
    )
    left_out = (Skipped("x.png", "it is damaged"), Skipped("y.png", "it is damaged"))
    assert Pairing(pairs=pairs, left_out=left_out).headline == (
        "4 pairs (2 by content, 1 by name, 1 without a normal image); 2 files left out"
    )
    assert Pairing(pairs=pairs[:1], left_out=()).headline == "1 pair (1 by content)"


@given(scores, st.integers(0, 14))
def test_the_least_sure_pairs_are_those_of_the_lowest_scores(given_scores, most):
    pairs = tuple(made_pair(f"{row}.png", score) for row, score in enumerate(given_scores))
    shown = Pairing(pairs=pairs, left_out=()).least_sure(most)
    assert len(shown) == min(most, len(pairs))
    known = sorted(score for score in given_scores if score is not None)
    assert [p.picture.score for p in shown if p.picture.score is not None] == known[: len(shown)]
    assert len(set(shown)) == len(shown)
