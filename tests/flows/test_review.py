"""A person's decision on a sample makes another version of the dataset, which has it."""

import numpy as np
import pytest
from kept import copy_store

import kizu
from kizu.agree.verdict import Verdict
from kizu.outputs import SampleOutputs
from kizu.planning import plan_samples
from kizu.publish.layout import VersionFolder
from kizu.review import record_decision
from kizu.shards import Shard
from kizu.sources import list_source, take_in


@pytest.fixture
def sample(kept_plates, spec, store):
    """The first sample of a dataset that is built."""
    copy_store(kept_plates.store, store)
    planned = plan_samples(spec, [take_in(file, store) for file in list_source(spec.images.path)])
    return SampleOutputs(store, Shard(spec=spec, annotators=(), samples=()), planned[0])


def provenance(dataset, sample):
    return dataset.provenance.set_index("sample_id").loc[sample.sample.sample_id]


def test_a_decision_is_published_in_a_version_of_its_own(build, spec, store, sample):
    before, sample_id = kizu.open_dataset(store, "plates"), sample.sample.sample_id
    record_decision(sample, Verdict.REJECT, "Aiko", note="looks painted")
    state, summary = build(spec)
    assert state.is_completed(), state.message
    assert (summary.accepted, summary.rejected, summary.is_new) == (3, 1, True)
    after = kizu.open_dataset(store, "plates")
    assert after.version == summary.version != before.version
    assert (after[sample_id].row["verdict"], after[sample_id].row["split"]) == ("reject", "reject")
    row = provenance(after, sample)
    assert (row.verdict, row.reason, row.reviewed_by) == ("reject", "diff_only", "Aiko")
    assert row.reviewed_at.endswith("+00:00")
    assert row.mask_source == "kizu-diff"
    assert np.array_equal(after[sample_id].label(), before[sample_id].label())
    page = store.read(VersionFolder("plates", after.version).report("index.html")).decode()
    assert "reviewed by" in page
    assert "Aiko" in page


def test_the_version_before_the_decision_stays_as_it_was(build, spec, store, sample):
    before = kizu.open_dataset(store, "plates")
    record_decision(sample, Verdict.REJECT, "Aiko")
    build(spec)
    again = kizu.open_dataset(store, "plates", before.version)
    assert again.verify() == []
    assert provenance(again, sample).verdict == "accept"
    assert again.provenance.reviewed_by.isna().all()


def test_the_mask_a_person_drew_is_the_label(build, spec, store, sample):
    sample_id, drawn = sample.sample.sample_id, np.zeros((96, 96), bool)
    drawn[10:20, 30:50] = drawn[60:64, 5:9] = True
    record_decision(sample, Verdict.ACCEPT, "Aiko", mask=drawn)
    build(spec)
    dataset = kizu.open_dataset(store, "plates")
    assert np.array_equal(dataset[sample_id].label(), drawn)
    instances = dataset.instances[dataset.instances.sample_id == sample_id]
    assert list(instances.annotator) == ["review", "review"]
    assert list(instances.area_px) == [200, 16]
    assert provenance(dataset, sample).mask_source == "review"


def test_the_last_decision_is_published_and_the_same_one_changes_nothing(
    build, spec, store, sample
):
    record_decision(sample, Verdict.REJECT, "Aiko")
    _, first = build(spec)
    record_decision(sample, Verdict.ACCEPT, "Ben")
    _, second = build(spec)
    assert len({first.version, second.version}) == 2
    assert provenance(kizu.open_dataset(store, "plates"), sample).reviewed_by == "Ben"
    _, third = build(spec)
    assert (third.version, third.is_new) == (second.version, False)
