import numpy as np
import pytest

from kizu.diff.align.account import Account, without_recoloured
from kizu.diff.align.cells import Cells

SIDE_PX = 160


@pytest.fixture
def picture():
    """Blocks of many colours with grain, (160, 160, 3) uint8."""
    rng = np.random.default_rng(6)
    blocks = rng.uniform(60, 190, (10, 10, 3)).repeat(16, axis=0).repeat(16, axis=1)
    return np.clip(blocks + rng.normal(0, 4, blocks.shape), 0, 255).astype(np.uint8)


def cells_of(normal, edited):
    edited = np.clip(np.rint(edited), 0, 255).astype(np.uint8)
    return Cells.of(normal, edited, np.ones(normal.shape[:2], bool))


def fall_off(strength):
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] / SIDE_PX - 0.5
    return (1 - 2 * strength * (x**2 + y**2))[..., None]


def test_light_that_falls_off_is_told_from_a_tone_curve(picture):
    cells = cells_of(picture, picture * fall_off(0.2))
    account = Account.of(cells)
    assert account.light.any()
    assert np.abs(account.predict(cells) - cells.edited).max() < 0.03


def test_a_tone_curve_is_not_taken_for_light(picture):
    account = Account.of(cells_of(picture, 255 * (picture / 255) ** 1.1))
    assert not account.light.any()


def test_the_light_is_one_for_all_channels(picture):
    warm = picture * fall_off(0.2) * (1.05, 1.0, 0.92)
    assert Account.of(cells_of(picture, warm)).light.shape == (8,)


def test_a_stain_does_not_bend_the_light(picture):
    stained = picture * fall_off(0.2)
    stained[100:140, 100:140] *= 0.6
    cells = cells_of(picture, stained)
    left = np.abs(Account.of(cells).predict(cells) - cells.edited).max(axis=1).reshape(cells.shape)
    assert np.median(left[52:68, 52:68]) > 0.1
    assert np.quantile(left[:45], 0.99) < 0.03


def test_a_colour_that_only_one_part_has_may_have_been_recoloured(picture):
    grey = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    grey[60:110, 60:110] = (170, 40, 40)
    edited = grey.copy()
    edited[60:110, 60:110] = (150, 90, 10)
    cells = cells_of(grey, edited)
    account = Account.of(without_recoloured(cells, Account.of(cells)))
    predicted = account.predict(cells).reshape(*cells.shape, 3)
    assert np.abs(predicted[40, 42] - np.array([170, 40, 40]) / 255).max() < 0.05


def test_colours_that_all_became_paler_are_drift(picture):
    middle = picture.mean(axis=2, keepdims=True)
    cells = cells_of(picture, middle + 0.75 * (picture - middle))
    assert without_recoloured(cells, Account.of(cells)) is cells
