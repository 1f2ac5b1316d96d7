"""What the Prefect UI shows of a build."""

import os
import re
import time
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
_ALL_PERCENT = 100
_MOST_ROWS = 200  # of a table in the UI; more are no longer looked through


def artifact_key(kind: str, dataset: str) -> str:
    """Name an artifact; Prefect allows lower-case letters, digits and dashes only.

    Example:
        >>> artifact_key("yield", "Mugs 2")
        'yield-mugs-2'
        >>> artifact_key("yield", "カップ")
        'yield-508a4fc5'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", dataset.lower()).strip("-")
    return f"{kind}-{plain or sha256_hex(dataset.encode())[:8]}"


def show_plan(spec: DatasetSpec, found: BuildEstimate) -> None:
    """Put into the UI what a build is going to make and what that costs."""
    cost = "unknown" if found.cost_usd is None else f"{found.cost_usd:.2f} USD"
    rows: list[dict[str, Any]] = [
        {"what": "usable photos", "count": found.photos},
        {"what": "photos to edit", "count": found.edited_photos},
        {"what": "edits in all", "count": found.requests},
        {"what": "already in the store", "count": found.stored},
        {"what": "to make", "count": found.to_make},
        {"what": f"estimated cost ({spec.editor.name})", "count": cost},
    ]
    create_table_artifact(
        rows,
        key=artifact_key("plan", spec.name),
        description=f"Plan of {spec.name}: {found.in_words()}",
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


def wait_with_progress(dataset: str, futures: Sequence[PrefectFuture[Any]], images: int) -> None:
    """Wait for tasks, whatever becomes of them, and keep a progress artifact up to date.

    Args:
        dataset: The dataset's name.
        futures: The tasks.
        images: How many images they are about.
    """
    began = time.monotonic()
    told = progress_in_words(0.0, images, 0.0)
    key = artifact_key("progress", dataset)
    artifact = cast("UUID", create_progress_artifact(0.0, key=key, description=told))
    shown = 0.0
    for done, _ in enumerate(as_completed(list(futures)), start=1):
        raise_if_interrupted()  # tasks that have not begun are taken back
        percent = 100 * done / len(futures)
        if percent - shown >= _STEP_PERCENT or done == len(futures):
            told = progress_in_words(percent, images, time.monotonic() - began)
            update_progress_artifact(artifact, progress=percent, description=told)
            shown = percent


def progress_in_words(percent: float, images: int, elapsed_s: float) -> str:
    """Say how fast a build is, and how long it takes if it goes on like that.

    Args:
        percent: How much of it is done.
        images: How many images it is about.
        elapsed_s: Seconds since its start.

    Example:
        >>> progress_in_words(25, 160, 120)
        'about 40 of 160 images, 20 a minute, about 6 min left'
        >>> progress_in_words(100, 160, 480)
        '160 images in 8 min, 20 a minute'
        >>> progress_in_words(0, 160, 0)
        '160 images to go through'
    """
    if percent <= 0 or elapsed_s <= 0:
        return f"{images} images to go through"
    rate = f"{60 * images * percent / 100 / elapsed_s:.0f} a minute"
    if percent >= _ALL_PERCENT:
        return f"{images} images in {_duration(elapsed_s)}, {rate}"
    left_s = elapsed_s * (_ALL_PERCENT - percent) / percent
    done = round(images * percent / 100)
    return f"about {done} of {images} images, {rate}, about {_duration(left_s)} left"


def _duration(seconds: float) -> str:
    """Return a time in the unit that one plans with."""
    for unit_s, unit in ((3600, "h"), (60, "min")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds:.0f} s"


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
