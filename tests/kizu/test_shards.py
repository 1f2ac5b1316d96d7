import numpy as np
import pytest

from kizu.billing.budget import BudgetSpec
from kizu.edit.editor import EditError
from kizu.planning import plan_samples
from kizu.progress import listening
from kizu.shards import Shard, StepResult, last_failure, run_shard, save_shards
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
    assert last_failure(store, failure.sample_id) == "edit: the service is busy"
    assert last_failure(store, samples[0].sample_id) is None


def test_an_unexpected_error_is_a_failure_of_its_image_too(samples, spec, store):
    report = run_shard("diff", shard_of(samples[:1], spec), store, lambda _: np.zeros(2)[5])
    assert report.failures[0].reason.startswith("IndexError: ")


def test_progress_is_heard_per_image(samples, spec, store):
    heard = []
    with listening(lambda stage, count, _: heard.append((stage, count))):
        run_shard("diff", shard_of(samples, spec), store, lambda _: StepResult.MADE)
    assert heard == [("diff", 1)] * 4
