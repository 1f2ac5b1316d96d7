"""Runs a build from a command or a notebook; Prefect starts with it and ends with it."""

import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import Final

from kizu.signals import stopping_in_order
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.summary import BuildSummary, SamplesFailedError
from kizu.unchanged import find_unchanged


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
    spec: DatasetSpec,
    store_url: str,
    *,
    stored_only: bool = False,
    rehash: bool = False,
    verbose: bool = False,
) -> BuildSummary:
    """Build a dataset; what the store holds already is not made again.

    Where nothing is left to do and no Prefect server is configured that is to see the build, none
    is started.

    Args:
        spec: The dataset.
        store_url: A folder or an fsspec URL.
        stored_only: Use only edits that the store holds; buy nothing.
        rehash: Read every photo, also those whose size and time, or ETag, are as they were.
        verbose: Show Prefect's log.

    Returns:
        What it came to; samples may have failed.

    Raises:
        BuildStoppedError: Nothing came of it.
        BuildInterruptedError: A signal stopped it.
    """
    is_plain = not (stored_only or rehash or verbose or may_have_server())
    if is_plain and (summary := _find_unchanged(spec, store_url)):
        return summary
    _set_up_prefect(verbose=verbose)
    from deployments.own_server import prefect_server  # noqa: PLC0415 - reads the environment
    from flows.build import build_dataset  # noqa: PLC0415 - reads the environment set up above

    say = partial(print, file=sys.stderr)
    with prefect_server() as end_server, stopping_in_order(say, end_server) as interruption:
        state = build_dataset(
            spec, store_url=store_url, stored_only=stored_only, rehash=rehash, return_state=True
        )
        # a notebook's loop runs, so that Prefect would return a coroutine
        result = state.result(raise_on_failure=False, _sync=True)  # type: ignore[call-overload] # async_dispatch's own argument
    if interruption.exit_status and isinstance(result, BaseException):
        raise BuildInterruptedError(interruption.exit_status) from result
    if isinstance(result, SamplesFailedError) and result.summary:
        return result.summary
    if isinstance(result, BaseException):
        raise BuildStoppedError(str(result)) from result
    return BuildSummary.model_validate(result)


def _find_unchanged(spec: DatasetSpec, store_url: str) -> BuildSummary | None:
    """Return what a build comes to that has nothing to do; the build tells what is wrong."""
    try:
        return find_unchanged(spec, Store(store_url))
    except (ValueError, OSError):
        return None


def may_have_server() -> bool:
    """Tell whether Prefect's settings may name a server, without loading Prefect, which is slow.

    A file that mentions one counts, also where its profile is not the chosen one.
    """
    if os.environ.get(_SERVER):
        return True
    home = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
    profiles = os.environ.get("PREFECT_PROFILES_PATH")
    return any(map(_mentions_server, [profiles or home / "profiles.toml", *_FILES_HERE]))


_SERVER: Final = "PREFECT_API_URL"
_FILES_HERE: Final = (".env", "prefect.toml", "pyproject.toml")
"""Where Prefect looks for settings besides, in the working directory."""


def _mentions_server(file: Path | str) -> bool:
    try:
        text = Path(file).read_text("utf-8", "replace")
    except OSError:
        return False
    return _SERVER in text or bool(_TOML_SERVER.search(text))


_TOML_SERVER: Final = re.compile(r"(?m)^\s*\[(?:tool\.prefect\.|)api\]|^\s*(?:\w+\.)?api\.url")
"""How ``prefect.toml`` and ``pyproject.toml`` name it."""


def _set_up_prefect(*, verbose: bool) -> None:
    """Choose quiet defaults; what the user has set in the environment stays."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO" if verbose else "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
