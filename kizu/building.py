"""Runs a build from a command or a notebook; Prefect starts with it and ends with it."""

import os

from kizu.spec import DatasetSpec
from kizu.summary import BuildSummary, SamplesFailedError


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
    """
    _set_up_prefect(verbose=verbose)
    from flows.build import build_dataset  # noqa: PLC0415 - reads the environment set up above

    state = build_dataset(spec, store_url=store_url, stored_only=stored_only, return_state=True)
    result = state.result(raise_on_failure=False)
    if isinstance(result, SamplesFailedError) and result.summary:
        return result.summary
    if isinstance(result, BaseException):
        raise BuildStoppedError(str(result)) from result
    return BuildSummary.model_validate(result)


def _set_up_prefect(*, verbose: bool) -> None:
    """Choose quiet defaults; what the user has set in the environment stays."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO" if verbose else "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
