import cv2
import numpy as np
from matching_pictures import clean_part, noisy, with_scratch

from kizu.imaging.geometry import Geometry
from kizu.matching.rivals import prefer

SIZE = (320, 280)
WHOLE = Geometry.whole(SIZE, SIZE)
PART = clean_part(7, *SIZE)


def redrawn(picture: np.ndarray) -> np.ndarray:
    """As a model gives it back: moved a little, softer, with some grain of its own."""
    move = np.array([[1.001, 0, 0.4], [0, 1.001, -0.6]])
    moved = cv2.warpAffine(
        picture, move, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    grain = np.random.default_rng(5).normal(0, 1.5, moved.shape)
    return np.clip(np.rint(cv2.GaussianBlur(moved, (0, 0), 0.6) + grain), 0, 255).astype(np.uint8)


def test_of_two_shots_of_one_part_the_one_that_was_edited_is_told():
    shots = noisy(PART, 1), noisy(PART, 2)
    for place, shot in enumerate(shots):
        answer = prefer(redrawn(with_scratch(shot)), (shots[0], WHOLE), (shots[1], WHOLE))
        assert (answer.first, answer.second) == (place == 0, place == 1)


def test_equal_normals_are_never_told_apart():
    shot = noisy(PART, 1)
    answer = prefer(redrawn(with_scratch(shot)), (shot, WHOLE), (shot.copy(), WHOLE))
    assert not answer.first
    assert not answer.second


def test_a_softened_picture_is_not_taken_for_one_of_a_softer_normal():
    sharp = noisy(PART, 1)
    soft = cv2.GaussianBlur(sharp, (0, 0), 0.8)
    picture = cv2.GaussianBlur(with_scratch(sharp), (0, 0), 0.7)
    assert not prefer(picture, (sharp, WHOLE), (soft, WHOLE)).second


def test_a_sharper_normal_does_not_win_by_being_sharper():
    sharp, soft = noisy(PART, 1), noisy(cv2.GaussianBlur(PART, (0, 0), 0.9), 2)
    assert not prefer(redrawn(with_scratch(soft)), (sharp, WHOLE), (soft, WHOLE)).first


def test_a_normal_of_higher_contrast_does_not_win_by_it():
    shot = noisy(PART, 1)
    strong = np.clip(noisy(PART, 2) * 1.1 - 6, 0, 255).astype(np.uint8)
    assert not prefer(redrawn(with_scratch(shot)), (shot, WHOLE), (strong, WHOLE)).second


def test_a_picture_of_a_third_shot_is_of_neither():
    shots = noisy(PART, 1), noisy(PART, 2)
    answer = prefer(redrawn(noisy(PART, 3)), (shots[0], WHOLE), (shots[1], WHOLE))
    assert not answer.first
    assert not answer.second


def test_a_picture_too_small_to_tell_says_nothing():
    tiny = Geometry.whole(SIZE, (20, 18))
    shots = noisy(PART, 1), noisy(PART, 2)
    answer = prefer(tiny.apply(shots[0]), (shots[0], tiny), (shots[1], tiny))
    assert not answer.first
    assert not answer.second
