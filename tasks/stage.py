"""Take shards through stages: one task per stage, made from the table."""

from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from typing import Any, Final, cast

from prefect import task
from prefect.blocks.system import Secret
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run

from kizu.cancellation import CancelToken
from kizu.shards import ShardRef, ShardReport
from kizu.stages import STAGES, Stage, StageRun, run_stage
from kizu.store import Store
from tasks.caching import CACHED_IN_RUN
from tasks.logs import log_in_sentences, log_report


class ShardFailedError(RuntimeError):
    """Some images of a shard failed; all its other images are in the store.

    Attributes:
        report: What the stage did for the shard.
    """

    def __init__(self, message: str, report: ShardReport) -> None:
        """Take what is said of it, and the report."""
        super().__init__(message, report)
        self.report = report

    def __str__(self) -> str:
        """Return what is said of it."""
        return str(self.args[0])


@task(task_run_name="{stage} {shard.number} of {shard.of}", **CACHED_IN_RUN)
def _run_shard(
    stage: str,
    shard: ShardRef,
    store_url: str,
    after: Mapping[str, object],  # noqa: ARG001 - must have run before, and is part of the cache key
) -> ShardReport:
    """Take a shard through a stage; images whose output is in the store are passed over."""
    log_in_sentences()
    cancel = cancel_token(store_url)
    [chosen] = [known for known in STAGES if known.name == stage]
    report = run_stage(chosen, shard, StageRun(Store(store_url), cancel, _secrets_of_this_run()))
    log_report(report, chosen.noun)
    return raise_on_failures(report)


STAGE_TASKS: Final = {stage.name: _run_shard.with_options(name=stage.name) for stage in STAGES}
"""The task of each stage, by name."""


def submit_shard(
    stage: Stage, shard: ShardRef, store_url: str, after: Mapping[str, Any]
) -> PrefectFuture[ShardReport]:
    """Submit a shard to a stage.

    Args:
        stage: The stage.
        shard: The shard.
        store_url: The store.
        after: What came of the shard in the stages that must have run before, by their names.
    """
    return STAGE_TASKS[stage.name].submit(stage.name, shard, store_url, after=after)


def cancel_token(store_url: str) -> CancelToken:
    """Return the cancellation of the flow run this is part of; a retry starts without one."""
    return CancelToken(Store(store_url), f"{flow_run.id} {flow_run.run_count}")


def raise_on_failures(report: ShardReport) -> ShardReport:
    """Return a shard's report if no image failed and none was left out.

    A failure is raised and not returned: Prefect keeps what a task returns, a failed state
    included, and a retry would take it for the result.

    Raises:
        ShardFailedError: Images failed, or the run was stopped before their turn.
    """
    if report.failures:
        first = report.failures[0]
        tried = report.made + report.kept + report.refused + len(report.failures)
        raise ShardFailedError(
            f"{report.stage}: {len(report.failures)} of {tried} images failed; "
            f"{first.sample_id}: {first.reason}",
            report,
        )
    if report.stopped and report.waiting:
        raise ShardFailedError(
            f"{report.stage}: {len(report.waiting)} images wait; {report.stopped}", report
        )
    return report


def reports_of(futures: Iterable[PrefectFuture[ShardReport]]) -> list[ShardReport]:
    """Return what tasks that have ended did in this attempt of the run.

    What an earlier attempt made is kept; of a task that was lost there is no report.
    """
    found = []
    for future in futures:
        result = future.result(raise_on_failure=False)
        report = getattr(result, "report", result)
        if isinstance(report, ShardReport):
            is_earlier = future.state.name == "Cached"
            found.append(report.as_kept() if is_earlier else report)
    return found


def _secrets_of_this_run() -> Callable[[str], str]:
    """Return what looks up Secret blocks with the server of this run, from any thread.

    A stage buys in threads of its own, which know nothing of the run: Prefect would start a server
    there, with a database of its own.
    """
    context = copy_context()
    return lambda block: context.copy().run(_secret, block)


def _secret(block: str) -> str:
    """Return what a Secret block holds; raises ValueError if there is none of the name."""
    return str(cast("Secret[str]", Secret.load(block)).get())
