"""The flow that builds a dataset: plan, edit, diff, ground, agree, publish, report."""

import os
from datetime import UTC, datetime
from typing import Any

from prefect import State, allow_failure, flow, get_run_logger, unmapped
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from kizu.edit.warnings import spec_warnings
from kizu.progress import expect
from kizu.report.summary import BuildSummary
from kizu.spec import DatasetSpec
from kizu.store import Store
from tasks import agree, diff, edit, ground, intake, publish
from tasks.agree import agree_shard
from tasks.artifacts import follow, show_summary
from tasks.diff import diff_shard
from tasks.edit import edit_shard
from tasks.ground import choose_annotator, ground_shard
from tasks.intake import list_photos, take_in_part
from tasks.options import run_sign
from tasks.plan import plan_shards
from tasks.publish import choose_version, make_latest, publish_shard, publish_version
from tasks.report import write_report

FILES_PER_PART = 64
SAMPLES_PER_SHARD = 16


@flow(
    name="build-dataset",
    flow_run_name="build {spec.name}",
    task_runner=ThreadPoolTaskRunner(max_workers=os.cpu_count() or 1),  # type: ignore[arg-type] # narrower than declared
    persist_result=True,
    result_serializer="json",
)
def build_dataset(
    spec: DatasetSpec, store_url: str = "kizu-store", shard_size: int = SAMPLES_PER_SHARD
) -> State[dict[str, Any]]:
    """Build a labelled dataset from normal images and a sentence per defect.

    What the store already holds is not made again; a rerun does what is missing.

    Args:
        spec: The dataset.
        store_url: A folder or an fsspec URL that all workers see.
        shard_size: How many images one task handles.
    """
    url = unmapped(store_url)
    for warning in spec_warnings(spec, datetime.now(UTC).date()):
        get_run_logger().warning(warning)
    annotator = choose_annotator(spec.ground)
    files = list_photos(spec.images.path, store_url, FILES_PER_PART)
    expect(intake.STAGE, sum(part.files for part in files))
    inventory = take_in_part.map(files, url).result()

    plan = plan_shards(spec, inventory, annotator, store_url, shard_size)
    for stage in (edit, diff, ground, agree):
        expect(stage.STAGE, plan.samples)
    edited = edit_shard.map(plan.shards, url)
    diffed = diff_shard.map(plan.shards, url, edited=allow_failure(edited))
    grounded = ground_shard.map(plan.shards, url, edited=allow_failure(edited))
    agreed = agree_shard.map(
        plan.shards, url, diffed=allow_failure(diffed), grounded=allow_failure(grounded)
    )
    follow(spec.name, [*edited, *diffed, *grounded, *agreed])

    version = choose_version(spec, inventory, plan.shards, store_url)
    if version.is_new:
        expect(publish.STAGE, plan.samples)
        rows = publish_shard.map(plan.shards, unmapped(version), url).result()
        publish_version(spec, inventory, version, rows, store_url)
    make_latest(version, store_url)
    stop = run_sign(Store(store_url)).see()
    stopped = stop.sentence if stop else ""
    summary = write_report(spec, inventory, plan.shards, version, annotator, store_url, stopped)
    show_summary(summary, plan.shards, store_url)
    return _final_state(summary)


def _final_state(summary: BuildSummary) -> State[dict[str, Any]]:
    """Fail after everything else is published, so that Retry is offered for what is missing."""
    data = summary.model_dump(mode="json")
    if not summary.failed:
        return Completed(message=summary.headline, data=data)
    reason = summary.problems[0].reason
    if summary.stopped:
        waiting = f"{summary.failed} of {summary.samples} samples are not made yet"
        return Failed(message=f"{waiting}: {summary.stopped}", data=data)
    message = f"{summary.failed} of {summary.samples} samples failed, for example: {reason}"
    return Failed(message=message, data=data)
