"""A proof as a page of Markdown: verdict, tables, and how to read them."""

from collections.abc import Iterator, Sequence
from typing import Final

from kizu.prove.bootstrap import FEWEST_GROUPS, MEAN, METRICS, POOLED, Interval
from kizu.prove.proof import Proof
from kizu.prove.verdict import contrast, parts_of

LEGEND: Final = (
    "In brackets 95 % intervals, by drawing parts and seeds anew; none where fewer than "
    f"{FEWEST_GROUPS} parts show a kind."
)


def told(figure: Interval, *, sign: bool = False) -> str:
    """Return a figure with its interval in short, with signs if it is a difference.

    Example:
        >>> told(Interval(0.25, 0.2, 0.31)), told(Interval(0.25, None, None))
        ('0.250 [0.200, 0.310]', '0.250')
    """
    form = "+.3f" if sign else ".3f"
    if figure.low is None or figure.high is None:
        return f"{figure.value:{form}}"
    return f"{figure.value:{form}} [{figure.low:{form}}, {figure.high:{form}}]"


def cost_told(proof: Proof) -> str:
    """Say what the dataset's edits cost, and what a point of AP above the free baseline."""
    if not proof.cost_usd:
        return "Its edits cost nothing."
    each = proof.usd_per_point
    so = "no point of AP was gained" if each is None else f"{each:.2f} USD per 0.01 of AP gained"
    return f"Its edits cost {proof.cost_usd:.2f} USD: {so} over the free baseline."


def metric_rows(proof: Proof) -> list[list[str]]:
    """Return a head and a row per training set: defects trained on, and every metric's mean."""
    found = proof.comparison
    return [
        ["trained on", "defects", *METRICS],
        *(
            [str(which), f"{found.trained[which]:.0f}"]
            + [told(proof.figure(which, metric)) for metric in METRICS]
            for which in found.tables
        ),
    ]


def kind_rows(proof: Proof) -> list[list[str]]:
    """Return a head and a row per training set: pixel AP of every kind, and of all pooled."""
    found = proof.comparison
    kinds = [*found.kinds, POOLED]
    return [
        ["trained on", *(f"{kind} ({parts_of(found, kind)})" for kind in kinds)],
        *(
            [str(which), *(told(proof.figure(which, "pixel_ap", kind)) for kind in kinds)]
            for which in found.tables
        ),
    ]


def gain_rows(proof: Proof) -> list[list[str]]:
    """Return a head and a row per question: the gain in pixel AP of every kind, paired."""
    found = proof.comparison
    return [
        [
            "gain in pixel AP",
            *(f"{kind} ({parts_of(found, kind)})" for kind in (MEAN, *found.kinds)),
        ],
        *(
            [f"{each.which} against {each.against}"]
            + [
                told(contrast(found, each.which, each.against, kind).gain, sign=True)
                for kind in (MEAN, *found.kinds)
            ]
            for each in proof.contrasts
        ),
    ]


def markdown(proof: Proof) -> str:
    """Return the page."""
    found, how = proof.comparison, proof.settings
    how_made = (
        f"Segmenter {proof.segmenter}, {how.seeds} seeds, {how.folds} folds by part, "
        f"{found.normals:.0f} normals in training. {LEGEND}"
    )
    lines = [
        f"# {proof.name} on real defects",
        "",
        *(f"- {each.sentence}" for each in proof.contrasts),
        f"- {cost_told(proof)}",
        *(f"- {note}" for note in proof.notes),
        "",
        "Mean over kinds of defects:",
        "",
        *_table(metric_rows(proof)),
        "",
        "Pixel AP per kind (parts that show it):",
        "",
        *_table(kind_rows(proof)),
        "",
        "Gains, both training sets on the same draws:",
        "",
        *_table(gain_rows(proof)),
        "",
        how_made,
    ]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    head, *body = rows
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in body:
        yield f"| {' | '.join(row)} |"
