"""Draws a proof: pixel AP of every training set with its interval, a panel per kind."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from kizu.prove.bootstrap import MEAN
from kizu.prove.proof import Proof
from kizu.prove.training_sets import SOURCES, Source

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL_IN: Final = (1.9, 0.36)  # width of a panel, height of a row, inches
_MARGINS_IN: Final = (2.9, 1.1)
_OWN, _OTHER, _REAL = "#b3402a", "#6b7075", "#2a6f97"


class NoPlotError(ValueError):
    """A plot cannot be drawn; the message says what adds the library."""


def check_plot() -> None:
    """Refuse a plot that could not be drawn, before anything is trained.

    Raises:
        NoPlotError: matplotlib is not installed.
    """
    try:
        import matplotlib as _  # noqa: F401, ICN001, PLC0415 - only to see whether it is there
    except ImportError as error:
        raise NoPlotError(
            "--plot needs matplotlib; install it with: pip install 'kizu[prove]'"
        ) from error


def save_plot(proof: Proof, file: Path) -> None:
    """Draw a proof into a PNG, SVG or PDF file.

    Raises:
        OSError: It cannot be written.
        NoPlotError: matplotlib is not installed, or the file's suffix names no format.
    """
    check_plot()
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra

    kinds = (MEAN, *proof.comparison.kinds)
    rows = len(proof.comparison.tables)
    size = (
        _MARGINS_IN[0] + _PANEL_IN[0] * len(kinds),
        _MARGINS_IN[1] + _PANEL_IN[1] * rows,
    )
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        _draw(axes, proof, kind)
    panels[0].set_yticks(range(rows), [str(which) for which in proof.comparison.tables])
    panels[0].invert_yaxis()
    figure.supxlabel("pixel AP on real defects, 95 % interval over parts and seeds", fontsize=9)
    try:
        figure.savefig(file, dpi=150)
    except ValueError as error:
        raise NoPlotError(f"{file} cannot be drawn: {error}; name it .png") from error


def _draw(axes: "Axes", proof: Proof, kind: str) -> None:
    for row, which in enumerate(proof.comparison.tables):
        found = proof.figure(which, "pixel_ap", kind)
        sources = SOURCES[which]
        is_real = Source.FEW in sources or Source.ALL in sources
        colour = _OWN if Source.DATASET in sources else (_REAL if is_real else _OTHER)
        if found.low is not None and found.high is not None:
            axes.plot([found.low, found.high], [row, row], color=colour, linewidth=2, alpha=0.5)
        axes.plot([found.value], [row], "o", color=colour, markersize=5)
    parts = proof.comparison.groups.get(kind, proof.comparison.defect_groups)
    title = "mean of kinds" if kind == MEAN else kind
    axes.set_title(f"{title}\n{parts} parts", fontsize=9)
    axes.set_xlim(left=0)
    axes.grid(axis="x", alpha=0.3)
    axes.tick_params(labelsize=8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
