"""What an earlier version holds is neither decoded nor written again, and nothing else is kept."""

import shutil
from pathlib import Path

import pytest
from damage import damage
from reviewed import built, spec_of, surface

from kizu.agree.verdict import Verdict
from kizu.imaging.codecs import encode_png
from kizu.outputs import SampleOutputs
from kizu.publish.dataset import DatasetError, open_dataset
from kizu.publish.earlier import VersionChangedError, noted_path
from kizu.publish.layout import MANIFEST, VersionFolder, latest_version, pool_path
from kizu.publish.samples import publish_shard
from kizu.publish.schemas import TABLES
from kizu.publish.version import last_build, point_to_latest, publish_version
from kizu.review import record_decision
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.store import Store

PHOTOS = 2


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A folder with two photos, and the store with the version that they made."""
    folder = tmp_path_factory.mktemp("first")
    spec = spec_of(folder / "photos", photos=PHOTOS, side_px=96, defects=["hole", "stain"])
    assert publish(Store(str(folder / "store")), spec) == 2 * PHOTOS
    return folder


@pytest.fixture
def store(first, tmp_path):
    """The store in which a version is published."""
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    return Store(str(tmp_path / "store"))


@pytest.fixture
def spec(store):
    """The spec that the version was published by."""
    folder = Path(store.address("")).parent / "photos"
    return spec_of(folder, photos=PHOTOS, side_px=96, defects=["hole", "stain"])


@pytest.fixture
def written(monkeypatch):
    """The paths that are written or linked, in order."""
    paths, write, link = [], Store.write, Store.link
    monkeypatch.setattr(
        Store, "write", lambda self, path, data: paths.append(path) or write(self, path, data)
    )
    monkeypatch.setattr(
        Store, "link", lambda self, one, path: paths.append(path) or link(self, one, path)
    )
    return paths


def changed(spec, **fields):
    return DatasetSpec.parse({**spec.model_dump(mode="json"), **fields})


def publish(store, spec, *, latest=True):
    """Build and publish a dataset; return how many samples were published."""
    chosen = built(store, spec)
    finish(store, spec, chosen)
    if latest:
        point_to_latest(store, chosen.folder())
    return chosen.open_work(store).samples


def finish(store, spec, chosen):
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    folder, proof = chosen.folder(), chosen.open_certification(store).proof
    shards = chosen.open_work(store).shards
    parts = [publish_shard(store, folder, shard.open(store), proof) for shard in shards]
    publish_version(store, chosen, spec, images, parts)


def add_photo(tmp_path, number=9):
    (tmp_path / "photos" / f"{number:04d}.png").write_bytes(encode_png(surface(number, 96)))


def tables(store):
    folder = latest_version(store, "plates")
    return {name: store.read(folder.path(f"{name}.parquet")) for name in TABLES} | {
        MANIFEST: store.read(folder.path(MANIFEST))
    }


def anew(store, spec, tmp_path):
    """What the same outputs of stages make where no version is known."""
    shutil.copytree(store.address(""), tmp_path / "another")
    other = Store(str(tmp_path / "another"))
    for folder in ("datasets", "builds"):
        shutil.rmtree(other.address(folder))
    assert publish(other, spec) == len(list_source(spec.images.path)) * len(spec.defects)
    return tables(other)


def test_of_one_photo_more_its_own_samples_and_files_are_written(store, spec, tmp_path, written):
    add_photo(tmp_path)
    assert publish(store, spec) == 2
    files = [path for path in written if path.startswith(pool_path("plates"))]
    assert len(files) == len(set(files)) == 1 + 2 * 3
    assert all("/0009_" in path for path in files)
    assert tables(store) == anew(store, spec, tmp_path)
    assert list(open_dataset(store, "plates").damage()) == []


def test_a_photo_less_publishes_no_sample(store, spec, tmp_path):
    (tmp_path / "photos" / "0001.png").unlink()
    assert publish(store, spec) == 0
    assert tables(store) == anew(store, spec, tmp_path)


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_another_split_publishes_no_sample(store, spec, tmp_path, fraction):
    other = changed(spec, publish={"test_fraction": fraction})
    assert publish(store, other) == 0
    assert tables(store) == anew(store, other, tmp_path)


def test_a_decision_publishes_the_sample_that_was_decided_on(store, spec):
    shard, sample, _ = last_build(store, "plates").open_samples(store)[0]
    record_decision(SampleOutputs(store, shard, sample), Verdict.REJECT, "Aiko")
    assert publish(store, spec) == 1
    row = open_dataset(store, "plates")[sample.sample_id].row
    assert (row["verdict"], row["split"], row["certified"]) == ("reject", "reject", False)


@pytest.mark.parametrize(
    "fields",
    [
        {"publish": {"composite": False}},
        {"images": {"category": "dish"}},
        {"diff": {"min_area_px": 30}},
    ],
)
def test_what_shapes_all_samples_publishes_them_all(store, spec, tmp_path, fields):
    if "images" in fields:
        fields = {"images": {**spec.images.model_dump(), **fields["images"]}}
    other = changed(spec, **fields)
    assert publish(store, other) == 2 * PHOTOS
    assert tables(store) == anew(store, other, tmp_path)


@pytest.mark.parametrize("way", ["missing", "cut to half", "empty"])
@pytest.mark.parametrize("kind", ["image", "mask", "touched"])
def test_a_file_that_is_lost_or_cut_is_written_again(store, spec, tmp_path, kind, way):
    sample = next(sample for sample in open_dataset(store, "plates") if not sample.is_normal)
    damage(store, f"datasets/plates/{sample.row[f'{kind}_path']}", way)
    add_photo(tmp_path)
    assert publish(store, spec) == 1 + 2
    assert list(open_dataset(store, "plates").damage()) == []


def test_a_normal_image_that_is_lost_is_published_again(store, spec, tmp_path):
    sample = next(sample for sample in open_dataset(store, "plates") if sample.is_normal)
    store.remove(f"datasets/plates/{sample.row['image_path']}")
    add_photo(tmp_path)
    publish(store, spec)
    assert list(open_dataset(store, "plates").damage()) == []


@pytest.mark.parametrize("name", ["samples.parquet", "edits.parquet", MANIFEST, "noted"])
def test_of_a_damaged_version_nothing_is_taken_over(store, spec, tmp_path, name):
    folder = latest_version(store, "plates")
    damage(store, noted_path(folder) if name == "noted" else folder.path(name), "cut to half")
    add_photo(tmp_path)
    assert publish(store, spec) == 2 * (PHOTOS + 1)
    assert tables(store) == anew(store, spec, tmp_path)


def test_a_night_that_did_not_become_the_latest_is_followed_by_one_that_takes_over(store, spec):
    other = changed(spec, images={**spec.images.model_dump(), "category": "dish"})
    assert publish(store, other, latest=False) == 2 * PHOTOS
    both = changed(spec, seed=0, publish={"test_fraction": 0.0})
    assert publish(store, both) == 0


def test_of_another_dataset_nothing_is_taken_over(store, spec):
    other = changed(spec, name="mugs")
    chosen = built(store, other)
    assert chosen.open_work(store).samples == 2 * PHOTOS


def test_a_file_that_goes_while_it_is_published_completes_nothing(store, spec, tmp_path):
    add_photo(tmp_path)
    chosen = built(store, spec)
    sample = next(sample for sample in open_dataset(store, "plates") if not sample.is_normal)
    store.remove(f"datasets/plates/{sample.row['mask_path']}")
    with pytest.raises(VersionChangedError, match=r"was removed while .*; build again"):
        finish(store, spec, chosen)
    with pytest.raises(DatasetError):
        open_dataset(store, "plates", chosen.version)


def test_a_version_that_goes_while_it_is_taken_over_completes_nothing(store, spec, tmp_path):
    before = latest_version(store, "plates")
    add_photo(tmp_path)
    chosen = built(store, spec)
    store.remove(VersionFolder("plates", before.version).path(MANIFEST))
    with pytest.raises(VersionChangedError, match="takes rows from there: build again"):
        finish(store, spec, chosen)
