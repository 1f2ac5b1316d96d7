"""A shard of four samples, taken through stages without Prefect."""

import uuid

import numpy as np
import pytest

from kizu.cancellation import CancelToken
from kizu.grounding import Detections
from kizu.planning import plan_samples
from kizu.shards import save_shards
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.stages import StageRun, grounding, run_stage
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


class Scripted:
    """Stands for an annotator whose answers the test decides."""

    def __init__(self, version, answer):
        self.version = version
        self._answer = answer

    def annotate(self, images, phrases):
        return [self._found(image, names) for image, names in zip(images, phrases, strict=True)]

    def _found(self, image, names):
        rows = [(box, sure, name) for name in names for box, sure in self._answer(image, name)]
        boxes = np.array([box for box, _, _ in rows], np.float32).reshape(-1, 4)
        sure = np.array([confidence for _, confidence, _ in rows], np.float32)
        return Detections(boxes, None, sure, tuple(name for _, _, name in rows))


@pytest.fixture
def answers(monkeypatch, looked_at):
    """Return a function that has an annotator answer by a script.

    The script takes a picture and a phrase and returns rows of a box and a confidence; what comes
    back are keywords of the other fixtures.
    """

    def script(answer, **settings):
        named = looked_at({"annotator": "demo-grounding-dino", **settings})
        scripted = Scripted(named["annotators"][0], answer)
        monkeypatch.setattr(grounding, "load_annotator", lambda *_, **__: scripted)
        return named

    return script
