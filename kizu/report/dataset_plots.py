"""Gathers what is plotted of a version: its accepted labels, and the builds before."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kizu.agree.fusion import DIFF_SOURCE, TESTIMONY_SOURCE
from kizu.agree.verdict import Verdict
from kizu.publish.dataset import Dataset
from kizu.publish.outcomes import Outcome
from kizu.publish.rows import REVIEWER
from kizu.report.history import counts_of, remember_build
from kizu.report.plots import PLACES, Plot, area_plot, cost_plot, place_plot, score_plot, yield_plot
from kizu.spec import DatasetSpec
from kizu.store import Store

_MASK_SOURCES: Final = (DIFF_SOURCE, TESTIMONY_SOURCE, REVIEWER)


def dataset_plots(
    store: Store,
    dataset: Dataset,
    spec: DatasetSpec,
    outcomes: Sequence[Outcome],
    published_at: datetime,
) -> list[Plot]:
    """Return the plots of a version; what is remembered of its builds is brought up to date.

    Args:
        store: The store.
        dataset: The version.
        spec: What it was made by.
        outcomes: How far the samples came when the version was named.
        published_at: When it was published.
    """
    at = published_at.isoformat(timespec="seconds")
    counts = counts_of(dataset.version, at, outcomes)
    builds = remember_build(store, dataset.name, counts)
    accepted = [outcome for outcome in outcomes if outcome.verdict is Verdict.ACCEPT]
    plots = [area_plot(_areas(accepted), _asked(spec))] if accepted else []
    if accepted:
        kinds = {outcome.sample_id: outcome.defect_type for outcome in accepted}
        plots.append(place_plot(_places(dataset, kinds)))
    if len(builds) > 1:  # one build is in the page's table
        over_time = (yield_plot(builds), score_plot(builds), cost_plot(builds))
        plots += [plot for plot in over_time if plot is not None]
    return plots


def _areas(accepted: Iterable[Outcome]) -> Mapping[str, list[float]]:
    found: dict[str, list[float]] = {}
    for outcome in accepted:
        area = outcome.figures.get("area_fraction")
        if area:
            found.setdefault(outcome.defect_type, []).append(area)
    return found


def _asked(spec: DatasetSpec) -> Mapping[str, tuple[float, float]]:
    ranges = {defect.defect_type: defect.expected_area for defect in spec.defects}
    return {name: (each.min_fraction, each.max_fraction) for name, each in ranges.items()}


def _places(dataset: Dataset, kinds: Mapping[str, str]) -> Mapping[str, NDArray[np.float64]]:
    """Count by defect in which cells of the image the boxes of labels lie."""
    sizes = {
        row["sample_id"]: (row["width"], row["height"])
        for row in dataset.rows("provenance", ["sample_id", "width", "height"])
    }
    found = {kind: np.zeros((PLACES, PLACES)) for kind in dict.fromkeys(kinds.values())}
    for row in dataset.rows("instances", ["sample_id", "annotator", "x0", "y0", "x1", "y1"]):
        kind = kinds.get(row["sample_id"])
        if kind is not None and row["annotator"] in _MASK_SOURCES:
            _add(found[kind], row, *sizes[row["sample_id"]])
    return found


def _add(counts: NDArray[np.float64], row: Mapping[str, Any], width: int, height: int) -> None:
    """Count a box in the cells that it touches."""
    columns, rows = (
        slice(int(PLACES * low / size), max(int(np.ceil(PLACES * high / size)), 1))
        for low, high, size in ((row["x0"], row["x1"], width), (row["y0"], row["y1"], height))
    )
    counts[rows, columns] += 1
