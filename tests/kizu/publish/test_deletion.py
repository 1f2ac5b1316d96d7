"""A deleted version takes along what no other one has, and nothing else."""

import unicodedata

import pytest
from damage import damage
from kept import copy_folder
from republished import add_photo, changed, publish
from reviewed import built

from kizu.publish.dataset import DatasetError, open_dataset
from kizu.publish.deletion import DeletionError, delete_version
from kizu.publish.layout import (
    MANIFEST,
    VersionFolder,
    complete_versions,
    latest_version,
    pool_path,
)
from kizu.store import Store


@pytest.fixture
def known(second, tmp_path):
    """A store with two versions."""
    copy_folder(second, tmp_path)
    return Store(str(tmp_path / "store"))


@pytest.fixture
def both(known):
    """The first version and the one after it, which has one photo more and another split."""
    latest = latest_version(known, "plates")
    [before] = set(complete_versions(known, "plates")) - {latest.version}
    return VersionFolder("plates", before), latest


def others(known):
    """All files but those below datasets, builds and reports."""
    apart = ("datasets/", "builds/", "reports/")
    return {path for path in known.list("") if not path.startswith(apart)}


def test_what_only_that_version_has_goes_and_all_else_stays(known, both):
    before, after = both
    known.write(before.report("index.html"), b"its page")
    kept, pictures = others(known), set(known.list(pool_path("plates")))
    done = delete_version(known, before)
    assert done.was_there
    assert complete_versions(known, "plates") == [after.version]
    assert set(known.list(pool_path("plates"))) == pictures, "the later one has them all"
    assert list(open_dataset(known, "plates").damage()) == []
    assert others(known) == kept
    assert not [path for path in known.list("") if before.version in path.split("/")]


def test_pictures_of_no_other_version_are_freed(known, both):
    before, after = both
    sizes = known.sizes(pool_path("plates"))
    done = delete_version(known, after, even_latest=True)
    gone = {path: size for path, size in sizes.items() if "/0009_" in path}
    assert set(known.list(pool_path("plates"))) == set(sizes) - set(gone)
    links = sum(size for path, size in gone.items() if "/images/good/" in path)
    assert done.freed_bytes >= sum(gone.values()) - links > 0
    assert list(open_dataset(known, "plates", before.version).damage()) == []


def test_the_latest_version_goes_only_if_told_so(known, both):
    _, after = both
    with pytest.raises(DeletionError, match=r"is the latest version of 'plates'.* say --latest"):
        delete_version(known, after)
    delete_version(known, after, even_latest=True)
    with pytest.raises(DatasetError, match=r"no version of 'plates' .* is the latest one"):
        open_dataset(known, "plates")


def test_nothing_goes_while_a_build_publishes_the_dataset(known, known_spec, both, tmp_path):
    before, _ = both
    add_photo(tmp_path, 10)
    chosen = built(known, known_spec)
    with pytest.raises(DeletionError, match=f"is publishing version {chosen.version} .* wait"):
        delete_version(known, before)
    delete_version(known, before, even_building=True)


def test_a_version_that_is_not_there_is_one_sentence(known):
    with pytest.raises(
        DeletionError, match=r"no version 'nothing' .* 'kizu versions plates' lists"
    ):
        delete_version(known, type(latest_version(known, "plates"))("plates", "nothing"))


@pytest.mark.parametrize("name", ["samples.parquet", MANIFEST])
def test_while_another_version_is_damaged_nothing_goes(known, both, name):
    before, after = both
    damage(known, after.path(name), "cut to half")
    files = set(known.list(""))
    with pytest.raises(DeletionError, match="so nothing is deleted"):
        delete_version(known, before)
    assert set(known.list("")) == files


def test_a_damaged_version_can_be_deleted(known, both):
    before, after = both
    damage(known, before.path("samples.parquet"), "cut to half")
    assert delete_version(known, before).was_there
    assert complete_versions(known, "plates") == [after.version]


@pytest.mark.parametrize("after_removals", [0, 1, 3, 5])
def test_what_a_killed_deletion_leaves_goes_with_the_next(known, both, monkeypatch, after_removals):
    before, after = both
    remove, removed = Store.remove, []

    def kill(self, path):
        if len(removed) == after_removals:
            raise KeyboardInterrupt
        removed.append(path)
        remove(self, path)

    monkeypatch.setattr(Store, "remove", kill)
    with pytest.raises(KeyboardInterrupt):
        delete_version(known, after, even_latest=True)
    monkeypatch.undo()
    if after.version in complete_versions(known, "plates"):
        assert open_dataset(known, "plates", after.version).verify() == []
    delete_version(known, after, even_latest=True)
    assert not [path for path in known.list("datasets") if after.version in path]
    assert not [path for path in known.list(pool_path("plates")) if "/0009_" in path]
    assert open_dataset(known, "plates", before.version).verify() == []


@pytest.mark.parametrize(
    "form", [str.upper, lambda name: unicodedata.normalize("NFD", name)], ids=["case", "unicode"]
)
def test_what_a_disk_lists_under_another_form_of_its_name_stays(
    known, known_spec, monkeypatch, form
):
    named = changed(known_spec, defects=[{"defect_type": "ガhole", "prompt": "a deep hole"}])
    before = latest_version(known, "plates")
    publish(known, named)
    listed, gone, remove = Store.sizes, [], Store.remove

    def sizes(self, folder):
        found = listed(self, folder)
        return {form(path): n for path, n in found.items()} if folder.endswith("files") else found

    monkeypatch.setattr(Store, "sizes", sizes)
    monkeypatch.setattr(Store, "remove", lambda self, path: gone.append(path) or remove(self, path))
    delete_version(known, before)
    monkeypatch.undo()
    assert not [path for path in gone if "ガ" in unicodedata.normalize("NFC", path)]
    assert open_dataset(known, "plates").verify() == []
