"""Runs a build from a command or a notebook; Prefect starts with it and ends with it."""

import os
import sys
from functools import partial

from kizu.signals import stopping_in_order
from kizu.spec import DatasetSpec
from kizu.summary import BuildSummary, SamplesFailedError


class BuildInterruptedError(RuntimeError):
    """A person stopped the build; all that was made is kept.

    Attributes:
        exit_status: What a command ends with, by the signal.
    """

    def __init__(self, exit_status: int) -> None:
        """Take the exit status."""
        super().__init__("stopped; all that was made is kept, and the same build goes on from here")
        self.exit_status = exit_status


class BuildStoppedError(ValueError):
    """A build ended without a result; the message says why, and the way out."""


def run_build(
    spec: DatasetSpec, store_url: str, *, stored_only: bool = False, verbose: bool = False
) -> BuildSummary:
    """Build a dataset; what the store holds already is not made again.

    Args:
        spec: The dataset.
        store_url: A folder or an fsspec URL.
        stored_only: Use only edits that the store holds; buy nothing.
        verbose: Show Prefect's log.

    Returns:
        What it came to; samples may have failed.

    Raises:
        BuildStoppedError: Nothing came of it.
        BuildInterruptedError: A signal stopped it.
    """
    _set_up_prefect(verbose=verbose)
    from deployments.own_server import prefect_server  # noqa: PLC0415 - reads the environment
    from flows.build import build_dataset  # noqa: PLC0415 - reads the environment set up above

    say = partial(print, file=sys.stderr)
    with prefect_server() as end_server, stopping_in_order(say, end_server) as interruption:
        state = build_dataset(spec, store_url=store_url, stored_only=stored_only, return_state=True)
        # a notebook's loop runs, so that Prefect would return a coroutine
        result = state.result(raise_on_failure=False, _sync=True)  # type: ignore[call-overload] # async_dispatch's own argument
    if interruption.exit_status and isinstance(result, BaseException):
        raise BuildInterruptedError(interruption.exit_status) from result
    if isinstance(result, SamplesFailedError) and result.summary:
        return result.summary
    if isinstance(result, BaseException):
        raise BuildStoppedError(str(result)) from result
    return BuildSummary.model_validate(result)


def _set_up_prefect(*, verbose: bool) -> None:
    """Choose quiet defaults; what the user has set in the environment stays."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO" if verbose else "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
