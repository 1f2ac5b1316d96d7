import xml.etree.ElementTree as ET

import numpy as np
from reported import report
from republished import add_photo

from kizu.report.history import BuildCounts, remember_build
from kizu.report.plots import PLACES, area_plot, cost_plot, place_plot, score_plot, yield_plot

EVIL = '<script>"&'


def build(number, accepted=3, cost_usd=0.0):
    return BuildCounts(
        version=f"v{number}",
        published_at=f"2026-11-{number:02}T02:30:00+00:00",
        judged={EVIL: 4},
        accepted={EVIL: accepted},
        scores={EVIL: 0.5},
        cost_usd=cost_usd,
    )


def drawn(plot, tag):
    return ET.fromstring(plot.svg).findall(f".//{{http://www.w3.org/2000/svg}}{tag}")  # noqa: S314 - ours


def test_sizes_are_dots_on_the_range_that_was_asked_for():
    plot = area_plot({EVIL: [0.001, 0.01]}, {EVIL: (0.0005, 0.05)})
    [asked] = drawn(plot, "rect")
    low, width = float(asked.get("x")), float(asked.get("width"))
    dots = [float(dot.get("cx")) for dot in drawn(plot, "circle")]
    assert len(dots) == 2
    assert all(low < dot < low + width for dot in dots)


def test_many_sizes_weigh_no_more_than_some():
    plot = area_plot({"hole": list(np.linspace(0.001, 0.1, 20_000))}, {})
    assert len(drawn(plot, "circle")) <= 400


def test_places_are_cells_as_bright_as_there_are_labels():
    counts = np.zeros((PLACES, PLACES))
    counts[2, 5], counts[3, 5] = 4, 1
    cells = [r for r in drawn(place_plot({EVIL: counts}), "rect") if r.get("fill")]
    assert [cell.get("fill-opacity") for cell in cells] == ["1.00", "0.25"]


def test_yields_and_scores_have_a_line_per_defect_over_the_builds():
    builds = [build(1, accepted=1), build(2, accepted=4)]
    [line] = drawn(yield_plot(builds), "polyline")
    (_, before), (_, after) = (map(float, point.split(",")) for point in line.get("points").split())
    assert after < before, "more of them are higher up"
    assert len(drawn(score_plot(builds), "polyline")) == 1


def test_cost_is_plotted_where_something_was_paid():
    assert cost_plot([build(1)]) is None
    assert cost_plot([build(1, cost_usd=None)]) is None
    assert len(drawn(cost_plot([build(1, cost_usd=0.3)]), "circle")) == 1


def test_builds_are_remembered_once_each_in_their_order(store):
    remember_build(store, "plates", build(2))
    found = remember_build(store, "plates", build(1))
    assert [each.version for each in found] == ["v1", "v2"]
    assert [each.accepted[EVIL] for each in remember_build(store, "plates", build(2, 4))] == [3, 4]


def test_a_report_has_plots_beside_and_in_it(store, plates, tmp_path):
    report(store, plates)
    add_photo(tmp_path)
    folder = report(store, plates)
    html = store.read(folder.report("index.html")).decode()
    for name in ("areas", "places", "yields", "scores"):
        svg = store.read(folder.report(f"{name}.svg")).decode()
        ET.fromstring(svg)  # noqa: S314 - our own
        assert svg in html
    assert folder.version[:6] in store.read(folder.report("yields.svg")).decode()
