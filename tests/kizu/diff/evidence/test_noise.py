import numpy as np

from kizu.diff.evidence.noise import noise_level


def test_noise_follows_activity():
    rng = np.random.default_rng(0)
    busy = np.tile(np.linspace(0, 10, 200, dtype=np.float32), (200, 1))
    residual = np.abs(rng.normal(0, 1, busy.shape)).astype(np.float32) * (0.5 + 0.3 * busy)
    level = noise_level(residual, busy, np.ones_like(busy, bool))
    assert level[:, -20:].mean() > 2 * level[:, :20].mean()
