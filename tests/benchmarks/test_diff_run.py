"""The tables of the difference benchmark hold every method, kind and picture that was judged."""

import numpy as np
import pandas as pd
import pytest

from kizu.edit.painter import DefectKind


@pytest.fixture(scope="module")
def run(diff_benchmark):  # noqa: ARG001 - puts the module on the path
    import run

    return run


@pytest.fixture(scope="module")
def rows(run):
    return pd.DataFrame(run.judge_scene("nuts", seed=3, long_side_px=96))


def table(printed):
    lines = [line for line in printed.splitlines() if line.startswith("|")]
    return {line.split("|")[1].strip(): line for line in lines}


def test_a_pair_edited_in_place_is_found_by_every_method(run, make_photo):
    photo = make_photo(1, side_px=128)
    truth = np.zeros((128, 128), bool)
    truth[40:80, 50:90] = True
    edited = np.where(truth[..., None], np.uint8(20), photo)
    pair = run.Pair("photo", DefectKind.SCRATCH, "none", photo, edited, truth)
    for method in run.METHODS:
        row = run.judge(method, pair)
        assert row["iou"] > 0.6
        assert row["ap"] > 0.7
        assert row["recall"] == 1


def test_every_method_has_a_line_under_every_drift(run, rows, capsys):
    run.print_methods(rows)
    lines = table(capsys.readouterr().out)
    assert {f"{drift}, {method}" for drift in run.PRESERVING for method in run.METHODS} < set(lines)
    assert not any("nan" in line for line in lines.values())


def test_every_kind_that_was_drawn_has_a_line_with_whole_counts(run, rows, capsys):
    run.print_kinds(rows)
    lines = table(capsys.readouterr().out)
    drawn = set(rows["kind"].dropna()) - {""}
    assert drawn < set(lines)
    assert all(lines[kind].split("|")[2].strip() == str(len(run.PRESERVING)) for kind in drawn)


def test_statuses_add_up_to_the_pictures(run, rows, capsys):
    run.print_statuses(rows)
    lines = table(capsys.readouterr().out)
    counts = [int(cell) for cell in lines["another picture"].split("|")[2:5]]
    assert sum(counts) == 1
    with_defects = [int(cell) for cell in lines["none, a defect"].split("|")[2:5]]
    assert sum(with_defects) == 3


def test_every_size_has_a_line_under_every_drift(run, capsys):
    run.print_sizes([64], ["nuts"], seed=3)
    lines = table(capsys.readouterr().out)
    assert {f"64, {drift}" for drift in run.PRESERVING} < set(lines)
