"""What the last build's yields say of the next plan: prompts to reword or to drop."""

from collections.abc import Collection, Sequence
from statistics import median
from typing import Final, NamedTuple

from kizu.certify.bounds import lower_bound, upper_bound
from kizu.learning.yields import YieldRow

MOST_WASTED: Final = 0.25
"""A cause that surely spoils more edits than this is told: rewording then saves a quarter."""

DROP_FROM: Final = 0.5
"""Where surely more edits than this come to nothing, dropping the prompt is told as well."""

COSTLY: Final = 2.0
"""A label that surely costs more than this many times the median is told."""

CONFIDENCE: Final = 0.95
"""Of each exact bound."""

FEWEST_EDITS: Final = 5
"""Below this nothing is told: three of three from one photo would pass for the prompt's doing."""

_LONGEST_PROMPT: Final = 60
"""Letters of a prompt in a sentence; the rest is left out."""


class _Cause(NamedTuple):
    """One way in which edits come to nothing: its counts in a row, and what to do."""

    spoilt: str
    of: str
    what: str
    advice: str


_CAUSES: Final = (
    _Cause("refused", "answered", "edits were refused", "reword it"),
    _Cause(
        "unchanged",
        "judged",
        "edits show no change",
        "describe it more strongly, or give it a region",
    ),
    _Cause(
        "redrawn",
        "judged",
        "edits redraw the whole picture",
        "ask for less, or try another model",
    ),
    _Cause(
        "side_effect",
        "judged",
        "edits change something else as well",
        "say what must stay as it is, or give it a region",
    ),
    _Cause(
        "wrong_kind",
        "judged",
        "edits look like another defect of the dataset",
        "say what sets it apart, in the prompt or the phrases",
    ),
    _Cause("struck", "judged", "edits were rejected by people", "reword it"),
)


def planned_rows(
    rows: Sequence[YieldRow], prompts: Collection[tuple[str, str]], model: str
) -> list[YieldRow]:
    """Keep the rows that speak of a plan: of its prompts, as its model drew them.

    Args:
        rows: Yields of an earlier build.
        prompts: (defect type, prompt) of what is planned.
        model: The model that is to draw it; empty for an editor that names none.
    """
    return [
        row for row in rows if (row.defect_type, row.prompt) in prompts and row.model in ("", model)
    ]


def suggestions(rows: Sequence[YieldRow]) -> list[str]:
    """Say which prompts to reword or to drop, in the rows' order; nothing where that is not sure.

    Edits are counted as independent ones, though several of one photo may fail for the photo's
    sake.

    Args:
        rows: Yields per defect and prompt of one model.

    Example:
        >>> suggestions(
        ...     [YieldRow(defect_type="scratch", prompt="a scratch", refused=5, accepted=1)]
        ... )
        ['scratch ("a scratch"): 5 of 6 edits were refused; reword it.']
    """
    return [sentence for row in rows for sentence in _suggestions(row, rows)]


def _suggestions(row: YieldRow, rows: Sequence[YieldRow]) -> list[str]:
    if row.answered < FEWEST_EDITS:
        return []
    drop = ", or drop it" if _least(row.refused + row.rejected, row.answered) > DROP_FROM else ""
    found = []
    for cause in _CAUSES:
        count, of = getattr(row, cause.spoilt), getattr(row, cause.of)
        if _least(count, of) > MOST_WASTED:
            found.append(f"{_name(row)}: {count} of {of} {cause.what}; {cause.advice}{drop}.")
    return [*found, *_of_cost(row, rows)]


def _least(count: int, of: int) -> float:
    """Return the least share that a count is compatible with."""
    return lower_bound(count, of, CONFIDENCE)


def _of_cost(row: YieldRow, rows: Sequence[YieldRow]) -> list[str]:
    """Tell of labels that cost much more than those of the other prompts.

    What waits for review counts as accepted here, for it may come to be.
    """
    usual = [each.usd_per_accepted for each in rows if each is not row]
    known = [cost for cost in usual if cost is not None]
    if not row.cost_usd or not known:
        return []
    middle = median(known)
    most_accepted = upper_bound(row.accepted + row.review, row.answered, CONFIDENCE)
    if row.cost_usd <= COSTLY * middle * most_accepted * row.answered:
        return []
    each = row.usd_per_accepted
    paid = f"{row.cost_usd:.2f} USD brought no accepted label"
    said = paid if each is None else f"an accepted label costs {each:.2f} USD"
    return [f"{_name(row)}: {said}, the median of the others is {middle:.2f}; reword or drop it."]


def _name(row: YieldRow) -> str:
    prompt = " ".join(row.prompt.split())
    if len(prompt) > _LONGEST_PROMPT:
        prompt = prompt[:_LONGEST_PROMPT].rsplit(" ", 1)[0] + " ..."
    return f'{row.defect_type} ("{prompt}")' if prompt else row.defect_type
