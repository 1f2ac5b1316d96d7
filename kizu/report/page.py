"""Renders the report: one HTML page with its styles, script and index inside."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kizu.certify.certificate import Certificate
from kizu.japanese import in_japanese
from kizu.learning.yields import YieldRow, total_yield
from kizu.report.certificate import (
    certificate_sentence,
    curve_of,
    not_covered,
    stratum_title,
)
from kizu.report.index import ShownCard, index_of
from kizu.report.plots import Plot
from kizu.report.translations import WORDS, fact_label, reason_label
from kizu.viz.overlays import (
    CHANGED_COLOUR,
    GROUNDED_COLOURS,
    HEAT_FLOOR,
    HEAT_TOP,
    heat_legend,
)
from kizu.web import one_script, static_files

_SHARED: Final = ("view.js", "masks.js", "keys.js", "i18n.js", "gestures.js")
_OWN: Final = ("samples.js", "filters.js", "grid.js", "full_size.js", "main.js")


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
        cards: The samples, in the build's order.
        next_steps: Sentences saying what to do now.
        certificates: What reviews prove of the labels.
        plots: Plots of the samples, and of the builds before.
    """

    title: str
    version: str
    facts: Sequence[tuple[str, str]] = ()
    yield_rows: Sequence[YieldRow] = ()
    skipped: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    cards: Sequence[ShownCard] = ()
    next_steps: Sequence[str] = ()
    certificates: Sequence[Certificate] = ()
    plots: Sequence[Plot] = ()


def render_page(page: Page) -> str:
    """Render a report as HTML, in English and Japanese; equal pages give equal text.

    Where all samples come with their pictures the page holds them, and asks for nothing else. Else
    it loads what it shows from files beside it, whether it is opened from disk or served.

    Args:
        page: What to show; its text is escaped, whatever it holds.

    Example:
        >>> "<title>tiles · v1</title>" in render_page(Page(title="tiles", version="v1"))
        True
    """
    is_whole = all(card.pictures is not None for card in page.cards)
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            words=WORDS,
            style=Markup(style()),  # noqa: S704 - our own files
            script=Markup(script()),  # noqa: S704 - our own files
            script_hash=_csp_hash(script()),
            index=index_of(page.cards),
            embedded={card.words.sample_id: embedded(card) for card in page.cards}
            if is_whole
            else None,
            footer=Markup(footer(is_whole=is_whole)),  # noqa: S704 - our own words
            total=total_yield(page.yield_rows, ""),
            with_cost=any(row.cost_usd is not None for row in page.yield_rows),
            legend=_legend(),
            annotators=_annotators(page.cards),
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
        "drawing": _drawing,
        "data_uri": _data_uri,
        "fact_label": fact_label,
        "in_japanese": in_japanese,
        "json": json_text,
        "reason_label": reason_label,
        "not_covered": not_covered,
        "stratum_title": stratum_title,
    }
    return environment


def asset(name: str) -> str:
    """Return a file that stands beside the templates."""
    return resources.files("kizu.report").joinpath("templates", name).read_text("utf-8")


def style() -> str:
    """Return the page's styles."""
    return asset("page.css") + static_files()["view.css"].decode()


@cache
def script() -> str:
    """Return the page's script."""
    shared, own = static_files(), static_files("kizu.report")
    modules = {name: shared[name] for name in _SHARED} | {name: own[name] for name in _OWN}
    return one_script({name: data.decode() for name, data in modules.items()})


def embedded(card: ShownCard) -> dict[str, Any]:
    """Return what a page holds of a sample whose pictures are in it; see ``samples.js``."""
    pictures = card.pictures
    if pictures is None:
        raise ValueError(f"sample {card.words.sample_id} has no pictures to hold")
    return {
        "film": base64.b64encode(pictures.film).decode("ascii"),
        "card": {"words": pictures.words.to_json(), "evidence": pictures.evidence.to_json()},
    }


def footer(*, is_whole: bool) -> str:
    """Return the page's foot, which says whether it needs the files beside it."""
    template = '{% from "texts.html.j2" import t %}<p>{{ t(words, name) }}</p>'
    name = "footer" if is_whole else "footer_beside"
    return environment().from_string(template).render(words=WORDS, name=name)


def _csp_hash(script: str) -> str:
    """Return the content security policy's name for exactly this script: no other one runs."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _drawing(plot: Plot) -> Markup:
    return Markup(plot.svg)  # noqa: S704 - our own drawing, whose texts are escaped


def _data_uri(webp: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(webp).decode("ascii")


def json_text(value: object) -> Markup:
    """Return JSON that ends no element that it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - nothing in it can be a tag


def _annotators(cards: Sequence[ShownCard]) -> list[tuple[str, Mapping[str, str]]]:
    """List (colour, legend) of the annotators; of a single one the name says nothing new."""
    names = dict.fromkeys(found.annotator for card in cards for found in card.words.found)
    texts: list[Mapping[str, str]] = [
        {language: words["found_by_legend"].format(name=name) for language, words in WORDS.items()}
        for name in names
    ]
    if len(texts) < 2:
        texts = [{language: words["grounded_legend"] for language, words in WORDS.items()}]
    colours = ["rgb({} {} {})".format(*colour) for colour in GROUNDED_COLOURS]
    return list(zip(colours, texts, strict=False))


def _legend() -> dict[str, Any]:
    octaves = range(int(HEAT_TOP / HEAT_FLOOR).bit_length())
    return {
        "changed": "rgb({} {} {})".format(*CHANGED_COLOUR),
        "heat": ", ".join(heat_legend()),
        "ticks": [f"{HEAT_FLOOR * 2**octave:.0f}" for octave in octaves],
    }
