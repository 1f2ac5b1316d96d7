import numpy as np

from kizu.diff.evidence.noise import noise_level


def test_noise_follows_activity():
    rng = np.random.default_rng(0)
    activity = np.tile(np.linspace(0, 10, 200, dtype=np.float32), (200, 1))
    residual = np.abs(rng.normal(0, 1, activity.shape)).astype(np.float32) * (0.5 + 0.3 * activity)
    level = noise_level(residual, activity, np.ones_like(activity, bool))
    assert level[:, -20:].mean() > 2 * level[:, :20].mean()
