import cv2
import numpy as np
import pytest

from kizu.prove.metrics import AUPRO_LIMIT, aupro, auroc, average_precision
from kizu.prove.scores import ScoreCounts


def precision_recall_area(scores, is_positive):
    """Average precision over every threshold that occurs, by its definition."""
    area = recall = 0.0
    for threshold in sorted(set(scores), reverse=True):
        taken = scores >= threshold
        found = (taken & is_positive).sum()
        area += (found / is_positive.sum() - recall) * found / taken.sum()
        recall = found / is_positive.sum()
    return area


def pairs_in_order(scores, is_positive):
    """Share of (positive, negative) pairs in which the positive is higher; ties count half."""
    apart = scores[is_positive][:, None] - scores[~is_positive][None]
    return ((apart > 0) + (apart == 0) / 2).mean()


def overlap_area(pictures):
    """Per-region overlap against the false-positive rate up to the limit, over all thresholds."""
    everything = np.concatenate([scores.ravel() for scores, _ in pictures])
    clean = np.concatenate([scores[~mask] for scores, mask in pictures])
    rates, overlaps = [0.0], [0.0]
    for threshold in sorted(set(everything), reverse=True):
        shares = []
        for scores, mask in pictures:
            count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
            shares += [(scores[labels == n] >= threshold).mean() for n in range(1, count)]
        rates.append((clean >= threshold).mean())
        overlaps.append(np.mean(shares))
    grid = np.linspace(0, AUPRO_LIMIT, 20_001)
    return np.trapezoid(np.interp(grid, rates, overlaps), grid) / AUPRO_LIMIT


@pytest.fixture
def tied():
    """Scores with ties, and which of them are positive."""
    rng = np.random.default_rng(1)
    is_positive = rng.random(300) < 0.2
    return np.round(rng.normal(size=300) + is_positive, 1), is_positive


def counted(scores, is_positive):
    levels = np.unique(scores)
    return tuple(
        (scores[side][:, None] == levels).sum(axis=0)[None].astype(float)
        for side in (is_positive, ~is_positive)
    )


def test_average_precision_is_that_of_its_definition(tied):
    assert average_precision(*counted(*tied))[0] == pytest.approx(precision_recall_area(*tied))


def test_auroc_is_the_share_of_pairs_in_order(tied):
    assert auroc(*counted(*tied))[0] == pytest.approx(pairs_in_order(*tied))


def test_counting_a_part_twice_is_having_its_pixels_twice(tied):
    positive, negative = counted(*tied)
    scores, is_positive = (np.concatenate([each, each[:150]]) for each in tied)
    half = tuple(
        (scores[:150][side][:, None] == np.unique(scores)).sum(axis=0)[None]
        for side in (is_positive[:150], ~is_positive[:150])
    )
    drawn = average_precision(positive + half[0], negative + half[1])[0]
    assert drawn == pytest.approx(precision_recall_area(scores, is_positive))


def test_what_has_no_positive_has_no_figure():
    nothing, something = np.zeros((1, 4)), np.ones((1, 4))
    for metric in (average_precision, auroc, aupro):
        assert np.isnan(metric(nothing, something)[0])


@pytest.fixture
def pictures():
    """Scores of three pictures with two regions each, one of them small."""
    rng = np.random.default_rng(2)
    made = []
    for _ in range(3):
        mask = np.zeros((40, 40), bool)
        mask[5:20, 5:15] = mask[30:32, 30:33] = True
        scores = 0.4 * rng.normal(size=mask.shape) + 0.6 * mask
        made.append((scores.astype(np.float32), mask))
    return made


def test_counted_scores_give_the_metrics_of_the_pixels(pictures):
    counts = ScoreCounts(["a", "b"], ["hole"])
    for place, (scores, mask) in enumerate(pictures):
        counts.add("hole", "ab"[place % 2], scores, mask)
    positive, regions, negative = (
        each["hole"].sum(axis=0)[None].astype(float)
        for each in (counts.positive, counts.regions, counts.negative)
    )
    scores = np.concatenate([each.ravel() for each, _ in pictures])
    is_positive = np.concatenate([each.ravel() for _, each in pictures])
    exact = precision_recall_area(scores, is_positive)
    assert average_precision(positive, negative)[0] == pytest.approx(exact, abs=3e-3)
    assert auroc(positive, negative)[0] == pytest.approx(pairs_in_order(scores, is_positive), 1e-3)
    assert aupro(regions, negative)[0] == pytest.approx(overlap_area(pictures), abs=3e-3)


def test_every_region_counts_alike_for_aupro(pictures):
    counts = ScoreCounts(["a"], ["hole"])
    scores, mask = pictures[0]
    counts.add("hole", "a", scores, mask)
    assert counts.regions["hole"].sum() == pytest.approx(2)
