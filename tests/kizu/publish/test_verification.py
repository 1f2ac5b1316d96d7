"""What is lost of a published version is seen, and comes back from the store."""

from pathlib import Path

import pytest
from damage import CONTENT, MISSING, damage
from kept import copy_store
from reviewed import built, spec_of

from kizu.publish.dataset import Dataset, open_dataset
from kizu.publish.layout import MANIFEST, VersionFolder, latest_version, pool_path
from kizu.publish.samples import publish_shard
from kizu.publish.verification import restore, what_is_lost
from kizu.publish.version import last_build, point_to_latest, publish_normals, publish_tables
from kizu.sources import list_source, take_in
from kizu.store import Store

TABLE = "samples.parquet"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with a published version of two photos with a hole each; only to be read."""
    folder = tmp_path_factory.mktemp("kept")
    store, spec = Store(str(folder / "store")), holes(folder)
    assert built(store, spec).is_new
    publish(store, spec)
    return folder


def holes(folder):
    return spec_of(folder / "photos", photos=2, side_px=96, defects=["hole"])


@pytest.fixture
def published(store, tmp_path, kept):
    """A version of two photos with a hole each."""
    copy_store(Store(str(kept / "store")), store)
    spec = holes(tmp_path)
    return lambda: built(store, spec)


def publish(store, spec):
    """Publish what the last build made, and have it be the latest version."""
    build = last_build(store, spec.name)
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    outcomes, folder = build.open_outcomes(store), VersionFolder(spec.name, build.version)
    parts = [publish_shard(store, folder, shard.open(store)) for shard in build.shards]
    normals = publish_normals(store, folder, spec, images, outcomes)
    publish_tables(store, folder, spec, outcomes, [normals, *parts])
    point_to_latest(store, folder)


def files(store):
    folders = latest_version(store, "plates").path("").rstrip("/"), pool_path("plates")
    return {path: store.read(path) for folder in folders for path in store.list(folder)}


def test_a_whole_version_is_not_published_again(store, published):
    assert what_is_lost(store, latest_version(store, "plates")) == ""
    assert list(open_dataset(store, "plates").damage()) == []
    assert not published().is_new


def test_what_a_listing_shows_lost_is_published_anew(store, published):
    kinds = {path.replace("/files/", "/").split("/")[2]: path for path in files(store)}
    version = latest_version(store, "plates").version
    kinds |= {path.split("/")[3]: path for path in store.list(f"datasets/plates/{version}")}
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
    listed = store.sizes(pool_path("plates"))
    other = {f"{path}\u0301": size for path, size in listed.items()}
    monkeypatch.setattr(Store, "sizes", lambda *_: other)
    assert not published().is_new


@pytest.mark.parametrize("way", CONTENT)
@pytest.mark.parametrize("name", [TABLE, "edits.parquet", MANIFEST, "README.md", "card/hole.png"])
def test_a_damaged_table_card_or_manifest_is_published_anew(store, published, name, way):
    damage(store, latest_version(store, "plates").path(name), way)
    assert published().is_new


@pytest.mark.usefixtures("published")
def test_every_damaged_file_is_named_and_brought_back(store):
    whole = files(store)
    pictures = sorted(path for path in whole if path.startswith(pool_path("plates")))
    for place, path in enumerate(pictures):
        damage(store, path, [*CONTENT, MISSING][place % 5])
    dataset = open_dataset(store, "plates")
    damaged = list(dataset.damage())
    assert sorted(dataset.folder.path(each.path) for each in damaged) == pictures
    assert all("kizu verify plates --version" in each.sentence for each in damaged)
    assert restore(store, dataset, damaged) == []
    assert files(store) == whole


@pytest.mark.usefixtures("published")
def test_what_is_brought_back_from_is_left_as_it_is(store):
    image = next(path for path in files(store) if "/images/hole/" in path)
    made_from = {path: store.read(path) for path in store.list("stages")}
    damage(store, image, MISSING)
    dataset = open_dataset(store, "plates")
    assert restore(store, dataset, list(dataset.damage())) == []
    damage(store, image, MISSING)
    for path in store.list("normals"):
        damage(store, path, "cut to half")
    assert len(restore(store, dataset, list(dataset.damage()))) == 1
    assert {path: store.read(path) for path in store.list("stages")} == made_from


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("name", ["README.md", "croissant.json", "card/hole.png"])
def test_a_damaged_file_of_the_card_is_named_and_left_to_a_build(store, name):
    dataset = open_dataset(store, "plates")
    damage(store, dataset.folder.path(name), "cut to half")
    [found] = dataset.damage()
    assert found.path == name
    assert "'kizu build' publishes the version anew" in found.sentence
    assert restore(store, dataset, [found]) == [found]


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
    assert 1 <= sum(path.startswith("files/") for path in read) <= 3


@pytest.mark.usefixtures("published")
def test_a_normal_image_lies_on_the_disk_once(store):
    [image] = [sample for sample in open_dataset(store, "plates") if sample.is_normal][:1]
    published = Path(store.address(f"datasets/plates/{image.row['image_path']}"))
    assert published.stat().st_nlink == 2
    assert any(Path(store.address(path)).samefile(published) for path in store.list("normals"))


@pytest.mark.usefixtures("published")
def test_a_normal_image_that_is_painted_over_is_taken_in_anew_from_its_photo(store, published):
    [image] = [sample for sample in open_dataset(store, "plates") if sample.is_normal][:1]
    before, path = image.image(), image.row["image_path"]
    Path(store.address(f"datasets/plates/{path}")).write_bytes(b"painted over, in place")
    dataset = open_dataset(store, "plates")
    damaged = list(dataset.damage())
    assert restore(store, dataset, damaged) == damaged
    store.remove(dataset.folder.path(path))
    assert published().is_new
    publish(store, last_build(store, "plates").shards[0].open(store).spec)
    assert (open_dataset(store, "plates")[image.sample_id].image() == before).all()
