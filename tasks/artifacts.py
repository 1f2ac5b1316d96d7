"""What the Prefect UI shows of a build."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.futures import PrefectFuture, as_completed

from kizu.keys import sha256_hex
from kizu.report.summary import BuildSummary, next_steps
from kizu.report.yields import yield_rows
from kizu.shards import ShardRef
from kizu.store import Store
from tasks.publish import read_outcomes

if TYPE_CHECKING:
    from uuid import UUID

_STEP_PERCENT = 5


def artifact_key(kind: str, dataset: str) -> str:
    """Name an artifact; Prefect allows lower-case letters, digits and dashes only.

    Example:
        >>> artifact_key("yield", "Mugs 2")
        'yield-mugs-2'
        >>> artifact_key("yield", "カップ")
        'yield-67e2e2c5'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", dataset.lower()).strip("-")
    return f"{kind}-{plain or sha256_hex(dataset.encode())[:8]}"


def follow(dataset: str, futures: Sequence[PrefectFuture[Any]]) -> None:
    """Wait for tasks, whatever becomes of them, and keep a progress artifact up to date."""
    artifact = cast("UUID", create_progress_artifact(0.0, key=artifact_key("progress", dataset)))
    shown = 0.0
    for done, _ in enumerate(as_completed(list(futures)), start=1):
        percent = 100 * done / len(futures)
        if percent - shown >= _STEP_PERCENT or done == len(futures):
            update_progress_artifact(artifact, progress=percent)
            shown = percent


def show_summary(summary: BuildSummary, shards: tuple[ShardRef, ...], store_url: str) -> None:
    """Put the yield table and the summary with its next steps into the UI."""
    rows = [asdict(row) for row in yield_rows(read_outcomes(shards, Store(store_url)))]
    key = artifact_key("yield", summary.dataset)
    create_table_artifact(rows, key=key, description=summary.headline)
    create_markdown_artifact(
        _markdown(summary),
        key=artifact_key("summary", summary.dataset),
        description=summary.headline,
    )


def _markdown(summary: BuildSummary) -> str:
    steps = "\n".join(f"1. {step}" for step in next_steps(summary))
    skipped = "\n".join(f"- {skip.name}: {skip.reason}" for skip in summary.skipped)
    return "\n\n".join(
        part
        for part in (
            f"# {summary.dataset} {summary.version}",
            summary.headline,
            summary.stopped,
            summary.note,
            f"Paid: {summary.paid}" if summary.paid else "",
            f"Report: `{summary.report_address}`",
            f"## What to do next\n{steps}",
            f"## Skipped files\n{skipped}" if skipped else "",
        )
        if part
    )
