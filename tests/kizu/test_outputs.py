"""One sample's outputs: what is read of them, and how often."""

from collections import Counter

import numpy as np
import pytest

from kizu.edit.foreground import find_foreground
from kizu.edit.painter.editor import PainterEditor
from kizu.edit.regions import foreground_mask
from kizu.imaging.codecs import decode_png
from kizu.outputs import SampleOutputs
from kizu.planning import plan_samples
from kizu.shards import Shard
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.stages import GROUNDING
from kizu.stages.obtain import obtain_edit
from kizu.store import Store

BOX = {"kind": "box", "x0": 0.2, "y0": 0.2, "x1": 0.8, "y1": 0.8}


@pytest.fixture
def reads(monkeypatch):
    """Reads of the store, by the first part of the path."""
    counted, read = Counter(), Store.read

    def count(self, path):
        counted[path.split("/")[0]] += 1
        return read(self, path)

    monkeypatch.setattr(Store, "read", count)
    return counted


@pytest.fixture
def outputs(spec, store):
    """Return a function that gives the outputs of a sample with a region, edited or not."""

    def make(region, *, edited=True):
        fields = spec.model_dump(mode="json")
        fields["defects"] = [{**fields["defects"][0], "region": region}]
        parsed = DatasetSpec.parse(fields)
        image = take_in(list_source(parsed.images.path)[0], store)
        [sample] = plan_samples(parsed, [image])
        if edited:
            photo = decode_png(store.read(image.path))
            painter = PainterEditor()
            obtain_edit(store, painter, sample.request, photo, sample.region)
        return SampleOutputs(store, Shard(spec=parsed, annotators=(), samples=()), sample)

    return make


def test_before_there_is_a_picture_there_are_no_keys(outputs):
    found = outputs(None, edited=False)
    assert not found.has_picture
    assert found.agreement is None
    with pytest.raises(FileNotFoundError, match=r"the edit of a_hole_000_.* is not in the store"):
        _ = found.diff


def test_keys_cost_one_read_of_the_edits_record_and_a_look_for_the_mask_that_is_decided_on(
    outputs, reads
):
    found = outputs(None)
    reads.clear()
    _ = found.diff, GROUNDING.key(found), found.verdict, found.card_key
    assert reads == {"edits": 1, "stages": 1}


def test_a_box_is_placed_without_decoding_the_photo(outputs, reads):
    found = outputs(BOX)
    reads.clear()
    assert found.region().shape == (96, 96)
    assert not reads


def test_the_foreground_is_found_once_for_the_edit_and_all_stages(outputs, reads, store):
    found = outputs({"kind": "foreground"})
    kept = find_foreground(store, found.sample.normal.sha256)
    assert np.array_equal(kept, foreground_mask(found.normal))
    reads.clear()
    again = SampleOutputs(store, found.shard, found.sample)
    assert np.array_equal(again.region(), kept)
    assert set(reads) == {"stages"}
