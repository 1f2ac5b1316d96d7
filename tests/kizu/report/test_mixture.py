import numpy as np

from kizu.report import Card, draw_card
from kizu.report.mixture import fair_mix

GREY = np.full((8, 8, 3), 128, np.uint8)


def words(verdict, defect="hole", reason="agree", score=None):
    metrics = {} if score is None else {"score": score}
    return draw_card(Card("s", defect, "", verdict, reason, "", metrics, GREY, GREY)).words


def test_verdicts_take_turns_however_rare_one_is():
    cards = [words("reject") for _ in range(20)] + [words("accept"), words("review")]
    assert [cards[place].verdict for place in fair_mix(cards)[:3]] == ["accept", "review", "reject"]


def test_defects_take_turns_within_a_verdict():
    cards = [words("accept", d) for d in ("hole", "hole", "hole", "stain", "crack")]
    assert {cards[place].defect_type for place in fair_mix(cards)[:3]} == {"hole", "stain", "crack"}


def test_the_best_of_a_kind_comes_first_and_unknown_ones_last():
    cards = [words("accept", score=score) for score in (0.2, None, 0.9)]
    assert fair_mix(cards) == [2, 0, 1]


def test_every_card_is_there_once():
    cards = [words(v, d) for v in ("accept", "reject") for d in ("a", "b", "c")] * 3
    assert sorted(fair_mix(cards)) == list(range(18))
