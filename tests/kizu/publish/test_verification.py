"""What is lost of a published version is seen, and comes back from the store."""

import pytest
from damage import CONTENT, MISSING, damage
from reviewed import built, spec_of

from kizu.publish.dataset import Dataset, open_dataset
from kizu.publish.layout import MANIFEST, latest_version
from kizu.publish.samples import publish_shard
from kizu.publish.verification import restore, what_is_lost
from kizu.publish.version import last_build, point_to_latest, publish_normals, publish_tables
from kizu.sources import list_source, take_in
from kizu.store import Store

TABLE = "samples.parquet"


@pytest.fixture
def published(store, tmp_path):
    """A version of two photos with a hole each."""
    spec = spec_of(tmp_path / "photos", photos=2, side_px=96, defects=["hole"])
    chosen = built(store, spec)
    assert chosen.is_new
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    outcomes, folder = chosen.open_outcomes(store), chosen.folder()
    parts = [
        publish_shard(store, folder, s.open(store)) for s in last_build(store, "plates").shards
    ]
    normals = publish_normals(store, folder, spec, images, outcomes)
    publish_tables(store, folder, spec, outcomes, [normals, *parts])
    point_to_latest(store, folder)
    return lambda: built(store, spec)


def files(store):
    folder = latest_version(store, "plates").path("")
    return {path: store.read(path) for path in store.list(folder.rstrip("/"))}


def test_a_whole_version_is_not_published_again(store, published):
    assert what_is_lost(store, latest_version(store, "plates")) == ""
    assert list(open_dataset(store, "plates").damage()) == []
    assert not published().is_new


def test_what_a_listing_shows_lost_is_published_anew(store, published):
    kinds = {path.split("/")[3]: path for path in files(store)}
    assert kinds.keys() > {"images", "masks", "touched", MANIFEST, TABLE}
    for path in kinds.values():
        data = store.read(path)
        damage(store, path, MISSING)
        assert published().is_new, path
        store.write(path, data)
    assert not published().is_new


def test_what_a_disk_lists_under_another_form_of_its_name_is_not_lost(
    store, published, monkeypatch
):
    listed = store.sizes(latest_version(store, "plates").path(""))
    other = {f"{path}\u0301": size for path, size in listed.items()}
    monkeypatch.setattr(Store, "sizes", lambda *_: other)
    assert not published().is_new


@pytest.mark.parametrize("way", CONTENT)
@pytest.mark.parametrize("name", [TABLE, "edits.parquet", MANIFEST])
def test_a_damaged_table_or_manifest_is_published_anew(store, published, name, way):
    damage(store, latest_version(store, "plates").path(name), way)
    assert published().is_new


@pytest.mark.usefixtures("published")
def test_every_damaged_file_is_named_and_brought_back(store):
    whole = files(store)
    pictures = sorted(path for path in whole if path.endswith(".png"))
    for place, path in enumerate(pictures):
        damage(store, path, [*CONTENT, MISSING][place % 5])
    dataset = open_dataset(store, "plates")
    damaged = list(dataset.damage())
    assert sorted(dataset.folder.path(each.path) for each in damaged) == pictures
    assert all("kizu verify plates --version" in each.sentence for each in damaged)
    assert restore(store, dataset, damaged) == []
    assert files(store) == whole


@pytest.mark.usefixtures("published")
def test_what_the_store_no_longer_has_is_left(store):
    dataset = open_dataset(store, "plates")
    mask = next(path for path in files(store) if "/masks/" in path)
    damage(store, mask, "one flipped byte")
    for path in list(store.list("stages")):
        store.remove(path)
    damaged = list(dataset.damage())
    assert restore(store, dataset, damaged) == damaged
    assert store.exists(mask)


@pytest.mark.usefixtures("published")
def test_of_a_version_with_a_damaged_table_nothing_is_guessed(store):
    dataset = open_dataset(store, "plates")
    damage(store, dataset.folder.path(TABLE), "cut to half")
    [found] = dataset.damage()
    assert TABLE in found.sentence
    assert restore(store, dataset, [found]) == [found]


@pytest.mark.usefixtures("published")
def test_a_sample_is_looked_at_instead_of_all(store, monkeypatch):
    read, read_all = [], Dataset.read
    monkeypatch.setattr(
        Dataset,
        "read",
        lambda self, path, sha256=None: read.append(path) or read_all(self, path, sha256),
    )
    assert list(open_dataset(store, "plates").damage(1)) == []
    assert 1 <= sum(path.endswith(".png") for path in read) <= 3
