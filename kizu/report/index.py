"""The page's index: what is searched, sorted and told of every sample, as small as it can be.

One list per column with one entry per sample; what repeats is a number that points into a table of
values. 50,000 samples are some megabytes, so that a page has all of them at hand and loads only the
pictures that it shows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final
from urllib.parse import quote

from kizu.report.card import CardPictures, CardWords
from kizu.report.mixture import fair_mix
from kizu.report.translations import explanation_text, metric_label, reason_label

_DIGITS: Final = 4
"""Of a metric in the index; a card shows three."""


@dataclass(frozen=True)
class ShownCard:
    """One sample on a page.

    Attributes:
        words: What is said of it.
        key: Names its film and its evidence among the files beside the page.
        image: Address of its published image, as seen from the page; empty for none.
        mask: Likewise of its mask.
        normal: Likewise of its normal image.
        pictures: Its pictures where the page holds them itself.
    """

    words: CardWords
    key: str = ""
    image: str = ""
    mask: str = ""
    normal: str = ""
    pictures: CardPictures | None = None


class _Values:
    """Numbers values in the order in which they first appear."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def __getitem__(self, value: str) -> int:
        return self.places.setdefault(value, len(self.places))

    def column(self, values: Iterable[str]) -> list[int]:
        return [self[value] for value in values]


def index_of(cards: Sequence[ShownCard]) -> dict[str, Any]:
    """Return the index of samples as a JSON object, in an order that begins with a fair mix.

    Members: ``ids``, ``keys``, ``built`` (the place in the build's order), ``sizes`` (width and
    height px), ``rows`` (of the film), ``images``, ``masks`` (addresses); ``values`` with the
    values of each column of ``columns``, which holds their numbers, or lists of numbers where a
    sample may have several; ``metrics`` by name, with null where one is not known; ``reasons``,
    ``explanations`` and ``metric_labels`` in both languages.
    """
    order = fair_mix([card.words for card in cards])
    cards = [cards[at] for at in order]
    words = [card.words for card in cards]
    single = {
        "verdict": [str(each.verdict) for each in words],
        "reason": [each.reason for each in words],
        "defect": [each.defect_type for each in words],
        "photo": [each.photo for each in words],
        "prompt": [each.prompt for each in words],
        "explanation": [each.explanation for each in words],
        "reviewer": [str(each.metrics.get("reviewed_by") or "") for each in words],
        "panels": [" ".join(each.panels) for each in words],
        "normal": [card.normal for card in cards],
    }
    several = {
        "annotator": [[f.annotator for f in each.found] for each in words],
        "finder": [[f.annotator for f in each.found if f.labels] for each in words],
        "phrase": [sorted({p for f in each.found for p in f.phrases}) for each in words],
    }
    values = {name: _Values() for name in (*single, *several)}
    columns: dict[str, Any] = {name: values[name].column(each) for name, each in single.items()}
    for name, lists in several.items():
        columns[name] = [values[name].column(each) for each in lists]
    tables = {name: list(each.places) for name, each in values.items()}
    metrics = _metrics(words)
    pairs = dict(zip(columns["explanation"], columns["reason"], strict=True))
    return {
        "ids": [each.sample_id for each in words],
        "keys": [card.key for card in cards],
        "built": order,
        "sizes": [[each.width_px, each.height_px] for each in words],
        "rows": [1 + each.is_enlarged for each in words],
        "images": [_shortened(card.image, card) for card in cards],
        "masks": [_shortened(card.mask, card) for card in cards],
        "values": tables,
        "columns": columns,
        "metrics": metrics,
        "reasons": {
            reason: [reason_label(reason, "en"), reason_label(reason, "ja")]
            for reason in tables["reason"]
        },
        "explanations": [
            [text, explanation_text(tables["reason"][pairs[at]], text, "ja")]
            for at, text in enumerate(tables["explanation"])
        ],
        "metric_labels": _labels(words),
    }


def _shortened(address: str, card: ShownCard) -> str:
    """Return an address with a star for the sample's name, which the page puts back."""
    return address.replace(quoted(card.words.sample_id), "*")


def quoted(path: str) -> str:
    """Return a path as part of an address, as the page quotes samples' names itself.

    Example:
        >>> quoted("files/カップ (1)*.png")
        'files/%E3%82%AB%E3%83%83%E3%83%97%20(1)%2A.png'
    """
    return quote(path, safe="/!~'()")


def _metrics(words: Sequence[CardWords]) -> dict[str, list[float | None]]:
    """Return the columns of all metrics that are numbers."""
    names = dict.fromkeys(
        name
        for each in words
        for name, value in each.metrics.items()
        if isinstance(value, int | float)
    )
    return {name: [_number(each.metrics.get(name)) for each in words] for name in names}


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or not isfinite(value):
        return None
    return value if isinstance(value, int) else float(f"{value:.{_DIGITS}g}")


def _labels(words: Sequence[CardWords]) -> Mapping[str, list[str]]:
    names = dict.fromkeys(
        name
        for each in words
        for metrics in (each.metrics, *(found.metrics for found in each.found))
        for name in metrics
    )
    return {name: [metric_label(name, "en"), metric_label(name, "ja")] for name in names}
