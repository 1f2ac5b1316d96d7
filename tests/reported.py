"""A published version with its report."""

import pytest
from kept import WORK, copy_store
from republished import finish
from reviewed import built, spec_of

from kizu.planning import plan_samples
from kizu.publish.dataset import Dataset
from kizu.publish.version import point_to_latest
from kizu.report.write import write_report
from kizu.shards import save_shards
from kizu.sources import Inventory, list_source, take_in
from kizu.splits import group_photos
from kizu.store import Store
from kizu.summary import summarize


def plates_in(folder, store, first):
    """Return the spec of two photos with a hole and a stain each; its stages are done already."""
    copy_store(Store(str(first / "store")), store, WORK)
    return spec_of(folder / "photos", photos=2, side_px=96, defects=["hole", "stain"])


@pytest.fixture
def plates(tmp_path, store, first):
    return plates_in(tmp_path, store, first)


def report(store, spec):
    """Build, publish and report a dataset; return the version's folder."""
    version = built(store, spec)
    if version.is_new:
        finish(store, spec, version)
    point_to_latest(store, version.folder())
    return report_again(store, spec, version)


def report_again(store, spec, version):
    """Write a version's report; return the version's folder."""
    folder, outcomes = version.folder(), version.open_outcomes(store)
    images = tuple(take_in(file, store) for file in list_source(spec.images.path))
    planned = plan_samples(spec, images, (), group_photos(spec, images))
    shards = save_shards(planned, spec, (), store, 16)
    certification = version.open_certification(store)
    summary = summarize(
        outcomes,
        Inventory(images=images, skipped=()),
        dataset=spec.name,
        version=version.version,
        latest=version.version,
        is_new=version.is_new,
        note="",
        dataset_address=store.address(folder.path("")),
        report_address=store.address(folder.report("index.html")),
    )
    dataset = Dataset(store, folder)
    write_report(store, dataset, spec, summary, outcomes, shards, certification)
    return folder
