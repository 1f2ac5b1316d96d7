"""What the Prefect UI shows of a build."""

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.futures import PrefectFuture, as_completed

from kizu.cancellation import raise_if_interrupted
from kizu.learning.yields import yield_rows
from kizu.markdown import table
from kizu.pairing import Pairing
from kizu.planning import BuildEstimate
from kizu.publish.layout import VersionFolder
from kizu.publish.outcomes import FAILED, Outcome
from kizu.publish.version import VersionRef
from kizu.report.plots import PLOTS
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.store.keys import sha256_hex
from kizu.summary import BuildSummary, next_steps
from kizu.tally import tally_rows

if TYPE_CHECKING:
    from uuid import UUID

_STEP_PERCENT = 5
_MOST_ROWS = 200  # of a table in the UI; more are no longer looked through


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


def show_plan(spec: DatasetSpec, found: BuildEstimate) -> None:
    """Put into the UI what a build is going to make and what that costs."""
    cost = "unknown" if found.cost_usd is None else f"{found.cost_usd:.2f} USD"
    rows: list[dict[str, Any]] = [
        {"": "usable photos", "count": found.photos},
        {"": "photos to edit", "count": found.edited_photos},
        {"": "edits in all", "count": found.requests},
        {"": "already in the store", "count": found.stored},
        {"": "to make", "count": found.to_make},
        {"": f"estimated cost ({spec.editor.name})", "count": cost},
    ]
    create_table_artifact(
        rows,
        key=artifact_key("plan", spec.name),
        description=f"Plan of {spec.name}: {found.to_make} edits to make, cost {cost}",
    )


def show_pairs(spec: DatasetSpec, pairing: Pairing) -> None:
    """Put into the UI which pictures belong to which normal images, and which were left out."""
    rows = [
        {
            "edited": pair.picture.name,
            "normal": pair.normal.name if pair.has_normal else "",
            "defect": pair.shown.defect_type,
            "paired by": pair.picture.paired_by,
            "score": pair.picture.score,
            "geometry": pair.geometry.in_words() if pair.has_normal else "",
        }
        for pair in pairing.least_sure(_MOST_ROWS)
    ]
    create_table_artifact(
        rows,
        key=artifact_key("pairs", spec.name),
        description=f"{pairing.headline}{_part_shown(len(pairing.pairs), 'least sure')}",
    )
    left_out = pairing.left_out
    if left_out:
        belong = "1 file belongs" if len(left_out) == 1 else f"{len(left_out)} files belong"
        create_table_artifact(
            [{"file": skip.name, "reason": skip.reason} for skip in left_out[:_MOST_ROWS]],
            key=artifact_key("left-out", spec.name),
            description=f"{belong} to no pair{_part_shown(len(left_out), 'first')}",
        )


def _part_shown(count: int, which: str) -> str:
    return f"; the {which} {_MOST_ROWS} are shown" if count > _MOST_ROWS else ""


def wait_with_progress(dataset: str, futures: Sequence[PrefectFuture[Any]]) -> None:
    """Wait for tasks, whatever becomes of them, and keep a progress artifact up to date."""
    artifact = cast("UUID", create_progress_artifact(0.0, key=artifact_key("progress", dataset)))
    shown = 0.0
    for done, _ in enumerate(as_completed(list(futures)), start=1):
        raise_if_interrupted()  # tasks that have not begun are taken back
        percent = 100 * done / len(futures)
        if percent - shown >= _STEP_PERCENT or done == len(futures):
            update_progress_artifact(artifact, progress=percent)
            shown = percent


def show_summary(summary: BuildSummary, version: VersionRef, store_url: str) -> None:
    """Put yields, contact sheet, report and the summary with its next steps into the UI."""
    outcomes = version.open_outcomes(Store(store_url))
    _show_failures(summary.dataset, outcomes)
    rows = [row.columns() for row in yield_rows(outcomes)]
    key = artifact_key("yield", summary.dataset)
    create_table_artifact(rows, key=key, description=summary.headline)
    folder = version.folder()
    report, sheet = (served_url(folder.report(n)) for n in ("index.html", "contact_sheet.png"))
    if summary.version and report and sheet:
        _show_pictures(summary, report, sheet)
        _show_plots(summary, folder, store_url)
    create_markdown_artifact(
        _markdown(summary, report),
        key=artifact_key("summary", summary.dataset),
        description=summary.headline,
    )


def _show_failures(dataset: str, outcomes: Sequence[Outcome]) -> None:
    """Put into the UI which samples failed, and why; without any, nothing."""
    failed = [outcome for outcome in outcomes if outcome.status in FAILED]
    if failed:
        create_table_artifact(
            [{"sample": outcome.sample_id, "reason": outcome.reason} for outcome in failed],
            key=artifact_key("failed", dataset),
            description=f"{len(failed)} samples failed; mend the cause and press Retry",
        )


def served_url(path: str) -> str | None:
    """Return where a file of the store is served over HTTP (``KIZU_FILES_URL``), if it is."""
    base = os.environ.get("KIZU_FILES_URL")
    return f"{base.rstrip('/')}/{quote(path)}" if base else None


def _show_pictures(summary: BuildSummary, report: str, sheet: str) -> None:
    create_image_artifact(
        image_url=sheet,
        key=artifact_key("contact-sheet", summary.dataset),
        description=f"Contact sheet of {summary.dataset} {summary.version}",
    )
    create_link_artifact(
        report,
        link_text=f"Report of {summary.dataset} {summary.version}",
        key=artifact_key("report", summary.dataset),
        description="Every sample with its pictures, metrics and verdict",
    )


def _show_plots(summary: BuildSummary, folder: VersionFolder, store_url: str) -> None:
    """Put the report's plots into the UI, those that there are."""
    store = Store(store_url)
    for name, title in PLOTS.items():
        path = folder.report(f"{name}.svg")
        url = served_url(path)
        if url and store.exists(path):
            create_image_artifact(
                image_url=url,
                key=artifact_key(f"plot-{name}", summary.dataset),
                description=f"{summary.dataset} {summary.version}: {title}",
            )


def _report_line(summary: BuildSummary, report: str | None) -> str:
    if not summary.report_address:
        return ""
    return f"[Report]({report})" if report else f"Report: `{summary.report_address}`"


def _stages(summary: BuildSummary) -> str:
    """Return a table of what each stage did."""
    headings, rows = tally_rows(summary.stages)
    return f"## What was done\n{table(headings, rows)}" if rows else ""


def _markdown(summary: BuildSummary, report: str | None) -> str:
    steps = "\n".join(f"1. {step}" for step in next_steps(summary))
    skipped = "\n".join(f"- {skip.name}: {skip.reason}" for skip in summary.skipped)
    return "\n\n".join(
        part
        for part in (
            f"# {summary.dataset} {summary.version}",
            summary.headline,
            summary.stopped,
            summary.note,
            f"**{summary.certificate}**" if summary.is_shifted else summary.certificate,
            f"Paid: {summary.paid}" if summary.paid else "",
            _report_line(summary, report),
            _stages(summary),
            f"## What to do next\n{steps}",
            f"## Skipped files\n{skipped}" if skipped else "",
        )
        if part
    )
