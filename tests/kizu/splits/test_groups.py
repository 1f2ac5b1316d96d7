"""Photos that belong together share a split, whatever comes to them later."""

import pytest

from kizu.source_files import SourceError
from kizu.sources import NormalImage
from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError
from kizu.splits import Group, group_photos, split_sentences
from kizu.store.keys import sha256_hex

NAMES = [f"lot {n % 3}/tile{n % 4:03d}_exp{n}.jpg" for n in range(12)]


def photo(name):
    digest = sha256_hex(name.encode())
    return NormalImage(digest, digest, name, 100, 80)


PHOTOS = [photo(name) for name in NAMES]


def spec_with(group=None, **publish):
    fields = {"name": "tiles", "images": {"path": "photos", "group": group}, "publish": publish}
    return DatasetSpec.parse({**fields, "defects": [{"defect_type": "hole", "prompt": "a hole"}]})


def names_of(group, photos=PHOTOS):
    groups = group_photos(spec_with(group), photos)
    return [groups.group_of(photo).name for photo in photos]


@pytest.fixture
def table(tmp_path):
    def write(text, encoding="utf-8"):
        file = tmp_path / "lots.csv"
        file.write_bytes(text.encode(encoding))
        return {"table": str(file)}

    return write


def test_a_pattern_names_the_group_by_its_first_group_or_by_the_whole_match():
    assert names_of(r"tile(\d+)_") == [f"{n % 4:03d}" for n in range(12)]
    assert names_of(r"tile\d+") == [f"tile{n % 4:03d}" for n in range(12)]
    assert names_of(r"nothing(\d)|(tile\d+)") == names_of(r"tile\d+")


@pytest.mark.parametrize("level", [1, -1])
def test_a_folder_level_names_the_group(level):
    assert names_of({"folder": level}) == [f"lot {n % 3}" for n in range(12)]


def test_folders_of_one_name_in_different_folders_are_different_groups():
    photos = [photo("a/1/x.png"), photo("b/1/x.png")]
    assert names_of({"folder": 2}, photos) == ["a/1", "b/1"]
    assert names_of({"folder": -2}, photos) == ["a", "b"]


def test_a_table_names_photos_as_people_write_them(table):
    rows = "Name;Group\ntile000_exp0;A\nlot 1/tile001_exp1.jpg;A\nLOT 2\\tile002_exp2.JPG;B\n"
    assert names_of(table(rows, "utf-8-sig"), PHOTOS[:3]) == ["A", "A", "B"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("name,lot\na,1\n", "has no column group; it needs name, group"),
        ("name,group\ntile000_exp0.jpg,A\ntile000_exp0,B\n", "row 3 of lots.csv puts .*into 'B'"),
        ("name,group\nx.png,A\n", "lots.csv names no photo, as 'lot 0/tile000_exp0.jpg'"),
        ("name,name,group\nx,y,A\n", "has the column 'name' twice"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_in_a_sentence(table, rows, told):
    with pytest.raises((SourceError, SpecError), match=told):
        names_of(table(rows))


def test_a_table_in_another_encoding_is_told_in_a_sentence(table):
    with pytest.raises(SourceError, match=r"images.group.table: .*cannot be read as CSV in UTF-8"):
        names_of(table("name,group\n部品,甲\n", "cp932"))


def test_a_row_that_may_mean_two_photos_is_refused(table):
    photos = [photo("a/1.png"), photo("b/1.png")]
    with pytest.raises(SourceError, match=r"'1.png' in row 2 of lots.csv may be a/1.png or b/1"):
        names_of(table("name,group\n1.png,A\n"), photos)


def test_photos_that_nothing_is_said_of_are_groups_alone_and_named(table):
    photos = [photo("000"), *PHOTOS[:2]]
    groups = group_photos(spec_with(r"tile(\d+)_"), photos)
    names = [groups.group_of(each).name for each in photos]
    assert names == [f"000~{photos[0].sha256[:8]}", "000", "001"]
    [note] = groups.notes
    assert note == (
        "images.group says nothing of 1 of 3 photos (000); each of them is a group alone"
    )
    rows = "name,group\n000,A\nx.png,B\n"
    assert (
        "lots.csv names 1 photos that are not there (x.png)"
        in (group_photos(spec_with(table(rows)), photos).notes[0])
    )


@pytest.mark.parametrize(
    ("group", "told"),
    [
        ("tile(", "images.group.pattern.*is no regular expression"),
        ({"folder": 0}, "images.group.folder.*levels are counted from 1"),
        ({"folder": 1, "pattern": "x"}, "exactly one of pattern, folder and table"),
    ],
)
def test_a_rule_that_is_none_is_told_in_a_sentence(group, told):
    with pytest.raises(SpecError, match=told):
        spec_with(group)


@pytest.mark.parametrize(
    ("group", "told"),
    [
        ("serial", "images.group.pattern: 'serial' is in no photo's name, as 'lot 0"),
        ({"folder": 3}, "images.group.folder: no photo lies 3 folders deep, as 'lot 0"),
    ],
)
def test_a_rule_that_says_nothing_at_all_is_refused(group, told):
    with pytest.raises(SpecError, match=told):
        names_of(group)


def test_a_group_keeps_its_split_whatever_photos_are_added():
    few = group_photos(spec_with(r"tile(\d+)_"), PHOTOS[:6])
    more = group_photos(spec_with(r"tile(\d+)_"), PHOTOS)
    for each in PHOTOS[:6]:
        assert few.group_of(each) == more.group_of(each)
    assert {more.group_of(each).is_test(0.5) for each in PHOTOS} == {True, False}


def test_a_photo_of_which_nothing_is_said_is_drawn_as_ever():
    groups = group_photos(spec_with(), PHOTOS)
    assert [groups.group_of(each) for each in PHOTOS] == [Group.alone(each) for each in PHOTOS]
    cup = NormalImage("ab" * 32, "ab" * 32, "cup.png", 8, 8)
    # SHA-256 of {"kind":"split","sha256":"abab..."}, as kizu has drawn since its first version
    assert groups.group_of(cup).key.startswith("d3c25787")


def test_every_fold_has_about_as_many_groups():
    groups = [Group.told(str(n)) for n in range(1000)]
    sizes = [sum(group.fold(5) == fold for group in groups) for fold in range(5)]
    assert min(sizes) > 150
    in_test = [group for group in groups if group.is_test(0.5)]
    assert 60 < sum(group.fold(5) == 0 for group in in_test) < 140  # independent of the split


def test_how_groups_fall_is_said_with_what_is_odd():
    spec = spec_with(r"tile(\d+)_", folds=2)
    groups = group_photos(spec, PHOTOS)
    fall, folds = split_sentences(spec, PHOTOS, groups, {each.sha256 for each in PHOTOS})
    assert fall.startswith("4 groups of 12 photos, the largest of 3: ")
    assert folds.startswith("2 folds of ")
    one = group_photos(spec_with("jpg"), PHOTOS)
    *_, odd = split_sentences(spec_with("jpg"), PHOTOS, one, {PHOTOS[0].sha256})
    assert odd.startswith("no group with defects falls to t")
