"""The flow that builds a dataset: plan, all stages, publish, report."""

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow, get_run_logger

from flows.parameters import (
    WRONG_PARAMETERS,
    build_name,
    choose_spec,
    choose_store,
    wrong_parameters,
)
from flows.runner import task_runner
from flows.steps import (
    final_state,
    go_through,
    pair_pictures,
    publish_build,
    take_in_photos,
)
from kizu.cancellation import raise_if_interrupted
from kizu.planning import spec_warnings
from kizu.shards import SAMPLES_PER_SHARD
from kizu.signals import take_signals_back
from kizu.spec import DatasetSpec
from kizu.stages import stages_of
from kizu.store import Store, remembering
from tasks.budget import within_budget
from tasks.labels import tag_run
from tasks.logs import log_in_sentences
from tasks.plan import check_name, choose_annotators, estimate, plan_build
from tasks.review import wait_for_review
from tasks.turns import wait_for_turn


@flow(
    name="build-dataset",
    flow_run_name=build_name,
    task_runner=task_runner(),
    persist_result=True,
    result_serializer="json",
    validate_parameters=False,  # our own sentences say more of a spec than pydantic's
)
def build_dataset(
    spec: DatasetSpec | None = None,
    spec_file: str | None = None,
    store_url: str | None = None,
    shard_size: int = SAMPLES_PER_SHARD,
    stored_only: bool = False,  # noqa: FBT001, FBT002 - Prefect gives parameters by name
    rehash: bool = False,  # noqa: FBT001, FBT002 - as above
) -> State[Any]:
    """Build a labelled dataset from normal images and a sentence per defect.

    What the store already holds is not made again; a rerun does what is missing.

    Args:
        spec: What is to be made of which photos. A spec file has more settings than this form.
        spec_file: Path of a spec file that the worker sees.
        store_url: A folder or an fsspec URL that all workers see. Empty: the worker's own.
        shard_size: How many images one task handles.
        stored_only: Use only the edits that the store holds, and buy nothing: they are compared,
            annotated and judged as the spec says now. Samples without an edit are left out.
        rehash: Read every photo, also those whose size and time (or ETag) are as they were.
    """
    take_signals_back()  # Prefect's own handler of SIGTERM would leave calls under way behind
    log_in_sentences()
    raise_if_interrupted()
    try:
        spec, store_url = choose_spec(spec, spec_file), choose_store(store_url)
        tag_run(spec)
        wait_for_turn(spec)
        with remembering():
            return _build(spec, store_url, shard_size, stored_only=stored_only, rehash=rehash)
    except WRONG_PARAMETERS as error:
        return wrong_parameters(error)


def _build(
    spec: DatasetSpec, store_url: str, shard_size: int, *, stored_only: bool, rehash: bool
) -> State[Any]:
    Store(store_url).remove_stale_writes()
    for warning in spec_warnings(spec, datetime.now(UTC).date()):
        get_run_logger().warning(warning)
    annotators = choose_annotators(spec.grounding)
    inventory = take_in_photos(spec, store_url, rehash=rehash)
    pairs = pair_pictures(spec, inventory, store_url)
    plan = plan_build(
        spec, inventory, pairs, annotators, store_url, shard_size, stored_only=stored_only
    )
    check_name(spec, inventory, plan, store_url)
    found = estimate(spec, plan, store_url)
    get_run_logger().info(found.in_words())
    plan = within_budget(spec, plan, found, store_url)

    raise_if_interrupted()
    stages = stages_of(annotators.versions, stored_only=stored_only)
    done = go_through(stages, spec, plan, store_url)
    raise_if_interrupted()
    summary = publish_build(spec, inventory, plan, annotators, store_url, done)
    wait_for_review(spec, summary)
    return final_state(summary)
