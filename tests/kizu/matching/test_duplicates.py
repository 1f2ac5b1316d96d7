"""Copies of one photograph are found, and other parts on the same station are not."""

import numpy as np
import pytest
from station_photos import cropped, exposed, halved, recompressed, station_photo

from kizu.imaging.thumbnails import thumbnail
from kizu.matching.duplicates import SAME, DuplicateSearch

PARTS = 14


def found(photos, sides=None):
    search = DuplicateSearch([thumbnail(photo) for photo in photos])
    return dict(search.likenesses(search.candidates(sides)))


def same(photos):
    return {pair for pair, likeness in found(photos).items() if likeness >= SAME}


@pytest.fixture(scope="module")
def parts():
    return [station_photo(part) for part in range(PARTS)]


@pytest.mark.parametrize("copy", [recompressed, halved, cropped, exposed])
def test_a_copy_is_found_among_parts_that_look_alike(parts, copy):
    assert same([*parts, copy(parts[3])]) == {(3, PARTS)}


def test_different_parts_on_one_station_are_not_the_same(parts):
    looked_at = found(parts)
    assert looked_at
    assert max(looked_at.values()) < 0.7


def test_several_copies_of_one_photo_are_all_found(parts):
    copies = [recompressed(parts[3]), halved(parts[3])]
    assert same([*parts, *copies]) == {(3, PARTS), (3, PARTS + 1), (PARTS, PARTS + 1)}


def test_a_copy_of_an_only_photo_is_found_and_another_picture_is_not():
    one, other = station_photo(0), station_photo(0, station=1)
    assert same([one, recompressed(one)]) == {(0, 1)}
    assert same([one, other]) == set()


def test_only_pairs_across_sides_are_looked_at_where_sides_are_given(parts):
    sides = [number % 2 for number in range(PARTS)]
    assert all(sides[one] != sides[other] for one, other in found(parts, sides))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_flat_photos_and_hardly_any_are_no_error(count):
    assert same([np.full((40, 60, 3), 90, np.uint8)] * count) == set()


def test_a_photo_is_worth_a_few_looks_however_many_there_are(parts):
    assert len(found(parts)) <= 6 * PARTS
