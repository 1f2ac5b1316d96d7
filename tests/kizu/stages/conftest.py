"""A shard of four samples, taken through stages without Prefect."""

import uuid

import pytest

from kizu.cancellation import CancelToken
from kizu.planning import plan_samples
from kizu.shards import save_shards
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.stages import StageRun, run_stage
from kizu.stages.grounding import choose_annotators
from kizu.stages.inputs import SampleInputs


@pytest.fixture
def through(spec, store):
    """Return a function that takes the shard through stages and returns the last one's report."""

    def go(*stages, annotators=(), spec=spec):
        samples = plan_samples(spec, [take_in(f, store) for f in list_source(spec.images.path)])
        [ref] = save_shards(samples, spec, annotators, store, 16)
        run = StageRun(store, CancelToken(store, uuid.uuid4().hex))
        return [run_stage(stage, ref, run) for stage in stages][-1]

    return go


@pytest.fixture
def inputs(spec, store):
    """Return a function that gives the samples as the stages see them."""

    def find(annotators=(), spec=spec):
        samples = plan_samples(spec, [take_in(f, store) for f in list_source(spec.images.path)])
        [ref] = save_shards(samples, spec, annotators, store, 16)
        return [SampleInputs(store, ref.open(store), sample) for sample in samples]

    return find


@pytest.fixture
def looked_at(spec):
    """Return a function that gives a spec's annotators, as keywords of the other fixtures."""

    def name(*names):
        fields = spec.model_dump(mode="json")
        chosen = DatasetSpec.parse({**fields, "grounding": {"annotators": list(names)}})
        versions = choose_annotators(chosen.grounding).versions
        return {"annotators": versions, "spec": chosen}

    return name
