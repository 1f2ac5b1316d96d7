"""Photographs that show the same share a split, and none changes sides for others that come."""

import numpy as np
import pytest
from station_photos import recompressed, station_photo

from kizu.imaging.thumbnails import thumbnail
from kizu.matching import duplicates
from kizu.sources import NormalImage, thumbnail_path
from kizu.spec import DatasetSpec
from kizu.splits import find_near_duplicates, group_photos
from kizu.splits.looks import LooksTable
from kizu.splits.near_duplicates import NearDuplicates
from kizu.splits.thumbnail_packs import pack_thumbnails, read_packs
from kizu.store import DamagedFileError, Store
from kizu.store.keys import sha256_hex

PARTS = 8
NAME = "parts"


def image(name):
    digest = sha256_hex(name.encode())
    return NormalImage(digest, digest, name, 320, 240)


def spec_with(group=None):
    fields = {"name": "parts", "images": {"path": "photos", "group": group}}
    return DatasetSpec.parse({**fields, "defects": [{"defect_type": "hole", "prompt": "a hole"}]})


PIXELS = {image(f"{part}.png"): station_photo(part) for part in range(PARTS)}
COPY = {image("2.jpg"): recompressed(station_photo(2))}


def find(store, pixels):
    near = find_near_duplicates(NAME, pixels, store, pixels.__getitem__)
    near.save(store, NAME)
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

    again = find_near_duplicates(NAME, PIXELS, store, never)
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

    assert len(find_near_duplicates(NAME, PIXELS | COPY, store, open_photo).pairs) == 1


@pytest.mark.parametrize("keep", [True, False])
def test_thumbnails_are_stored_only_where_they_are_to_be_kept(store, keep):
    find_near_duplicates(NAME, PIXELS, store, PIXELS.__getitem__, keep=keep)
    assert store.exists(thumbnail_path(image("1.png").sha256)) == keep


def test_thumbnails_at_hand_need_no_photo(store):
    at_hand = {each.sha256: thumbnail(pixels) for each, pixels in (PIXELS | COPY).items()}
    assert len(find_near_duplicates(NAME, PIXELS | COPY, store, None, at_hand).pairs) == 1


def test_of_the_same_photos_one_file_is_read(store, monkeypatch):
    found = find(store, PIXELS | COPY)
    read, read_as = [], Store.read
    monkeypatch.setattr(Store, "read", lambda self, path: read.append(path) or read_as(self, path))
    again = find_near_duplicates(NAME, PIXELS | COPY, store, None, keep=False)
    assert (again.pairs, again.since) == (found.pairs, found.since)
    assert read == ["near_duplicates/1/datasets/parts.json"]


def test_a_photo_more_needs_the_packs_and_its_own_thumbnail(store):
    find(store, PIXELS)
    for path in list(store.list("thumbnails")):
        if "packs" not in path:
            store.remove(path)
    opened = []
    near = find_near_duplicates(
        NAME, PIXELS | COPY, store, lambda photo: opened.append(photo.name) or COPY[photo]
    )
    assert (opened, len(near.pairs)) == (["2.jpg"], 1)


@pytest.mark.parametrize("lost", ["damaged", "missing"])
def test_a_pack_that_is_lost_is_made_anew_of_thumbnails(store, lost):
    find(store, PIXELS)
    [pack] = store.list("thumbnails/packs/parts")
    store.write(pack, b"no pack") if lost == "damaged" else store.remove(pack)
    assert len(find(store, PIXELS | COPY).pairs) == 1
    [anew] = LooksTable.open(store, NAME, []).packs
    assert anew != pack
    assert len(read_packs(store, [anew])[anew]) == PARTS + 1


def test_many_packs_become_one(store):
    small = np.zeros((8, 8), np.uint8)
    packed, known, replaced = {}, {}, []
    for number in range(18):
        known[f"{number:064}"] = small
        packs = pack_thumbnails(store, NAME, known, packed)
        packed = {path: frozenset(pack) for path, pack in read_packs(store, packs.named).items()}
        replaced += packs.replaced
    assert [len(names) for names in packed.values()] == [17, 1]
    assert len(replaced) == 16


def test_what_an_older_kizu_knew_of_each_photo_still_holds(store):
    near = find(store, PIXELS | COPY)
    table = LooksTable.open(store, NAME, [])
    for sha256, looks in table.looks.items():
        older = {"since": "2020", "likeness": looks.likeness}
        store.write_json(f"near_duplicates/1/{sha256[:2]}/{sha256}.json", older)
    store.remove("near_duplicates/1/datasets/parts.json")
    again = find(store, PIXELS | COPY)
    assert (again.looked_at, again.pairs) == (0, near.pairs)
    assert set(again.since.values()) == {"2020"}
    assert set(find(store, PIXELS | COPY).since.values()) == {"2020"}
