import numpy as np
import pytest

from kizu.billing.budget import BudgetSpec
from kizu.cancellation import Cancellation, CancelToken
from kizu.edit.editor import EditError, EditWaitsError, StopEditingError
from kizu.planning import plan_samples
from kizu.progress import listening
from kizu.shards import Fate, Shard, StepResult, last_failure, run_shard, save_shards, spread
from kizu.sources import list_source, take_in


@pytest.fixture
def samples(spec, store):
    return plan_samples(spec, [take_in(file, store) for file in list_source(spec.images.path)])


def shard_of(samples, spec):
    return Shard(spec=spec, annotators=(), samples=tuple(samples))


def test_shards_hold_every_sample_once_in_order(samples, spec, store):
    refs = save_shards(samples, spec, (), store, shard_size=3)
    assert [(ref.number, ref.of) for ref in refs] == [(1, 2), (2, 2)]
    opened = [sample for ref in refs for sample in ref.open(store).samples]
    assert opened == samples


def test_equal_plans_are_equal_shards(samples, spec, store):
    assert save_shards(samples, spec, (), store, 2) == save_shards(samples, spec, (), store, 2)


def test_a_shard_with_another_budget_holds_the_same_samples_and_leaves_the_first_one(
    samples, spec, store
):
    [ref] = save_shards(samples, spec, (), store, 16)
    granted = ref.with_budget(BudgetSpec(max_requests=7), store)
    assert granted.path != ref.path
    assert granted.open(store).spec.budget.max_requests == 7
    assert granted.open(store).samples == ref.open(store).samples
    assert ref.open(store).spec == spec


def test_one_failure_stops_no_other(samples, spec, store):
    outcomes = iter(
        [StepResult.MADE, EditError("the service is busy"), StepResult.KEPT, StepResult.WAITING]
    )

    def work(_):
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    report = run_shard("edit", shard_of(samples, spec), store, work)
    assert (report.made, report.kept, len(report.waiting)) == (1, 1, 1)
    [failure] = report.failures
    assert failure.reason == "the service is busy"
    assert last_failure(store, failure.sample_id) == failure
    assert last_failure(store, samples[0].sample_id) is None


def test_an_unexpected_error_is_a_failure_of_its_image_too(samples, spec, store):
    report = run_shard("diff", shard_of(samples[:1], spec), store, lambda _: np.zeros(2)[5])
    assert report.failures[0].reason.startswith("IndexError: ")


def test_progress_is_heard_per_image(samples, spec, store):
    heard = []
    with listening(lambda stage, count, _: heard.append((stage, count))):
        run_shard("diff", shard_of(samples, spec), store, lambda _: StepResult.MADE)
    assert heard == [("diff", 1)] * 4


@pytest.mark.parametrize("error", [StopEditingError, EditWaitsError])
def test_what_no_sample_is_at_fault_for_leaves_it_waiting(samples, spec, store, error):
    def work(_):
        raise error("there is no credit left")

    report = run_shard("edit", shard_of(samples, spec), store, work, CancelToken(store, "run"))
    assert report.failures == ()
    assert list(report.waiting) == [sample.sample_id for sample in samples]
    assert report.stopped == "there is no credit left"
    assert {last_failure(store, name).fate for name in report.waiting} == {Fate.WAITING}


def test_a_note_that_cannot_be_kept_fails_nothing(samples, spec, store, monkeypatch):
    def full(*_):
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(store, "write_json", full)
    report = run_shard("diff", shard_of(samples, spec), store, lambda _: np.zeros(2)[5])
    assert len(report.failures) == 4


def test_neighbours_of_samples_that_are_worked_on_together_differ_in_photo_and_defect(samples):
    assert sorted(s.sample_id for s in spread(samples)) == sorted(s.sample_id for s in samples)
    first, second = spread(samples)[:2]
    assert first.normal.sha256 != second.normal.sha256
    assert first.defect_type != second.defect_type


def test_workers_of_one_process_know_a_stop_at_once_and_others_by_the_store(store):
    one, other = CancelToken(store, "run"), CancelToken(store, "run")
    assert one.reason() is None is other.reason()
    run_stop(one)
    assert other.reason().sentence == "enough"
    assert CancelToken(store, "another run").reason() is None


def test_a_stop_counts_in_its_process_though_the_store_cannot_be_written(store, monkeypatch):
    def read_only(*_):
        raise OSError(30, "read-only file system")

    monkeypatch.setattr(store, "create_json", read_only)
    token = CancelToken(store, "run")
    run_stop(token)
    assert token.reason().sentence == "enough"


def run_stop(token):
    token.cancel(Cancellation(sentence="enough"))
