"""Photographs that show the same share a split, and none changes sides for others that come."""

import pytest
from station_photos import recompressed, station_photo

from kizu.imaging.thumbnails import thumbnail
from kizu.matching import duplicates
from kizu.sources import NormalImage, thumbnail_path
from kizu.spec import DatasetSpec
from kizu.splits import find_near_duplicates, group_photos
from kizu.splits.near_duplicates import NearDuplicates
from kizu.store import DamagedFileError
from kizu.store.keys import sha256_hex

PARTS = 8


def image(name):
    digest = sha256_hex(name.encode())
    return NormalImage(digest, digest, name, 320, 240)


def spec_with(group=None):
    fields = {"name": "parts", "images": {"path": "photos", "group": group}}
    return DatasetSpec.parse({**fields, "defects": [{"defect_type": "hole", "prompt": "a hole"}]})


PIXELS = {image(f"{part}.png"): station_photo(part) for part in range(PARTS)}
COPY = {image("2.jpg"): recompressed(station_photo(2))}


def find(store, pixels):
    near = find_near_duplicates(pixels, store, pixels.__getitem__)
    near.save(store)
    return near


def near_of(*pairs, since=None, now="2"):
    """What was found of pairs of names; of photos that are not in ``since``, now."""
    digests = [tuple(image(name).sha256 for name in pair) for pair in pairs]
    known = {image(name).sha256: when for name, when in (since or {}).items()}
    return NearDuplicates(
        pairs=tuple((*sorted(pair), 0.9) for pair in digests), since=known, now=now
    )


def groups_of(near, names, group=None):
    groups = group_photos(spec_with(group), [image(name) for name in names], near)
    return {name: groups.group_of(image(name)) for name in names}, groups.notes


def test_the_same_photo_as_png_and_jpeg_is_one_group(store):
    near = find(store, PIXELS | COPY)
    assert [set(pair[:2]) for pair in near.pairs] == [
        {image("2.png").sha256, image("2.jpg").sha256}
    ]
    groups, [note] = groups_of(near, [each.name for each in PIXELS | COPY])
    assert groups["2.jpg"] == groups["2.png"]
    assert len({group.key for group in groups.values()}) == PARTS
    assert note.startswith("2 photos show the same as another (2.jpg and 2.png); ")


def test_a_second_build_looks_at_new_photos_alone(store, monkeypatch):
    assert find(store, PIXELS).looked_at > PARTS

    def never(photo):
        raise AssertionError(photo.name)

    again = find_near_duplicates(PIXELS, store, never)
    assert again.looked_at == 0
    added = find(store, PIXELS | COPY)
    assert 0 < added.looked_at <= 6 * 2
    monkeypatch.setattr(duplicates, "SAME", 0.0)
    assert find(store, PIXELS | COPY).pairs == added.pairs


def test_what_was_found_of_a_pair_stays_whatever_photos_are_added(store):
    before = find(store, PIXELS | COPY)
    more = {image(f"{part}.png"): station_photo(part) for part in range(20, 32)}
    assert find(store, PIXELS | COPY | more).pairs == before.pairs


def test_a_copy_that_comes_later_follows_the_photo_that_is_placed():
    names = ["a.png", "b.png"]
    alone, _ = groups_of(NearDuplicates(), names)
    for first, copy in (names, names[::-1]):
        near = near_of((first, copy), since={first: "1"})
        groups, _ = groups_of(near, names)
        assert groups[copy] == groups[first] == alone[first]


def test_a_photo_between_two_groups_joins_them_and_the_older_one_stays():
    names = ["a.png", "b.png", "new.png"]
    since = {"a.png": "0", "b.png": "1"}
    near = near_of(("a.png", "new.png"), ("b.png", "new.png"), since=since)
    groups, (_, moved) = groups_of(near, names)
    alone, _ = groups_of(NearDuplicates(), names)
    assert set(groups.values()) == {alone["a.png"]}
    assert "1 photos follow another group than before (b.png) and may change" in moved
    later = near_of(
        ("a.png", "new.png"), ("b.png", "new.png"), since={**since, "new.png": "2"}, now="3"
    )
    assert groups_of(later, names)[0] == groups
    assert len(groups_of(later, names)[1]) == 1


def test_groups_that_a_rule_names_are_joined_if_photos_of_them_show_the_same():
    names = ["lot1_a.png", "lot1_b.png", "lot2_a.png", "lot3_a.png"]
    near = near_of(("lot1_a.png", "lot2_a.png"), since=dict.fromkeys(names, "1"))
    groups, notes = groups_of(near, names, group=r"lot\d")
    assert groups["lot1_b.png"] == groups["lot2_a.png"]
    assert groups["lot1_b.png"].name in {"lot1", "lot2"}
    assert groups["lot3_a.png"].name == "lot3"
    assert "images.group keeps apart what shows the same (lot1_a.png and lot2_a.png)" in notes[1]


def test_photos_that_a_rule_keeps_together_are_not_named_again():
    names = ["lot1_a.png", "lot1_b.png", "lot2_a.png"]
    groups, notes = groups_of(near_of(("lot1_a.png", "lot1_b.png")), names, group=r"lot\d")
    assert (groups["lot1_a.png"], notes) == (groups["lot1_b.png"], ())


def test_a_photo_of_a_group_with_its_copy_takes_the_whole_group_along():
    names = ["lot1_a.png", "lot1_b.png", "copy.jpg"]
    near = near_of(("lot1_a.png", "copy.jpg"), since={"lot1_b.png": "1"})
    groups, _ = groups_of(near, names, group=r"lot\d")
    assert {group.name for group in groups.values()} == {"lot1"}


def test_a_photo_that_cannot_be_read_is_passed_over(store):
    def open_photo(photo):
        if photo.name == "1.png":
            raise DamagedFileError("1.png", "it is missing")
        return (PIXELS | COPY)[photo]

    assert len(find_near_duplicates(PIXELS | COPY, store, open_photo).pairs) == 1


@pytest.mark.parametrize("keep", [True, False])
def test_thumbnails_are_stored_only_where_they_are_to_be_kept(store, keep):
    find_near_duplicates(PIXELS, store, PIXELS.__getitem__, keep=keep)
    assert store.exists(thumbnail_path(image("1.png").sha256)) == keep


def test_thumbnails_at_hand_need_no_photo(store):
    at_hand = {each.sha256: thumbnail(pixels) for each, pixels in (PIXELS | COPY).items()}
    assert len(find_near_duplicates(PIXELS | COPY, store, None, at_hand).pairs) == 1
