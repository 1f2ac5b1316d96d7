import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_pictures import part

from kizu.matching import ImageFeatures, describe_image
from kizu.matching.features import MAX_FEATURES, content_box, turned_thumbnails


def test_features_come_back_from_the_store():
    features = describe_image(part(1))
    back = ImageFeatures.from_bytes(features.to_bytes())
    assert back.size == features.size
    assert back.content == features.content
    assert np.allclose(back.thumbnail, features.thumbnail, atol=1e-3)
    assert np.array_equal(back.points, features.points)
    assert np.array_equal(back.descriptors, features.descriptors)
    assert len(features.to_bytes()) < 60_000


def test_a_product_of_very_low_contrast_has_features():
    faint = (128 + (part(2).astype(float) - 128) * 0.03).astype(np.uint8)
    assert np.ptp(faint) < 10
    assert len(describe_image(faint).descriptors) > 50


def test_a_plain_picture_has_none_and_is_no_error():
    features = describe_image(np.full((40, 60, 3), 200, np.uint8))
    assert len(features.descriptors) == 0
    assert not features.thumbnail.any()


def test_a_picture_of_a_few_pixels_is_no_error():
    assert describe_image(np.zeros((1, 3, 3), np.uint8)).size == (3, 1)


def test_features_are_spread_over_the_picture():
    picture = part(3).copy()
    picture[:, 60:] = (picture[:, 60:] // 8) + 100
    points = describe_image(picture).points
    assert len(points) <= MAX_FEATURES
    assert np.count_nonzero(points[:, 0] > 100) > len(points) / 4


@settings(max_examples=20)
@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from([0, 255, 90]), st.integers(0, 3))
def test_a_plain_border_is_told_from_the_content(top, left, level, noise):
    rng = np.random.default_rng(0)
    inner = rng.integers(0, 256, (120, 150), np.uint8)
    inner[[0, -1]] = inner[:, [0, -1]] = (level + 100) % 256
    framed = np.pad(inner, ((top, top), (left, left)), constant_values=level)
    framed = np.clip(framed.astype(int) + rng.integers(-noise, noise + 1, framed.shape), 0, 255)
    assert content_box(framed.astype(np.uint8)) == (left, top, 150, 120)


def test_a_thing_on_a_plain_ground_keeps_its_ground():
    picture = np.full((200, 200), 250, np.uint8)
    picture[90:110, 90:110] = 20
    assert content_box(picture) == (0, 0, 200, 200)


def test_the_thumbnail_of_a_turned_picture_is_found_among_its_turns():
    picture = part(4)
    for turns in range(4):
        turned = describe_image(np.ascontiguousarray(np.rot90(picture, turns)))
        likeness = turned_thumbnails(turned.thumbnail) @ describe_image(picture).thumbnail.ravel()
        assert np.argmax(likeness) == turns
        assert likeness[turns] > 0.99
