import numpy as np

from kizu.diff.evidence.scale_evidence import FINE, ScaleEvidence
from kizu.diff.segment.hysteresis import decide


def evidence(z, threshold):
    """One scale that holds the given evidence (H, W), on a noise floor of one."""
    residual = np.repeat(z[..., None], 3, 2)
    everywhere = np.ones(z.shape, bool)
    return ScaleEvidence(FINE, residual, np.ones_like(z), z, threshold, everywhere)


def test_a_piece_below_the_threshold_needs_a_fainter_seed():
    z = np.zeros((40, 60), np.float32)
    z[10:20, 10:20], z[10:20, 40:50] = 15, 8
    scales = [evidence(z, 10.0)]
    assert np.array_equal(decide(scales), z > 10)
    assert np.array_equal(decide(scales, 0.6), z > 5)
