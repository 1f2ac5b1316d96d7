"""What an earlier version holds is neither decoded nor written again, and nothing else is kept."""

import shutil

import pytest
from damage import damage
from republished import PHOTOS, add_photo, changed, finish, publish
from reviewed import built

from kizu.agree.verdict import Verdict
from kizu.outputs import SampleOutputs
from kizu.publish.dataset import DatasetError, open_dataset
from kizu.publish.earlier import VersionChangedError, noted_path
from kizu.publish.layout import MANIFEST, VersionFolder, latest_version, pool_path
from kizu.publish.schemas import TABLES
from kizu.publish.version import last_build
from kizu.review import record_decision
from kizu.sources import list_source
from kizu.store import Store


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


def tables(known):
    folder = latest_version(known, "plates")
    return {name: known.read(folder.path(f"{name}.parquet")) for name in TABLES} | {
        MANIFEST: known.read(folder.path(MANIFEST))
    }


def anew(known, known_spec, tmp_path):
    """What the same outputs of stages make where no version is known."""
    shutil.copytree(known.address(""), tmp_path / "another")
    other = Store(str(tmp_path / "another"))
    for folder in ("datasets", "builds"):
        shutil.rmtree(other.address(folder))
    assert publish(other, known_spec) == len(list_source(known_spec.images.path)) * len(
        known_spec.defects
    )
    return tables(other)


def test_of_one_photo_more_its_own_samples_and_files_are_written(
    known, known_spec, tmp_path, written
):
    add_photo(tmp_path)
    assert publish(known, known_spec) == 2
    files = [path for path in written if path.startswith(pool_path("plates"))]
    assert len(files) == len(set(files)) == 1 + 2 * 3
    assert all("/0009_" in path for path in files)
    assert tables(known) == anew(known, known_spec, tmp_path)
    assert list(open_dataset(known, "plates").damage()) == []


def test_a_photo_less_publishes_no_sample(known, known_spec, tmp_path):
    (tmp_path / "photos" / "0001.png").unlink()
    assert publish(known, known_spec) == 0
    assert tables(known) == anew(known, known_spec, tmp_path)


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_another_split_publishes_no_sample(known, known_spec, tmp_path, fraction):
    other = changed(known_spec, publish={"test_fraction": fraction})
    assert publish(known, other) == 0
    assert tables(known) == anew(known, other, tmp_path)


def test_a_decision_publishes_the_sample_that_was_decided_on(known, known_spec):
    shard, sample, _ = last_build(known, "plates").open_samples(known)[0]
    record_decision(SampleOutputs(known, shard, sample), Verdict.REJECT, "Aiko")
    assert publish(known, known_spec) == 1
    row = open_dataset(known, "plates")[sample.sample_id].row
    assert (row["verdict"], row["split"], row["certified"]) == ("reject", "reject", False)


@pytest.mark.parametrize(
    "fields",
    [
        {"publish": {"composite": False}},
        {"images": {"category": "dish"}},
        {"diff": {"min_area_px": 30}},
    ],
)
def test_what_shapes_all_samples_publishes_them_all(known, known_spec, tmp_path, fields):
    if "images" in fields:
        fields = {"images": {**known_spec.images.model_dump(), **fields["images"]}}
    other = changed(known_spec, **fields)
    assert publish(known, other) == 2 * PHOTOS
    assert tables(known) == anew(known, other, tmp_path)


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        *(("image", way) for way in ("missing", "cut to half", "empty")),
        *(("mask", "missing"), ("touched", "missing")),
    ],
)
def test_a_file_that_is_lost_or_cut_is_written_again(known, known_spec, tmp_path, kind, way):
    sample = next(sample for sample in open_dataset(known, "plates") if not sample.is_normal)
    damage(known, f"datasets/plates/{sample.row[f'{kind}_path']}", way)
    add_photo(tmp_path)
    assert publish(known, known_spec) == 1 + 2
    assert list(open_dataset(known, "plates").damage()) == []


def test_a_normal_image_that_is_lost_is_published_again(known, known_spec, tmp_path):
    sample = next(sample for sample in open_dataset(known, "plates") if sample.is_normal)
    known.remove(f"datasets/plates/{sample.row['image_path']}")
    add_photo(tmp_path)
    publish(known, known_spec)
    assert list(open_dataset(known, "plates").damage()) == []


@pytest.mark.parametrize("name", ["samples.parquet", "edits.parquet", MANIFEST, "noted"])
def test_of_a_damaged_version_nothing_is_taken_over(known, known_spec, tmp_path, name):
    folder = latest_version(known, "plates")
    damage(known, noted_path(folder) if name == "noted" else folder.path(name), "cut to half")
    add_photo(tmp_path)
    assert publish(known, known_spec) == 2 * (PHOTOS + 1)
    assert tables(known) == anew(known, known_spec, tmp_path)


def test_a_night_that_did_not_become_the_latest_is_followed_by_one_that_takes_over(
    known, known_spec
):
    other = changed(known_spec, images={**known_spec.images.model_dump(), "category": "dish"})
    assert publish(known, other, latest=False) == 2 * PHOTOS
    both = changed(known_spec, seed=0, publish={"test_fraction": 0.0})
    assert publish(known, both) == 0


def test_of_another_dataset_nothing_is_taken_over(known, known_spec):
    other = changed(known_spec, name="mugs")
    chosen = built(known, other)
    assert chosen.open_work(known).samples == 2 * PHOTOS


def test_a_file_that_goes_while_it_is_published_completes_nothing(known, known_spec, tmp_path):
    add_photo(tmp_path)
    chosen = built(known, known_spec)
    sample = next(sample for sample in open_dataset(known, "plates") if not sample.is_normal)
    known.remove(f"datasets/plates/{sample.row['mask_path']}")
    with pytest.raises(VersionChangedError, match=r"was removed while .*; build again"):
        finish(known, known_spec, chosen)
    with pytest.raises(DatasetError):
        open_dataset(known, "plates", chosen.version)


def test_a_version_that_goes_while_it_is_taken_over_completes_nothing(known, known_spec, tmp_path):
    before = latest_version(known, "plates")
    add_photo(tmp_path)
    chosen = built(known, known_spec)
    known.remove(VersionFolder("plates", before.version).path(MANIFEST))
    with pytest.raises(VersionChangedError, match="takes rows from there: build again"):
        finish(known, known_spec, chosen)
