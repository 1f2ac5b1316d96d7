"""The flow that annotates existing edits anew: all stages after the edit, publish, report."""

from typing import Any

from prefect import State, flow

from flows.parameters import SAMPLES_PER_SHARD, annotate_name, choose_spec, choose_store
from flows.runner import task_runner
from flows.steps import final_state, go_through, publish_build, take_in_photos
from kizu.grounding import GroundingSettings
from kizu.spec import DatasetSpec
from kizu.stages import ANNOTATION_STAGES
from tasks.plan import choose_annotator, plan_build


@flow(
    name="annotate-dataset",
    flow_run_name=annotate_name,
    task_runner=task_runner(),
    persist_result=True,
    result_serializer="json",
)
def annotate_dataset(
    spec: DatasetSpec | None = None,
    spec_file: str | None = None,
    grounding: GroundingSettings | None = None,
    store_url: str | None = None,
    shard_size: int = SAMPLES_PER_SHARD,
) -> State[Any]:
    """Annotate the edits the store holds with another annotator; nothing is bought.

    Publishes a version with the samples whose edits are there; the others are left for a build.

    Args:
        spec: The dataset. Leave it empty to give a spec file instead.
        spec_file: Path of a spec file that the worker sees, instead of the form above.
        grounding: The annotator, in place of the one the spec names. Empty: the spec's.
        store_url: A folder or an fsspec URL that all workers see. Empty: the worker's own.
        shard_size: How many images one task handles.
    """
    spec, store_url = choose_spec(spec, spec_file), choose_store(store_url)
    spec = spec.with_grounding(grounding or spec.grounding)
    annotator = choose_annotator(spec.grounding)
    inventory = take_in_photos(spec, store_url)

    plan = plan_build(spec, inventory, [], annotator, store_url, shard_size, stored_only=True)

    go_through(ANNOTATION_STAGES, spec, plan, store_url)
    return final_state(publish_build(spec, inventory, plan, annotator, store_url))
