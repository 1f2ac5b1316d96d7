"""Photos of a group, and the defects on them, are published in one split and one fold."""

import pytest
from republished import add_photo, changed, publish
from reviewed import built

from kizu.publish.dataset import open_dataset
from kizu.sources import list_source, take_in
from kizu.splits import Group


def rows(known):
    return open_dataset(known, "plates").samples.to_dict("records")


def grouped(spec, group, *, max_edited=None, **publish_settings):
    images = {"path": spec.images.path, "group": group, "max_edited": max_edited}
    return changed(spec, images=images, publish=publish_settings)


def is_in_test(row):
    return row["split"] == "test"


def test_all_images_of_a_group_are_in_one_split_and_fold(known, known_spec, tmp_path):
    for number in (30, 31):
        add_photo(tmp_path, number)
    publish(known, grouped(known_spec, r"00\d", folds=3))
    found = {}
    for row in rows(known):
        found.setdefault(row["group"], set()).add((is_in_test(row), row["fold"]))
    assert found.keys() == {"000", "003"}
    assert all(len(places) == 1 for places in found.values())
    assert {place[0] for [place] in found.values()} == {True, False}


@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_a_photo_without_edits_follows_its_group(known, known_spec, tmp_path, name):
    table = tmp_path / "groups.csv"
    table.write_text(f"name,group\n0000,{name}\n0001,{name}\n", encoding="utf-8")
    publish(known, grouped(known_spec, {"table": str(table)}, max_edited=1))
    expected = Group.told(name).is_test(0.5)
    assert {is_in_test(row) for row in rows(known)} == {expected}


def test_groups_that_changed_change_the_version_and_publish_no_picture_anew(known, known_spec):
    before = open_dataset(known, "plates")
    assert set(before.samples["group"]) == {"0000.png", "0001.png"}
    assert set(before.samples["fold"]) == {-1}
    assert publish(known, grouped(known_spec, r"0+(\d)")) == 0
    after = open_dataset(known, "plates")
    assert after.version != before.version
    assert set(after.samples["group"]) == {"0", "1"}


def test_a_table_that_says_otherwise_makes_another_version(known, known_spec, tmp_path):
    table, versions = tmp_path / "groups.csv", set()
    for group in ("a", "b", "a"):
        table.write_text(f"name,group\n0000,{group}\n0001,a\n", encoding="utf-8")
        chosen = built(known, grouped(known_spec, {"table": str(table)}))
        versions.add(chosen.version)
    assert len(versions) == 2


def test_without_groups_photos_are_drawn_as_ever(known, known_spec):
    drawn = {
        image.name: Group.alone(image).is_test(0.5)
        for image in (take_in(file, known) for file in list_source(known_spec.images.path))
    }
    found = {row["group"]: is_in_test(row) for row in rows(known)}
    assert found == drawn
