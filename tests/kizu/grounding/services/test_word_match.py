import pytest

from kizu.grounding.services.word_match import phrase_coverage


@pytest.mark.parametrize(
    ("phrase", "text", "coverage"),
    [
        ("a scratch", "a scratched metal surface", 1.0),
        ("a long scratch", "a scratch on metal", 0.5),
        ("the chip", "a close up of a chipped cup", 1.0),
        ("a dent", "an identical box", 0.0),
        ("a hole", "the whole plate", 0.0),
        ("rust", "RUST", 1.0),
        ("a", "a cup", 0.0),
        ("キズ", "キズ", 1.0),
    ],
)
def test_coverage_is_the_share_of_the_phrases_own_words(phrase, text, coverage):
    assert phrase_coverage(phrase, text) == coverage
