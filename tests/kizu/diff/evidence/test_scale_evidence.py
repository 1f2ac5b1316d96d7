import numpy as np
import pytest

from kizu.diff.evidence.scale_evidence import (
    COARSE,
    DetectionCriteria,
    coarse_measurement,
    fine_measurement,
    judge,
)

CRITERIA = DetectionCriteria(0.0025, 2.0)


@pytest.fixture
def lab_pair():
    rng = np.random.default_rng(2)
    predicted = np.full((256, 256, 3), [60, 0, 0], np.float32)
    predicted += rng.normal(0, 4, predicted.shape).astype(np.float32)
    edited = predicted + rng.normal(0, 1, predicted.shape).astype(np.float32)
    return predicted, edited


def fine(predicted, edited, criteria=CRITERIA):
    valid = np.ones(predicted.shape[:2], bool)
    uncertainty = np.zeros((1, 1), np.float32)
    return judge(fine_measurement(predicted, edited, uncertainty, valid, valid), criteria)


def test_noise_is_no_evidence(lab_pair):
    evidence = fine(*lab_pair)
    assert evidence.z.max() < evidence.threshold


def test_a_thin_line_is_fine_evidence(lab_pair):
    predicted, edited = lab_pair
    edited[100:102, 50:150, 0] += 30
    evidence = fine(predicted, edited)
    assert evidence.z[100:102, 60:140].min() > evidence.threshold


def test_another_grain_is_no_coarse_evidence(lab_pair):
    predicted, _ = lab_pair
    other = np.roll(predicted, (40, 60), (0, 1))
    valid, uncertainty = np.ones(predicted.shape[:2], bool), np.zeros((1, 1), np.float32)
    for scale in COARSE:
        evidence = judge(
            coarse_measurement(scale, predicted, other, uncertainty, valid, valid), CRITERIA
        )
        assert evidence.z.max() < evidence.threshold


def test_a_faint_broad_stain_is_coarse_evidence(lab_pair):
    predicted, edited = lab_pair
    edited[80:160, 80:160, 2] += 5
    valid, uncertainty = np.ones(predicted.shape[:2], bool), np.zeros((1, 1), np.float32)
    evidence = judge(
        coarse_measurement(COARSE[2], predicted, edited, uncertainty, valid, valid), CRITERIA
    )
    assert evidence.z[14:16, 14:16].min() > evidence.threshold


def test_evidence_counts_more_where_the_edit_was_asked_for(lab_pair):
    predicted, edited = lab_pair
    region = np.zeros(predicted.shape[:2], bool)
    region[:60, :60] = True
    asked = fine(predicted, edited, DetectionCriteria(0.0025, 2.0, region))
    plain = fine(predicted, edited)
    assert asked.z[:40, :40].mean() > plain.z[:40, :40].mean()
    assert np.allclose(asked.z[100:, 100:], plain.z[100:, 100:])


def test_noise_learned_beside_a_large_change_is_the_lower_one(lab_pair):
    predicted, edited = lab_pair
    edited[:150] += np.random.default_rng(4).normal(0, 20, edited[:150].shape).astype(np.float32)
    valid, rest = np.ones(predicted.shape[:2], bool), np.ones(predicted.shape[:2], bool)
    rest[:170] = False
    measured = fine_measurement(predicted, edited, np.zeros((1, 1), np.float32), valid, valid)
    first, second = judge(measured, CRITERIA), judge(measured, CRITERIA, rest)
    assert second.noise.mean() < 0.5 * first.noise.mean()
    assert second.z[170:].max() < second.threshold
