"""Whatever two equal-sized images are compared, the answer is finite and holds together.

Warnings are errors here, NumPy's among them.
"""

from dataclasses import astuple
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kizu.diff import DiffResult, DiffSettings, Status, composite, diff_mask
from kizu.imaging.codecs import decode_image

SHAPES = [(1, 1), (2, 2), (1, 40), (16, 15), (40, 40)]
OTHER_SHAPES = [(1, 2), (3, 3), (5, 31), (32, 32), (2, 300)]
SLOW = pytest.mark.slow  # some shapes and pairs stand for the others where time is short
LARGER_SHAPES = [(32, 2000), (700, 32), (97, 130)]


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def texture(shape, seed=0):
    """Soft colourful noise, as large as the picture needs."""
    soft = cv2.GaussianBlur(noise(shape, seed).astype(np.float32), (0, 0), 1.5)
    return np.clip((soft - 127) * 3 + 127, 0, 255).astype(np.uint8)


def constant(shape, level):
    return np.full((*shape, 3), level, np.uint8)


def gradient(shape, axis):
    ramp = np.linspace(0, 255, shape[axis]).reshape([-1 if a == axis else 1 for a in (0, 1, 2)])
    return np.broadcast_to(ramp, (*shape, 3)).astype(np.uint8)


def checkers(shape, cell_px):
    rows, columns = np.indices(shape) // cell_px
    return np.repeat(((rows + columns) % 2 * np.uint8(255))[..., None], 3, 2).astype(np.uint8)


def turned(image):
    height, width = image.shape[:2]
    return cv2.resize(np.rot90(image), (width, height)).reshape(image.shape)


def one_pixel(image):
    other = image.copy()
    other[other.shape[0] // 2, other.shape[1] // 2] = (255, 0, 0)
    return other


PAIRS = {
    "equal": lambda shape: (texture(shape), texture(shape)),
    "two constants": lambda shape: (constant(shape, 100), constant(shape, 103)),
    "black and white": lambda shape: (constant(shape, 0), constant(shape, 255)),
    "constant and noise": lambda shape: (constant(shape, 128), noise(shape)),
    "two noises": lambda shape: (noise(shape, 1), noise(shape, 2)),
    "two textures": lambda shape: (texture(shape, 1), texture(shape, 2)),
    "black": lambda shape: (texture(shape), constant(shape, 0)),
    "one pixel": lambda shape: (texture(shape), one_pixel(texture(shape))),
    "one pixel on a constant": lambda shape: (constant(shape, 9), one_pixel(constant(shape, 9))),
    "inverted": lambda shape: (texture(shape), 255 - texture(shape)),
    "upside down": lambda shape: (texture(shape), texture(shape)[::-1, ::-1]),
    "mirrored": lambda shape: (texture(shape), texture(shape)[:, ::-1]),
    "turned": lambda shape: (texture(shape), turned(texture(shape))),
    "two gradients": lambda shape: (gradient(shape, 0), gradient(shape, 1)),
    "gradient and its reverse": lambda shape: (gradient(shape, 1), gradient(shape, 1)[:, ::-1]),
    "two checkerboards": lambda shape: (checkers(shape, 1), checkers(shape, 3)),
    "checkerboard and its inverse": lambda shape: (checkers(shape, 8), 255 - checkers(shape, 8)),
    "checkerboard and grey": lambda shape: (checkers(shape, 1), constant(shape, 128)),
    "saturated": lambda shape: (texture(shape), np.where(texture(shape) > 127, 255, 0)),
    "clipped": lambda shape: (texture(shape), np.minimum(texture(shape) * 3.0, 255)),
    "one channel": lambda shape: (texture(shape), texture(shape) * np.array([1, 0, 0])),
}


KINDS = ["equal", "two noises", "inverted", "two gradients", "clipped"]
"""Pairs of which the first is like the second to another degree each."""


@cache
def compared(kind, shape):
    """A pair of pictures, and what the first and the second give; only to be read."""
    first, second = (np.ascontiguousarray(image, np.uint8) for image in PAIRS[kind](shape))
    with np.errstate(all="warn", under="ignore"):
        return first, second, diff_mask(first, second)


def assert_sound(result: DiffResult, shape):
    assert result.anomaly_map.dtype == np.float32
    assert result.mask.dtype == np.bool_
    assert result.anomaly_map.shape == result.mask.shape == tuple(shape)
    assert np.isfinite(result.anomaly_map).all()
    assert (result.anomaly_map >= 0).all()
    assert np.isfinite(result.threshold)
    assert result.threshold > 0
    assert np.array_equal(result.anomaly_map >= result.threshold, result.mask)
    assert np.isfinite(result.normal_from_edited).all()
    assert np.isfinite(result.registration_residual_px)
    assert 0 <= result.match_rate <= 1
    assert np.isfinite(astuple(result.tone)).all()
    assert_regions_are_the_mask(result)
    if result.status is not Status.REDRAWN:
        assert (result.status is Status.CHANGED) == result.mask.any()


def assert_regions_are_the_mask(result: DiffResult):
    areas = [region.area_px for region in result.regions]
    assert sum(areas) == result.mask.sum()
    assert areas == sorted(areas, reverse=True)
    for region in result.regions:
        left, top, right, bottom = region.xyxy
        assert 0 <= left < right <= result.mask.shape[1]
        assert 0 <= top < bottom <= result.mask.shape[0]
        assert region.area_px <= result.mask[top:bottom, left:right].sum()
        assert region.strength >= result.threshold


@pytest.mark.parametrize(
    "shape", [*SHAPES, *(pytest.param(one, marks=SLOW) for one in OTHER_SHAPES)]
)
@pytest.mark.parametrize("kind", PAIRS)
def test_any_two_images_of_one_size_give_a_sound_answer(shape, kind):
    first, second, result = compared(kind, shape)
    assert_sound(result, shape)
    with np.errstate(all="warn", under="ignore"):
        assert_sound(diff_mask(second, first), shape)


@pytest.mark.parametrize("shape", LARGER_SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_long_and_larger_images_give_a_sound_answer(shape, kind):
    first, second = (np.ascontiguousarray(image, np.uint8) for image in PAIRS[kind](shape))
    with np.errstate(all="warn", under="ignore"):
        assert_sound(diff_mask(first, second), shape)


@given(
    pair=st.tuples(st.integers(1, 24), st.integers(1, 24)).flatmap(
        lambda shape: st.tuples(
            arrays(np.uint8, (*shape, 3), elements=st.integers(0, 255)),
            arrays(np.uint8, (*shape, 3), elements=st.integers(0, 255)),
        )
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_two_small_images_give_a_sound_answer(pair):
    assert_sound(diff_mask(*pair), pair[0].shape[:2])


@pytest.mark.parametrize(
    "kind",
    [*KINDS, *(pytest.param(kind, marks=SLOW) for kind in PAIRS if kind not in KINDS)],
)
def test_a_reduced_comparison_gives_a_sound_answer_at_full_size(kind):
    shape = (505, 505)
    first, second = (np.ascontiguousarray(image, np.uint8) for image in PAIRS[kind](shape))
    assert_sound(diff_mask(first, second, DiffSettings(max_work_megapixels=0.25)), shape)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_a_region_keeps_the_answer_sound(pair):
    shape = (96, 120)
    first, second = (np.ascontiguousarray(image, np.uint8) for image in pair(shape))
    region = np.zeros(shape, np.bool_)
    region[20:60, 30:80] = True
    assert_sound(diff_mask(first, second, region=region), shape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", PAIRS)
def test_any_answer_can_be_composited(shape, kind):
    first, second, result = compared(kind, shape)
    pasted = composite(first, second, result.mask, result)
    assert np.array_equal(pasted.image[~pasted.touched], first[~pasted.touched])


@pytest.mark.parametrize(
    "kind",
    [
        *("two noises", "two textures", "inverted", "upside down", "mirrored", "turned"),
        "two checkerboards",
        *("black and white", "black", "constant and noise", "checkerboard and grey", "saturated"),
    ],
)
def test_another_picture_is_redrawn_either_way(kind):
    first, second = (np.ascontiguousarray(image, np.uint8) for image in PAIRS[kind]((160, 208)))
    assert diff_mask(first, second).status is Status.REDRAWN
    assert diff_mask(second, first).status is Status.REDRAWN


RELIGHTS = {
    "half the light": lambda rgb: 0.5 * rgb,
    "gamma 2.2": lambda rgb: rgb**2.2,
    "gamma 1/2.2": lambda rgb: rgb ** (1 / 2.2),
    "night": lambda rgb: rgb**1.8 * np.array([0.35, 0.45, 0.8]),
    "hue turned": lambda rgb: rgb[..., [1, 2, 0]],
    "light from the side": lambda rgb: rgb * np.linspace(0.25, 1.3, rgb.shape[1])[:, None],
}


@pytest.mark.parametrize("kind", RELIGHTS)
def test_a_picture_in_another_light_is_redrawn(photo, kind):
    relit = np.clip(np.rint(255 * RELIGHTS[kind](photo / 255)), 0, 255).astype(np.uint8)
    assert diff_mask(photo, relit).status is Status.REDRAWN


def test_the_order_in_memory_does_not_matter(photo, stained):
    edited, _ = stained(photo)
    views = [np.asfortranarray(image) for image in (photo, edited)]
    assert np.array_equal(diff_mask(*views).mask, diff_mask(photo, edited).mask)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_a_grey_16_bit_file_is_compared_like_its_8_bit_form(photo, stained, suffix):
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    _, data = cv2.imencode(suffix, grey.astype(np.uint16) * 257)
    deep = decode_image(data.tobytes())
    flat = np.repeat(grey[..., None], 3, axis=2)
    assert np.array_equal(deep, flat)
    edited, truth = stained(deep, colour=(30, 30, 30))
    result = diff_mask(deep, edited)
    assert (result.mask & truth).sum() > 0.8 * (result.mask | truth).sum()
