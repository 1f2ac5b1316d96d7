"""A published version of two photos with a hole and a stain each, to publish others after it."""

from pathlib import Path

import pytest
from kept import copy_folder
from reviewed import built, spec_of, surface

from kizu.imaging.codecs import encode_png
from kizu.publish.samples import publish_shard
from kizu.publish.version import point_to_latest, publish_version
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.splits import group_photos
from kizu.store import Store

PHOTOS = 2


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    """A folder with two photos, and the store with the version that they made."""
    folder = tmp_path_factory.mktemp("first")
    spec = spec_of(folder / "photos", photos=PHOTOS, side_px=96, defects=["hole", "stain"])
    assert publish(Store(str(folder / "store")), spec) == 2 * PHOTOS
    return folder


@pytest.fixture(scope="session")
def second(first, tmp_path_factory):
    """The same, with one photo more and the version that followed."""
    folder = tmp_path_factory.mktemp("second")
    copy_folder(first, folder)
    add_photo(folder)
    store = Store(str(folder / "store"))
    publish(store, spec_of(folder / "photos", photos=PHOTOS, side_px=96, defects=["hole", "stain"]))
    return folder


@pytest.fixture
def known(first, tmp_path):
    """The store in which a version is published."""
    copy_folder(first, tmp_path)
    return Store(str(tmp_path / "store"))


@pytest.fixture
def known_spec(known):
    """The spec that the version was published by."""
    folder = Path(known.address("")).parent / "photos"
    return spec_of(folder, photos=PHOTOS, side_px=96, defects=["hole", "stain"])


def changed(spec, **fields):
    """Return a spec with other settings."""
    return DatasetSpec.parse({**spec.model_dump(mode="json"), **fields})


def publish(store, spec, *, latest=True):
    """Build and publish a dataset; return how many samples were published."""
    chosen = built(store, spec)
    finish(store, spec, chosen)
    if latest:
        point_to_latest(store, chosen.folder())
    return chosen.open_work(store).samples


def finish(store, spec, chosen):
    """Publish a version that was named."""
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    folder, proof = chosen.folder(), chosen.open_certification(store).proof
    shards = chosen.open_work(store).shards
    parts = [publish_shard(store, folder, shard.open(store), proof) for shard in shards]
    publish_version(store, chosen, spec, images, parts, groups=group_photos(spec, images))


def add_photo(tmp_path, number=9):
    """Put one photo more beside the two."""
    (tmp_path / "photos" / f"{number:04d}.png").write_bytes(encode_png(surface(number, 96)))
