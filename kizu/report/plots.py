"""Small plots of a dataset as SVG: sizes and places of defects, and yields from build to build."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kizu.report.history import BuildCounts

Points: TypeAlias = Sequence[tuple[float, float]]

PLOTS: Final = {
    "areas": "Size of accepted labels, share of the image (grey: asked for)",
    "places": "Where accepted labels lie on the image",
    "yields": "Accepted share per defect, from build to build",
    "scores": "Drift: mean score per defect, from build to build",
    "costs": "USD per accepted label, from build to build",
}
"""What there may be, by the names of the files; some have nothing to show."""

_TITLES_JA: Final = {
    "areas": "採用ラベルの大きさ (画像に占める割合、灰色は指定の範囲)",
    "places": "採用ラベルの画像内での位置",
    "yields": "欠陥ごとの採用率の推移 (ビルドごと)",
    "scores": "変化の傾向: 欠陥ごとの確からしさの平均の推移",
    "costs": "採用ラベル 1 件あたりの費用 (USD) の推移",
}

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a86")
"""Okabe's and Ito's, which are told apart with any colour vision; lines beyond them are grey."""

_STYLE: Final = (
    "<style>text{font:11px system-ui,sans-serif;fill:#5f5f5a}.axis{fill:none;stroke:#9a9a94}"
    ".asked{fill:#8a8a86;fill-opacity:.25}.frame{fill:none;stroke:#9a9a94}"
    "@media(prefers-color-scheme:dark){text{fill:#a3a39c}}</style>"
)
_ROW_PX: Final = 26
_LEFT_PX: Final = 110
_WIDTH_PX: Final = 420
_HEIGHT_PX: Final = 130
_LEAST_AREA: Final = 1e-5
"""Left end of the axis of areas: 50 pixels of 5 megapixels."""
_MOST_DOTS: Final = 400  # per defect; more hide each other and weigh on the page
_CELL_PX: Final = 5
PLACES: Final = 24
"""Cells of a map of places in each direction."""


@dataclass(frozen=True)
class Plot:
    """One plot.

    Attributes:
        name: Its file's name, without ``.svg``; see ``PLOTS``.
        title: What it shows, by language.
        svg: The drawing.
    """

    name: str
    title: Mapping[str, str]
    svg: str


def area_plot(
    areas: Mapping[str, Sequence[float]], asked: Mapping[str, tuple[float, float]]
) -> Plot:
    """Plot how much of the image labels cover, per defect, against what was asked for.

    Args:
        areas: Fractions of the image by defect.
        asked: Smallest and largest fraction by defect.
    """
    rows = []
    for number, (defect, values) in enumerate(areas.items()):
        y = number * _ROW_PX + 4
        low, high = (_across(edge) for edge in asked.get(defect, (1.0, 1.0)))
        rows.append(
            f'<rect class="asked" x="{low}" y="{y}" width="{round(high - low, 1)}" height="18"/>'
        )
        step = max(len(values) / _MOST_DOTS, 1)
        shown = [sorted(values)[int(at * step)] for at in range(int(len(values) / step))]
        rows += [
            f'<circle cx="{_across(value)}" cy="{y + 4 + at * 7 % 11}" r="2" '
            f'fill="{COLOURS[0]}" fill-opacity=".55"/>'
            for at, value in enumerate(shown)
        ]
        rows.append(_text(_LEFT_PX - 8, y + 13, defect, "end"))
    bottom = len(areas) * _ROW_PX + 4
    rows.append(f'<path class="axis" d="M{_LEFT_PX} {bottom}H{_LEFT_PX + _WIDTH_PX}"/>')
    for power in range(round(math.log10(_LEAST_AREA)), 1):
        rows.append(_text(_across(10.0**power), bottom + 14, f"{100 * 10.0**power:g} %", "middle"))
    return _plot("areas", _LEFT_PX + _WIDTH_PX + 24, bottom + 22, rows)


def place_plot(places: Mapping[str, NDArray[np.float64]]) -> Plot:
    """Plot where on the image accepted labels lie: a map per defect, bright where many are.

    Args:
        places: (PLACES, PLACES) counts by defect, rows from top to bottom.
    """
    side, parts = PLACES * _CELL_PX, []
    for number, (defect, counts) in enumerate(places.items()):
        left, top = number % 4 * (side + 16) + 4, number // 4 * (side + 28) + 4
        peak = max(float(counts.max()), 1e-9)
        parts += [
            f'<rect x="{left + x * _CELL_PX}" y="{top + y * _CELL_PX}" width="{_CELL_PX}" '
            f'height="{_CELL_PX}" fill="{COLOURS[1]}" fill-opacity="{count / peak:.2f}"/>'
            for (y, x), count in np.ndenumerate(counts)
            if count
        ]
        parts.append(
            f'<rect class="frame" x="{left}" y="{top}" width="{side}" height="{side}"/>'
            + _text(left, top + side + 14, defect)
        )
    width = min(max(len(places), 1), 4) * (side + 16) + 4
    height = math.ceil(len(places) / 4) * (side + 28) + 8
    return _plot("places", width, height, parts)


def yield_plot(builds: Sequence[BuildCounts]) -> Plot:
    """Plot the accepted share of each defect's judged samples, from build to build."""
    defects = list(dict.fromkeys(name for build in builds for name in build.judged))
    lines: dict[str, Points] = {
        defect: [
            (at, build.accepted.get(defect, 0) / build.judged[defect])
            for at, build in enumerate(builds)
            if build.judged.get(defect)
        ]
        for defect in defects
    }
    return _line_plot("yields", lines, builds, top=1.0, unit="%")


def score_plot(builds: Sequence[BuildCounts]) -> Plot:
    """Plot the mean score of each defect's samples: where it sinks, what is made has drifted."""
    defects = list(dict.fromkeys(name for build in builds for name in build.scores))
    lines: dict[str, Points] = {
        defect: [
            (at, build.scores[defect]) for at, build in enumerate(builds) if defect in build.scores
        ]
        for defect in defects
    }
    return _line_plot("scores", lines, builds, top=1.0)


def cost_plot(builds: Sequence[BuildCounts]) -> Plot | None:
    """Plot what an accepted label cost, from build to build; None where nothing was paid."""
    costs = [
        (at, build.cost_usd / sum(build.accepted.values()))
        for at, build in enumerate(builds)
        if build.cost_usd and sum(build.accepted.values())
    ]
    if not costs:
        return None
    top = max(cost for _, cost in costs)
    return _line_plot("costs", {"USD": costs}, builds, top=top)


def _line_plot(
    name: str,
    lines: Mapping[str, Points],
    builds: Sequence[BuildCounts],
    *,
    top: float,
    unit: str = "",
) -> Plot:
    last = max(len(builds) - 1, 1)
    parts = [f'<path class="axis" d="M40 6V{_HEIGHT_PX}H{40 + _WIDTH_PX}"/>']
    for number, (label, points) in enumerate(lines.items()):
        colour = COLOURS[min(number, len(COLOURS) - 1)]
        places = [
            (round(40 + _WIDTH_PX * x / last, 1), round(_HEIGHT_PX - (_HEIGHT_PX - 6) * y / top, 1))
            for x, y in points
        ]
        path = " ".join(f"{x},{y}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in places]
        legend = 12 + number * 16
        parts.append(
            f'<rect x="{52 + _WIDTH_PX}" y="{legend - 8}" width="10" height="10" fill="{colour}"/>'
            + _text(68 + _WIDTH_PX, legend, label)
        )
    scale = "100 %" if unit else f"{top:.3g}"
    parts += [_text(34, 14, scale, "end"), _text(34, _HEIGHT_PX, "0", "end")]
    if builds:
        parts.append(_text(40, _HEIGHT_PX + 16, builds[0].label))
    if len(builds) > 1:
        parts.append(_text(40 + _WIDTH_PX, _HEIGHT_PX + 16, builds[-1].label, "end"))
    height = max(_HEIGHT_PX + 24, 16 * len(lines) + 16)
    return _plot(name, _WIDTH_PX + 190, height, parts)


def _across(fraction: float) -> float:
    """Return where a share of the image lies on the logarithmic axis."""
    share = math.log10(max(fraction, _LEAST_AREA) / _LEAST_AREA) / -math.log10(_LEAST_AREA)
    return round(_LEFT_PX + _WIDTH_PX * min(share, 1.0), 1)


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _plot(name: str, width: float, height: float, parts: Sequence[str]) -> Plot:
    title = escape(PLOTS[name])
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{title}"><title>{title}</title>{_STYLE}{"".join(parts)}</svg>'
    )
    return Plot(name, {"en": PLOTS[name], "ja": _TITLES_JA[name]}, svg)
