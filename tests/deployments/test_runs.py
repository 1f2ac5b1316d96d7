"""Runs of the deployments say what became of them, and what a person is to do."""

import pytest

from kizu.agree.verdict import Verdict
from kizu.publish.dataset import open_dataset
from kizu.publish.version import last_build
from kizu.review import record_decision
from kizu.stages.inputs import SampleInputs
from kizu.store import Store

pytestmark = pytest.mark.slow


def edits(served) -> dict[str, int]:
    """When each edit was written, in nanoseconds."""
    return {str(f): f.stat().st_mtime_ns for f in served.store.glob("edits/*/*/edit.json")}


def test_a_plan_over_budget_waits_for_a_person_and_buys_nothing_before(served, paid_spec, azure):
    run_id = served.run({"spec": paid_spec | {"budget": {"max_requests": 2}}})
    paused = served.end_of(run_id)
    assert paused["type"] == "PAUSED", paused["message"]
    assert azure.tally.calls == 0
    served.resume(run_id, {"max_requests": 4})
    state = served.end_of(run_id)
    assert state["message"].startswith("4 samples"), state["message"]
    assert azure.tally.billed == 4


def test_another_annotator_buys_nothing(served, spec):
    fields = spec.model_dump(mode="json")
    assert served.end_of(served.run({"spec": fields}))["type"] == "COMPLETED"
    bought = edits(served)
    more = fields | {"defects": [{**one, "variants": 2} for one in fields["defects"]]}
    grounding = {"annotator": "grounding-dino+sam", "detector_weights": "/nowhere"}
    run_id = served.run({"spec": {**more, "grounding": grounding}}, "build-dataset/stored-only")
    state = served.end_of(run_id)
    assert (state["type"], state["message"][:9]) == ("COMPLETED", "4 samples")
    assert edits(served) == bought


def test_neither_spec_nor_file_fails_in_one_sentence(served):
    state = served.end_of(served.run({}))
    assert state["type"] == "FAILED"
    assert "neither spec nor spec_file is given" in state["message"]


def test_retry_of_a_completed_run_says_that_there_is_nothing_to_retry(served, spec):
    run_id = served.run({"spec": spec.model_dump(mode="json")})
    assert served.end_of(run_id)["type"] == "COMPLETED"
    told = served.kizu("retry", run_id)
    assert told.returncode == 2
    assert "is Completed, not failed" in told.stderr


def test_a_build_waits_for_review_and_publishes_the_decisions_when_it_is_resumed(served, spec):
    fields = spec.model_dump(mode="json") | {"name": "judged"}
    fields["agree"] = {"without_grounding": "review"}
    fields["publish"] = fields["publish"] | {"wait_for_review": True}
    run_id = served.run({"spec": fields})
    paused = served.end_of(run_id)
    assert paused["type"] == "PAUSED", paused["message"]
    store = Store(str(served.store))
    before = open_dataset(store, "judged")
    waiting = before.samples[before.samples["verdict"] == "review"]["sample_id"]
    for ref in last_build(store, "judged").shards:
        shard = ref.open(store)
        for sample in shard.samples:
            if sample.sample_id in set(waiting):
                record_decision(SampleInputs(store, shard, sample), Verdict.ACCEPT, "Aiko")
    served.resume(run_id, {})
    assert served.end_of(run_id)["type"] == "COMPLETED"
    after = open_dataset(store, "judged")
    assert after.version != before.version
    assert len(waiting) > 0
    assert not (after.samples["verdict"] == "review").any()
    assert set(after.provenance["reviewed_by"].dropna()) == {"Aiko"}
