"""A sample that cannot be published costs itself alone."""

import errno

import pytest
from reviewed import built, spec_of

from kizu.publish import samples
from kizu.publish.dataset import open_dataset
from kizu.publish.outcomes import SampleStatus
from kizu.publish.samples import UnpublishedError, publish_shard
from kizu.publish.version import (
    LostNormalsError,
    choose_version,
    last_build,
    point_to_latest,
    publish_normals,
    publish_tables,
)
from kizu.sources import list_source, take_in
from kizu.store import StoreUnwritableError


@pytest.fixture
def judged(store, tmp_path):
    """The spec of two photos with a hole each, judged and not published, and its version."""
    spec = spec_of(tmp_path / "photos", photos=2, side_px=96, defects=["hole"])
    return spec, built(store, spec)


def broken(monkeypatch, error):
    """Let the first sample fail where its row is made; return its id."""
    made, first = samples.defect_row, []

    def fail(outputs, *how):
        first.append(outputs.sample.sample_id)
        if outputs.sample.sample_id == first[0]:
            raise error
        return made(outputs, *how)

    monkeypatch.setattr(samples, "defect_row", fail)
    return first


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("no such mode"),
        OSError(errno.ENAMETOOLONG, "File name too long"),
        MemoryError(),
        KeyError("x"),
    ],
)
def test_the_others_are_published_and_it_is_named_with_its_photo(store, judged, monkeypatch, error):
    spec, chosen = judged
    first = broken(monkeypatch, error)
    [shard] = last_build(store, "plates").shards
    with pytest.raises(UnpublishedError) as raised:
        publish_shard(store, chosen.folder(), shard.open(store))
    assert list(raised.value.reasons) == [first[0]]

    images = [take_in(file, store) for file in list_source(spec.images.path)]
    without = choose_version(spec, images, [shard], store, raised.value.reasons)
    assert without.version != chosen.version
    folder, outcomes = without.folder(), without.open_outcomes(store)
    rows = publish_shard(store, folder, shard.open(store), unpublished=raised.value.reasons)
    normals = publish_normals(store, folder, spec, images, outcomes)
    publish_tables(store, folder, spec, outcomes, [normals, rows])
    point_to_latest(store, folder)
    assert [s.sample_id for s in open_dataset(store, "plates") if not s.is_normal] == [
        outcome.sample_id for outcome in outcomes if outcome.status is SampleStatus.JUDGED
    ]
    [lost] = [outcome for outcome in outcomes if outcome.status is SampleStatus.UNFINISHED]
    assert lost.sample_id == first[0]
    assert ".png; mend that or remove the photo, and build again" in lost.reason


def test_a_store_that_cannot_be_written_stops_publishing(store, judged, monkeypatch):
    _, chosen = judged
    broken(monkeypatch, StoreUnwritableError(errno.ENOSPC, "no space left"))
    [shard] = last_build(store, "plates").shards
    with pytest.raises(StoreUnwritableError):
        publish_shard(store, chosen.folder(), shard.open(store))


def test_a_lost_photo_is_named_and_the_version_is_published_without_it(store, judged, tmp_path):
    spec, chosen = judged
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    [shard], outcomes = last_build(store, "plates").shards, chosen.open_outcomes(store)
    store.write(images[0].path, b"damaged")
    (tmp_path / "photos" / images[0].name).unlink()
    with pytest.raises(LostNormalsError, match="bring the photo back") as raised:
        publish_normals(store, chosen.folder(), spec, images, outcomes)
    assert list(raised.value.reasons) == [images[0].sha256]

    lost = raised.value.reasons
    without = choose_version(spec, images, [shard], store, lost=lost)
    assert without.version != chosen.version
    normals = publish_normals(store, without.folder(), spec, images, outcomes, lost)
    assert [row["normal_name"] for row in normals["provenance"]] == [images[1].name]
