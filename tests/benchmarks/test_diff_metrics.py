"""The figures of the difference benchmark where the answer is known."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def metrics(diff_benchmark):  # noqa: ARG001 - puts the module on the path
    import metrics

    return metrics


@pytest.fixture
def square():
    """A square of 20 x 20 in a picture of 60 x 80."""
    truth = np.zeros((60, 80), bool)
    truth[20:40, 30:50] = True
    return truth


def moved(mask, by_px):
    return np.roll(mask, by_px, axis=1)


def test_iou_counts_shared_pixels_against_all(metrics, square):
    assert metrics.intersection_over_union(moved(square, 10), square) == pytest.approx(1 / 3)


def test_iou_of_two_empty_masks_is_one(metrics, square):
    empty = np.zeros_like(square)
    assert metrics.intersection_over_union(empty, empty) == 1
    assert metrics.intersection_over_union(empty, square) == 0


def test_a_map_that_ranks_the_truth_first_has_full_precision_and_overlap(metrics, square):
    scores = square + np.random.default_rng(0).uniform(0, 0.5, square.shape)
    assert metrics.average_precision(scores.astype(np.float32), square) == pytest.approx(1)
    assert metrics.aupro(scores.astype(np.float32), square) == pytest.approx(1)


def test_a_map_that_says_nothing_has_the_precision_of_chance(metrics, square):
    flat = np.zeros(square.shape, np.float32)
    assert metrics.average_precision(flat, square) == pytest.approx(square.mean())


def test_the_overlap_of_a_flat_map_rises_with_the_false_positives(metrics, square):
    flat = np.zeros(square.shape, np.float32)
    assert metrics.aupro(flat, square) == pytest.approx(metrics.MAX_FALSE_POSITIVE_RATE / 2)


def test_average_precision_agrees_with_the_definition_on_four_pixels(metrics):
    scores = np.array([[0.9, 0.8, 0.7, 0.6]], np.float32)
    truth = np.array([[True, False, True, False]])
    assert metrics.average_precision(scores, truth) == pytest.approx((1 + 2 / 3) / 2)


def test_small_regions_count_as_much_as_large_ones_for_aupro(metrics, square):
    truth = square.copy()
    truth[2:4, 2:4] = True
    only_large = square.astype(np.float32)
    curve = np.trapezoid([0.5, 0.5 + 0.5 * 0.3], [0, 0.3]) / 0.3  # the small one comes by chance
    assert metrics.aupro(only_large, truth) == pytest.approx(curve)


def test_instances_are_recalled_one_by_one(metrics, square):
    truth = square.copy()
    truth[5:12, 5:12] = True
    assert metrics.instance_recall(truth, truth) == 1
    assert metrics.instance_recall(square, truth) == 0.5
    assert metrics.instance_recall(np.ones_like(truth), truth) == 0


def test_the_pieces_of_a_broken_line_are_one_instance(metrics):
    line = np.zeros((20, 100), bool)
    line[10:12, 10:90] = True
    broken = line.copy()
    broken[:, 45:50] = False
    assert metrics.instance_recall(line, broken) == 1
    assert metrics.instance_recall(broken & (np.arange(100) < 45), broken) == 1
    assert metrics.instance_recall(broken & (np.arange(100) < 25), broken) == 0


def test_specks_of_a_few_pixels_are_not_asked_for_beside_larger_ones(metrics, square):
    truth = square.copy()
    truth[2, 2] = True
    assert metrics.instance_recall(square, truth) == 1
    assert metrics.instance_recall(truth ^ square, truth ^ square) == 1
