"""Renders the report: one HTML page with its styles, script and pictures inside."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kizu.agree.verdict import Verdict
from kizu.certify.certificate import Certificate
from kizu.learning.yields import YieldRow, total_yield
from kizu.report.card import CardPictures
from kizu.report.certificate import (
    certificate_sentence,
    curve_of,
    not_covered,
    stratum_title,
)
from kizu.report.translations import (
    WORDS,
    Language,
    explanation_text,
    fact_label,
    metric_label,
    metric_text,
    reason_label,
)
from kizu.viz.overlays import (
    CHANGED_COLOUR,
    GROUNDED_COLOURS,
    HEAT_FLOOR,
    HEAT_TOP,
    heat_legend,
)


@dataclass(frozen=True)
class Page:
    """Everything a report shows.

    Attributes:
        title: The dataset's name.
        version: The dataset version it describes.
        facts: (label, value) pairs for the head of the page.
        yield_rows: One row per defect, in the spec's order.
        skipped: (file name, reason) of photos that could not be used.
        notes: Sentences a reader must not miss.
        cards: The samples shown, in the build's order.
        next_steps: Sentences saying what to do now.
        certificates: What reviews prove of the labels.
        total_samples: How many samples the version has, where the page shows only some.
    """

    title: str
    version: str
    facts: Sequence[tuple[str, str]] = ()
    yield_rows: Sequence[YieldRow] = ()
    skipped: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    cards: Sequence[CardPictures] = ()
    next_steps: Sequence[str] = ()
    certificates: Sequence[Certificate] = ()
    total_samples: int | None = None


def render_page(page: Page, language: Language = "en") -> str:
    """Render a report as one self-contained HTML page; equal pages give equal text.

    Args:
        page: What to show; its text is escaped, whatever it holds.
        language: The page's own words; "en" or "ja".

    Returns:
        HTML that opens from disk and asks the network for nothing.

    Example:
        >>> "<title>tiles · v1</title>" in render_page(Page(title="tiles", version="v1"))
        True
    """
    words = WORDS[language]
    script = asset("page.js")
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            language=language,
            words=words,
            style=Markup(asset("page.css")),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            script_hash=_csp_hash(script),
            facets=_facets(page.cards, language),
            sort_names=_sort_names(page.cards),
            total=total_yield(page.yield_rows, words["total"]),
            with_cost=any(row.cost_usd is not None for row in page.yield_rows),
            legend=_legend(),
            annotators=_annotators(page.cards, words),
            colours=_colours(),
        )
    )


@cache
def environment() -> Environment:
    """Return the templates of all pages, with the filters they use."""
    environment = Environment(
        loader=PackageLoader("kizu.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "certificate_sentence": certificate_sentence,
        "curve_of": curve_of,
        "data_uri": _data_uri,
        "explanation": explanation_text,
        "fact_label": fact_label,
        "metric_label": metric_label,
        "metric_text": metric_text,
        "reason_label": reason_label,
        "not_covered": not_covered,
        "numbers": _numbers,
        "stratum_title": stratum_title,
    }
    return environment


def asset(name: str) -> str:
    """Return a file that stands beside the templates."""
    return resources.files("kizu.report").joinpath("templates", name).read_text("utf-8")


def _csp_hash(script: str) -> str:
    """Return the content security policy's name for exactly this script: no other one runs."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _data_uri(webp: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(webp).decode("ascii")


def _numbers(card: CardPictures) -> str:
    """Return a card's numeric metrics as JSON, for sorting."""
    return json.dumps({name: card.metrics[name] for name in _numeric(card)})


def _numeric(card: CardPictures) -> list[str]:
    return [name for name, value in card.metrics.items() if isinstance(value, int | float)]


def _sort_names(cards: Sequence[CardPictures]) -> list[str]:
    return list(dict.fromkeys(name for card in cards for name in _numeric(card)))


def _facets(cards: Sequence[CardPictures], language: Language) -> list[dict[str, Any]]:
    """List the filters: name, then (value, label, count) of every choice."""
    verdicts = Counter(card.verdict for card in cards)
    defects = Counter(card.defect_type for card in cards)
    reasons = Counter(card.reason for card in cards)
    words = WORDS[language]
    return [
        {"name": "verdict", "choices": [(v, words[v], verdicts[v]) for v in Verdict]},
        {"name": "defect", "choices": [(d, d, n) for d, n in defects.items()]},
        {
            "name": "reason",
            "choices": [(r, reason_label(r, language), n) for r, n in reasons.most_common()],
        },
    ]


def _annotators(cards: Sequence[CardPictures], words: Mapping[str, str]) -> list[tuple[str, str]]:
    """List (colour, legend) of the annotators; of a single one the name says nothing new."""
    names = dict.fromkeys(found.annotator for card in cards for found in card.found)
    texts = [words["found_by_legend"].format(name=name) for name in names]
    if len(texts) < 2:
        texts = [words["grounded_legend"]]
    return list(zip(_colours(), texts, strict=False))


def _colours() -> list[str]:
    """List the annotators' colours, in the order in which a card names what each found."""
    return ["rgb({} {} {})".format(*colour) for colour in GROUNDED_COLOURS]


def _legend() -> dict[str, Any]:
    octaves = range(int(HEAT_TOP / HEAT_FLOOR).bit_length())
    return {
        "changed": "rgb({} {} {})".format(*CHANGED_COLOUR),
        "heat": ", ".join(heat_legend()),
        "ticks": [f"{HEAT_FLOOR * 2**octave:.0f}" for octave in octaves],
    }
