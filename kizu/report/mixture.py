"""Puts samples in an order that begins with some of every kind, the surest of each first."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import TypeVar

from kizu.agree.verdict import Verdict
from kizu.report.card import CardWords

T = TypeVar("T")


def fair_mix(cards: Sequence[CardWords]) -> list[int]:
    """Return the places of cards in an order whose every beginning is a fair mix.

    Verdicts take turns, within a verdict the defects do, and within a defect the reasons; among
    equals the best score comes first, and those without a score last.
    """
    kinds: dict[Verdict, dict[str, dict[str, list[int]]]] = {verdict: {} for verdict in Verdict}
    for place in sorted(range(len(cards)), key=lambda at: _worst_first(cards[at]), reverse=True):
        card = cards[place]
        defects = kinds[card.verdict].setdefault(card.defect_type, {})
        defects.setdefault(card.reason, []).append(place)
    return _in_turns(
        [
            _in_turns([_in_turns(list(reasons.values())) for reasons in defects.values()])
            for defects in kinds.values()
        ]
    )


def _worst_first(card: CardWords) -> tuple[float, str]:
    score = card.metrics.get("score")
    return (float(score) if isinstance(score, int | float) else -1.0, card.sample_id)


def _in_turns(queues: Sequence[Sequence[T]]) -> list[T]:
    missing = object()
    turns = zip_longest(*queues, fillvalue=missing)
    return [each for turn in turns for each in turn if each is not missing]  # type: ignore[misc]  # all that is missing is left out
