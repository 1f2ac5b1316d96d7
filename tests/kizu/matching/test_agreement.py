import cv2
import numpy as np
import pytest
from matching_pictures import part, with_scratch

from kizu.imaging.geometry import Geometry
from kizu.matching.agreement import agreement

SIZE = (240, 200)
WHOLE = Geometry.whole(SIZE, SIZE)


def test_an_edited_picture_agrees_and_another_part_does_not():
    own = agreement(part(1), with_scratch(part(1)), WHOLE)
    other = agreement(part(1), part(2), WHOLE)
    assert own.score > 0.95
    assert own.deviations > 8
    assert other.score < 0.3
    assert other.deviations < 4


def test_one_edge_that_two_pictures_share_is_no_agreement():
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(2):
        picture = np.full((200, 240, 3), 40.0)
        picture[:, 120:] = 200
        pictures.append(np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8))
    assert agreement(pictures[0], pictures[1], WHOLE).deviations < 7


@pytest.mark.parametrize("side", range(4))
@pytest.mark.parametrize("level", [0, 255])
def test_a_strip_drawn_over_an_edge_is_told_and_only_it(side, level):
    picture = with_scratch(part(1))
    strips = [np.s_[:, :30], np.s_[:30], np.s_[:, -30:], np.s_[-30:]]
    picture[strips[side]] = level
    expected = [0.0] * 4
    expected[side] = 30 / (240, 200)[side % 2]
    assert agreement(part(1), picture, WHOLE).foreign == pytest.approx(expected, abs=0.02)


def test_another_tone_up_to_the_edge_is_a_change_and_no_strip():
    picture = part(1).copy()
    picture[:, :40] = np.clip(picture[:, :40] * 0.6 + 60, 0, 255)
    assert agreement(part(1), picture, WHOLE).foreign == (0, 0, 0, 0)


def test_a_picture_of_low_contrast_agrees_as_any_other():
    faint = [
        (128 + (image.astype(float) - 128) * 0.1).astype(np.uint8)
        for image in (part(1), cv2.GaussianBlur(part(1), (0, 0), 0.7))
    ]
    assert agreement(faint[0], faint[1], WHOLE).score > 0.9
