"""A dataset whose four samples wait for a person, built without Prefect."""

import uuid

import pytest
from kept import WORK, copy_store
from published import dataset, hard_masks  # noqa: F401 - a fixture
from republished import changed

from kizu.cancellation import CancelToken
from kizu.grounding.storage import save_detections
from kizu.imaging.codecs import decode_png
from kizu.outputs import SampleOutputs
from kizu.planning import plan_samples
from kizu.publish.version import choose_version
from kizu.review_exchange import export_review, import_review
from kizu.review_exchange.registry import Shown
from kizu.shards import save_shards
from kizu.sources import list_source, take_in
from kizu.stages import GROUNDING, STAGES, StageRun, run_stage
from kizu.store import Store


def build_in(store, spec, found=None):
    """Take all samples through all stages; return them by their id."""
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    planned, annotators = plan_samples(spec, images), tuple(sorted(found or ()))
    refs = save_shards(planned, spec, annotators, store, 3)
    run = StageRun(store, CancelToken(store, uuid.uuid4().hex))
    for ref in refs:
        for stage in STAGES:
            if stage is GROUNDING:
                look(store, ref.open(store), found or {})
            run_stage(stage, ref, run)
    choose_version(spec, images, refs, store)
    shards = [ref.open(store) for ref in refs]
    made = [SampleOutputs(store, shard, sample) for shard in shards for sample in shard.samples]
    return {each.sample.sample_id: each for each in made}


def look(store, shard, found):
    for sample in shard.samples:
        for annotator, folder in GROUNDING.folders(SampleOutputs(store, shard, sample)).items():
            if annotator in found:
                save_detections(folder, annotator, found[annotator])


def waiting(spec, **fields):
    """Return the spec by which all samples wait for a person, with other settings."""
    return changed(spec, **{"agree": {}} | fields)


@pytest.fixture(scope="session")
def kept_work(kept_plates, tmp_path_factory):
    """A store with what the stages make of the dataset; only to be read."""
    store = Store(str(tmp_path_factory.mktemp("waiting") / "store"))
    build_in(store, waiting(kept_plates.spec))
    return store


@pytest.fixture
def build(spec, store, kept_work):
    """Return a function that builds the dataset with other settings, and gives its samples.

    What the stages make of it as it is, is there already. Annotators, where it is given any, have
    found what is given for each.
    """
    copy_store(kept_work, store, WORK)
    return lambda found=None, **fields: build_in(store, waiting(spec, **fields), found)


@pytest.fixture
def fresh(store):
    """Return a function that forgets what was read of a sample."""
    return lambda outputs: SampleOutputs(store, outputs.shard, outputs.sample)


@pytest.fixture
def exported(build, store, tmp_path):
    """Return a function that exports the built dataset to a tool, and returns the folder."""
    build()

    def go(tool, name="out", **options):
        folder = tmp_path / name
        assert export_review(store, "plates", tool, folder, **options).left_out == ()
        return folder

    return go


@pytest.fixture
def take_back(store):
    """Return a function that imports what a tool gave, judged by Aiko."""

    def go(tool, data):
        return import_review(store, "plates", data, tool, reviewer="Aiko")

    return go


@pytest.fixture
def pictures():
    """Return a function that decodes an export's pictures, by file name."""
    return lambda folder: {
        file.name: decode_png(file.read_bytes()) for file in (folder / "images").iterdir()
    }


@pytest.fixture
def hard():
    """Shown samples whose masks have a hole, two parts and a thin line; sam found the ring."""
    ring = hard_masks()["ring"]
    return [
        Shown(
            name, 'a "deep" crack', "a <crack> & more", "ungrounded", "0" * 16, mask, {"sam": ring}
        )
        for name, mask in hard_masks().items()
    ]


@pytest.fixture
def masks():
    """The masks of ``hard`` by sample id, (H, W) bool each."""
    return hard_masks()
