import cv2
import numpy as np
import pytest

from kizu.edit.painter.foreground import split_foreground
from kizu.edit.painter.placement import (
    place_at_border,
    place_at_edge,
    place_on_object,
    place_on_whole_object,
)

SIDE_PX = 512
DISC = ((330, 190), 110)


def photo(discs=(DISC,)):
    """Blue discs on a light table, with a little noise."""
    image = np.full((SIDE_PX, SIDE_PX, 3), 225, np.uint8)
    for centre, radius in discs:
        cv2.circle(image, centre, radius, (60, 90, 150), -1)
    noise = np.random.default_rng(0).normal(0, 1.0, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def texture():
    noise = np.random.default_rng(1).integers(0, 256, (SIDE_PX, SIDE_PX, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 1.0)


def places(choose, count=20):
    return [choose(np.random.default_rng(seed)) for seed in range(count)]


def away(placement, centre=DISC[0]):
    return np.hypot(placement.x - centre[0], placement.y - centre[1])


def test_a_defect_lies_on_the_object_with_room_for_its_radius():
    foreground = split_foreground(photo(), None)
    assert foreground.has_objects
    for placed in places(lambda rng: place_on_object(foreground, 30.0, rng, elongated=False)):
        assert away(placed) < DISC[1]
        assert placed.room_px <= DISC[1] - away(placed) + 3
    rooms = [
        place_on_object(foreground, 30.0, np.random.default_rng(seed), elongated=False).room_px
        for seed in range(20)
    ]
    assert np.median(rooms) >= 30.0 * 0.7


def test_equal_random_numbers_choose_equal_places_and_others_others():
    foreground = split_foreground(photo(), None)
    first, second = (
        place_on_object(foreground, 20.0, np.random.default_rng(5), elongated=True)
        for _ in range(2)
    )
    assert first == second
    assert (
        len(
            {
                p.x
                for p in places(lambda rng: place_on_object(foreground, 20.0, rng, elongated=False))
            }
        )
        > 5
    )


def test_on_plain_texture_the_whole_picture_but_its_border_is_used():
    foreground = split_foreground(texture(), None)
    assert not foreground.has_objects
    found = places(lambda rng: place_on_object(foreground, 10.0, rng, elongated=False), 40)
    assert max(p.x for p in found) - min(p.x for p in found) > SIDE_PX / 2
    for placed in found:
        assert 0.03 * SIDE_PX < placed.x < 0.97 * SIDE_PX
        assert 0.03 * SIDE_PX < placed.y < 0.97 * SIDE_PX


def test_an_object_too_small_for_the_defect_is_left_for_the_ground():
    foreground = split_foreground(photo([((120, 400), 52)]), None)
    found = places(lambda rng: place_on_object(foreground, 150.0, rng, elongated=False))
    assert np.median([away(placed, (120, 400)) for placed in found]) > 52


def test_a_region_is_kept_even_where_no_object_is():
    region = np.zeros((SIDE_PX, SIDE_PX), bool)
    region[400:480, 20:100] = True
    foreground = split_foreground(photo(), region)
    for placed in places(lambda rng: place_on_object(foreground, 15.0, rng, elongated=False)):
        assert region[round(placed.y), round(placed.x)]


def test_a_line_is_turned_to_where_it_fits():
    region = np.zeros((SIDE_PX, SIDE_PX), bool)
    region[240:280, 30:480] = True
    foreground = split_foreground(texture(), region)
    turned, as_drawn = (
        places(lambda rng, turn=turn: place_on_object(foreground, 60.0, rng, elongated=turn))
        for turn in (True, False)
    )
    for line, round_one in zip(turned, as_drawn, strict=True):
        assert (line.x, line.y) == (round_one.x, round_one.y)
        assert line.span_px >= min(round_one.span_px, 2 * 60.0)
        assert abs(np.sin(line.angle_rad)) * line.span_px <= 40 + 8
    assert np.median([line.span_px for line in turned]) >= 2 * 60.0
    assert np.median([one.span_px for one in as_drawn]) < 2 * 60.0


def test_a_chip_lies_on_the_outline_and_points_into_the_object():
    foreground = split_foreground(photo(), None)
    found = [p for p in places(lambda rng: place_at_edge(foreground, 15.0, rng)) if p]
    assert len(found) > 10
    for placed in found:
        assert away(placed) == pytest.approx(DISC[1], abs=8)
        inward = np.array(DISC[0]) - (placed.x, placed.y)
        heading = np.array([np.cos(placed.angle_rad), np.sin(placed.angle_rad)])
        assert heading @ inward / np.linalg.norm(inward) > 0.9
        assert placed.at_edge


def test_on_the_photos_border_a_place_lies_where_the_object_goes_on_and_points_into_it():
    foreground = split_foreground(texture(), None)
    ways = {0: (1, 0), 1: (0, 1), 2: (-1, 0), 3: (0, -1)}
    met = set()
    for placed in places(lambda rng: place_at_border(foreground, 15.0, rng)):
        distances = (placed.x, placed.y, SIDE_PX - 1 - placed.x, SIDE_PX - 1 - placed.y)
        side = int(np.argmin(distances))
        assert distances[side] < 1
        way = np.cos(placed.angle_rad), np.sin(placed.angle_rad)
        np.testing.assert_allclose(way, ways[side], atol=1e-6)
        assert placed.at_edge
        assert placed.at_border
        met.add(side)
    assert len(met) == 4


def test_on_the_photos_border_the_asked_way_in_is_kept_to():
    foreground = split_foreground(texture(), None)
    for placed in places(lambda rng: place_at_border(foreground, 15.0, rng, near_rad=1.4)):
        assert placed.y < 1


def test_an_object_that_stands_free_meets_no_border():
    foreground = split_foreground(photo(), None)
    assert place_at_border(foreground, 15.0, np.random.default_rng(0)) is None


def test_where_nothing_stands_out_there_is_no_edge_and_no_object():
    foreground = split_foreground(texture(), None)
    rng = np.random.default_rng(0)
    assert place_at_edge(foreground, 10.0, rng) is None
    assert place_on_whole_object(foreground, (0, 1e9), rng) is None


def test_an_object_of_the_wanted_area_is_taken_whole():
    foreground = split_foreground(photo([((100, 100), 30), ((380, 330), 90)]), None)
    wanted = (0.5 * np.pi * 30**2, 1.5 * np.pi * 30**2)
    found = [p for p in places(lambda rng: place_on_whole_object(foreground, wanted, rng)) if p]
    assert found
    for placed in found:
        assert away(placed, (100, 100)) < 4
        assert placed.object_area_px == pytest.approx(np.pi * 30**2, rel=0.4)


def test_one_fitting_object_is_not_every_variants():
    foreground = split_foreground(photo([((100, 100), 30), ((380, 330), 90)]), None)
    wanted = (0.5 * np.pi * 30**2, 1.5 * np.pi * 30**2)
    found = places(lambda rng: place_on_whole_object(foreground, wanted, rng), 40)
    assert 5 < sum(placed is None for placed in found) < 35


def test_no_object_of_the_wanted_area_is_none():
    foreground = split_foreground(photo(), None)
    assert place_on_whole_object(foreground, (10.0, 20.0), np.random.default_rng(0)) is None


def test_an_object_partly_outside_the_region_is_left_where_it_is():
    region = np.ones((SIDE_PX, SIDE_PX), bool)
    region[:, DISC[0][0] :] = False
    foreground = split_foreground(photo(), region)
    wanted = (0.0, SIDE_PX**2)
    assert not any(places(lambda rng: place_on_whole_object(foreground, wanted, rng)))
