import numpy as np

from kizu.diff import Status, diff_mask
from kizu.diff.window import diff_window

WINDOW = (300, 200, 256, 192)


def embedded(picture, around=None):
    whole = np.full((700, 900, 3), 128, np.uint8) if around is None else around.copy()
    x, y, width, height = WINDOW
    whole[y : y + height, x : x + width] = picture
    return whole


def test_a_window_is_compared_as_if_it_were_the_whole_picture(photo, drifted, stained):
    edited, truth = stained(photo)
    edited = drifted(edited)
    alone = diff_mask(photo, edited)
    found = diff_window(embedded(photo), embedded(edited), WINDOW)
    x, y, width, height = WINDOW
    assert found.status is alone.status is Status.CHANGED
    assert np.array_equal(found.mask[y : y + height, x : x + width], alone.mask)
    assert found.mask.sum() == alone.mask.sum()
    assert (found.mask[y : y + height, x : x + width] & truth).sum() > 0.5 * truth.sum()
    [first, *_] = found.regions
    assert first.xyxy[0] - alone.regions[0].xyxy[0] == x
    assert first.xyxy[3] - alone.regions[0].xyxy[3] == y


def test_the_map_between_the_frames_starts_at_the_pictures_own_corner(photo, drifted):
    edited = drifted(photo)
    alone = diff_mask(photo, edited).normal_from_edited
    found = diff_window(embedded(photo), embedded(edited), WINDOW).normal_from_edited
    x, y = WINDOW[:2]
    point = np.array([100.0, 80.0, 1.0])
    moved = np.array([100.0 + x, 80.0 + y, 1.0])
    assert np.allclose(found @ moved, alone @ point + [x, y])


def test_a_window_of_the_whole_picture_is_the_plain_comparison(photo, stained):
    edited, _ = stained(photo)
    whole = (0, 0, photo.shape[1], photo.shape[0])
    found, plain = diff_window(photo, edited, whole), diff_mask(photo, edited)
    assert np.array_equal(found.anomaly_map, plain.anomaly_map)
