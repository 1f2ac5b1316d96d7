"""What people decide on samples: which decision counts, and that none is lost."""

from datetime import UTC, datetime

import numpy as np
import pytest
from damage import CONTENT, damage

from kizu.agree.verdict import Verdict
from kizu.edit.editor import Edit
from kizu.edit.storage import save_edit
from kizu.imaging.codecs import encode_png
from kizu.imaging.geometry import FreeSizes, Geometry
from kizu.outputs import SampleOutputs
from kizu.planning import plan_samples
from kizu.review import decision_folder, find_decision, latest_decision, record_decision
from kizu.shards import Shard
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.stages import DIFF, FUSE

SIZES = FreeSizes(16, min_pixels=0, max_pixels=10**8, max_edge_px=10**4, max_aspect=9)


@pytest.fixture
def outputs(spec, store):
    """Return a function that gives the first sample's outputs, its edit a grey picture."""
    image = take_in(list_source(spec.images.path)[0], store)

    def find(grey=90, **fields):
        changed = DatasetSpec.parse({**spec.model_dump(mode="json"), **fields})
        sample = plan_samples(changed, [image])[0]
        picture = np.full((96, 96, 3), grey, np.uint8)
        edit = Edit(encode_png(picture), model="by hand", cost_usd=0.0)
        save_edit(store, sample.request, edit, Geometry.fit((96, 96), SIZES))
        outputs = SampleOutputs(store, Shard(spec=changed, annotators=(), samples=()), sample)
        for stage in (DIFF, FUSE):
            stage.make(outputs)
        return SampleOutputs(store, outputs.shard, sample)

    return find


def test_nobody_has_decided_at_first(outputs):
    assert outputs().decision is None


def test_a_decision_says_who_when_what_and_on_which_picture(outputs):
    before = datetime.now(UTC).replace(microsecond=0)
    mask = np.zeros((96, 96), bool)
    mask[3:9, 4:12] = True
    record_decision(outputs(), Verdict.ACCEPT, "Aiko", note="clear enough", mask=mask)
    found = outputs().decision
    assert (found.verdict, found.reviewed_by, found.note) == ("accept", "Aiko", "clear enough")
    assert datetime.fromisoformat(found.reviewed_at) >= before
    assert found.picture_sha256 == outputs().picture.picture_sha256
    assert np.array_equal(found.label(), mask)


def test_a_new_decision_supersedes_the_older_which_stays(outputs, store):
    first = record_decision(outputs(), Verdict.ACCEPT, "Aiko")
    last = record_decision(outputs(), Verdict.REJECT, "Ben")
    assert outputs().decision == last != first
    assert last.label() is None
    assert len(list(store.list("decisions"))) == 2


def test_decisions_at_the_same_moment_are_all_kept(outputs, store, monkeypatch):
    record_decision(outputs(), Verdict.ACCEPT, "Aiko")
    with monkeypatch.context() as patched:
        patched.setattr(type(store), "list", lambda *_: iter(()))  # as the other one saw it
        last = record_decision(outputs(), Verdict.REJECT, "Ben")
    assert len(list(store.list("decisions"))) == 2
    assert find_decision(outputs()) == last


@pytest.mark.parametrize(
    ("grey", "fields", "counts"),
    [
        (91, {}, False),
        (90, {"diff": {"min_area_px": 9}}, False),
        (90, {"publish": {"composite": False}}, False),
        (90, {"agree": {"min_mask_iou": 0.1}}, True),
        (90, {"name": "cups", "budget": {"max_requests": 3}}, True),
    ],
)
def test_a_decision_counts_for_the_picture_and_the_mask_it_was_made_on(
    outputs, grey, fields, counts
):
    record_decision(outputs(), Verdict.ACCEPT, "Aiko")
    assert (outputs(grey, **fields).decision is not None) is counts


def test_a_mask_of_another_size_is_refused(outputs):
    with pytest.raises(ValueError, match=r"is \(50, 40\), its image is \(96, 96\)"):
        record_decision(outputs(), Verdict.ACCEPT, "Aiko", mask=np.zeros((50, 40), bool))


def test_a_decision_without_a_name_is_refused(outputs):
    with pytest.raises(ValueError, match="give a name"):
        record_decision(outputs(), Verdict.ACCEPT, " ")


def test_a_decision_on_one_kind_of_defect_is_none_on_the_same_picture_as_another(outputs):
    record_decision(outputs(), Verdict.REJECT, "Aiko", note="that is a dent")
    assert latest_decision(outputs().store, decision_folder(outputs()), "hole") is not None
    assert latest_decision(outputs().store, decision_folder(outputs()), "dent") is None
    assert latest_decision(outputs().store, decision_folder(outputs())) is not None


@pytest.mark.parametrize("way", CONTENT)
def test_a_damaged_decision_sends_its_sample_to_review_until_it_is_judged_again(
    outputs, store, way
):
    record_decision(outputs(), Verdict.ACCEPT, "Aiko")
    record_decision(outputs(), Verdict.REJECT, "Aiko")
    path = list(store.list("decisions"))[-1]
    damage(store, path, way)
    found = outputs()
    assert found.decision is None
    assert found.final_verdict is Verdict.REVIEW
    assert path in found.decision_problem
    assert "judge the sample again" in found.decision_problem
    assert found.decision_key not in ("", outputs().sample.request.key)
    record_decision(outputs(), Verdict.REJECT, "Ben")
    assert outputs().final_verdict is Verdict.REJECT


def test_an_older_decision_that_is_damaged_costs_nothing(outputs, store):
    record_decision(outputs(), Verdict.ACCEPT, "Aiko")
    last = record_decision(outputs(), Verdict.REJECT, "Aiko")
    damage(store, next(iter(store.list("decisions"))), "cut to half")
    assert outputs().decision == last
