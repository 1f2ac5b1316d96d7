"""What the terminal shows: progress bars, plans, summaries."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from kizu.export.registry import LOSSLESS
from kizu.export.roundtrip import Trip
from kizu.grounding import CatalogueEntry, Detections
from kizu.japanese import told
from kizu.pace import DEFAULT, HERE, task_slots
from kizu.planning import BuildEstimate, spec_warnings
from kizu.progress import Listener, listening
from kizu.sources import Skipped
from kizu.spec import DatasetSpec
from kizu.splits import Groups


class _Terminal(Console):
    """Prints messages in the system's language, where there is one of them; tables as they are."""

    def print(self, *objects: object, **options: Any) -> None:  # noqa: ANN401 - rich's own
        """Print as rich does."""
        super().print(*(told(o) if isinstance(o, str) else o for o in objects), **options)


out = _Terminal(highlight=False, soft_wrap=True)
err = _Terminal(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def progress_bars(opening: str | None = None) -> Iterator[Listener]:
    """Show one bar per stage while the block runs; yields the listener that moves them.

    Args:
        opening: What to show until the first stage announces itself.
    """
    columns = (
        TextColumn("{task.description:>16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err) as bars:
        start = bars.add_task(told(opening), total=None) if opening else None
        tasks = {} if start is None else {"": start}
        lock = Lock()

        def show(stage: str, count: int, total: int | None) -> None:
            with lock:
                if (waiting := tasks.pop("", None)) is not None:
                    bars.remove_task(waiting)
                if stage not in tasks:
                    tasks[stage] = bars.add_task(told(stage), total=total)
                bars.update(tasks[stage], advance=count)

        with listening(show):
            yield show


def print_estimate(spec: DatasetSpec, found: BuildEstimate) -> None:
    """Print what a build would make and cost, a line per defect, and the prompts it would send."""
    counts = ("photos", "variants", "in store", "to buy" if spec.editor.is_paid else "to make")
    numbers = [Column(told(each), justify="right") for each in (*counts, "USD", "minutes")]
    title = told(f"Plan of {spec.name}")
    table = Table(told("defect"), *numbers, title=escape(title), title_justify="left")
    for each in found.defects:
        table.add_row(
            escape(each.defect_type),
            *(str(n) for n in (each.photos, each.variants, each.stored, each.to_make)),
            _most(each.cost_usd),
            _minutes(each.seconds),
        )
    table.add_section()
    table.add_row(
        told("all"),
        str(found.edited_photos),
        str(sum(defect.variants for defect in spec.defects)),
        str(found.stored),
        str(found.to_make),
        _most(found.cost_usd),
        _minutes(found.seconds),
    )
    out.print(table)
    at_most = "USD are the most it can cost" if found.cost_usd else "It costs nothing"
    who = "emulated" if found.emulated else spec.editor.name
    cost = "What it costs is not known" if found.cost_usd is None else at_most
    out.print(f"{found.photos} photos can be used. {cost} ({who}).", markup=False)
    for sentence in pace_sentences(found):
        out.print(sentence, markup=False)
    for preview in found.previews:
        out.print(f"[bold]{escape(preview.defect_type)}[/]: {escape(preview.prompt)}")


def pace_sentences(found: BuildEstimate) -> list[str]:
    """Say where the minutes of a plan were measured, and what they are without."""
    if not found.measured:
        return []
    sources = {
        HERE: "Minutes: as earlier builds of this store took, on {slots} workers.",
        DEFAULT: "Minutes: by defaults (docs/own-photos.md), on {slots} workers; after a build of "
        "8 or more samples, by this machine's own.",
    }
    said = [sources[found.measured].format(slots=task_slots())]
    if found.unmeasured:
        said.append(f"Not in them, for nobody measured it here: {', '.join(found.unmeasured)}.")
    return said


def _most(cost_usd: float | None) -> str:
    return told("unknown") if cost_usd is None else f"{cost_usd:.2f}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"


def print_splits(groups: Groups, said: Sequence[str]) -> None:
    """Print how photos fall into splits, and what is odd about their groups.

    Args:
        groups: The groups.
        said: What ``split_sentences`` says of them.
    """
    for sentence in said:
        out.print(f"{sentence}.", markup=False)
    for note in groups.notes:
        print_warning(note)


def print_warnings(spec: DatasetSpec) -> None:
    """Print what a user should know before money is spent."""
    for warning in spec_warnings(spec, datetime.now(UTC).date()):
        print_warning(warning)


def print_warning(sentence: str) -> None:
    """Print one thing that a user should know."""
    err.print(f"warning: {sentence}", style="yellow", markup=False)


def print_skipped(skipped: tuple[Skipped, ...]) -> None:
    """Print the files that were left out, and why."""
    for skip in skipped:
        err.print(f"skipped: {skip.name}: {skip.reason}", style="yellow", markup=False)


def print_trips(trips: Sequence[Trip]) -> None:
    """Print what readers gave back of exports, one row per reader."""
    table = Table(Column("format", no_wrap=True), "read by", "images", "differing px", "of mask px")
    for trip in trips:
        differs = f"[red]{trip.differing_px:,}[/]" if trip.is_broken else f"{trip.differing_px:,}"
        table.add_row(
            trip.format,
            escape(trip.reader),
            f"{trip.images} of {trip.exported}",
            escape(trip.problem) or differs,
            f"{trip.mask_px:,}",
        )
    out.print(table)
    for name, keeps in {trip.format: trip.keeps for trip in trips}.items():
        if keeps != LOSSLESS:
            out.print(f"{name} keeps of masks: {keeps}.", markup=False)
    for trip in trips:
        if trip.wrong_classes or trip.unknown:
            err.print(
                f"{trip.format}, {trip.reader}: {trip.wrong_classes} images of another class, "
                f"{trip.unknown} that nobody wrote",
                style="red",
                markup=False,
            )


def print_catalogue(entries: Sequence[CatalogueEntry]) -> None:
    """Print the text-grounding systems, and below them what adds those that are not ready.

    The commands stand outside the table, whole on their lines, so that they can be copied.
    """
    table = Table(Column("name", no_wrap=True), "gives", "licence", "here")
    for entry in entries:
        state = "[green]ready[/]" if entry.is_ready else f"lacks {escape(entry.missing)}"
        table.add_row(entry.name, entry.gives, entry.licence, state)
    out.print(table)
    absent = [entry for entry in entries if not entry.is_ready]
    if absent:
        out.print("What adds the others; weights may also be any local folder:")
        for entry in absent:
            out.print(f"  [bold]{entry.name}[/]: {escape(entry.setup)}")


def print_regions(name: str, shape: tuple[int, int], found: Detections) -> None:
    """Print the regions of one photo, numbered as in its picture.

    Args:
        name: The photo.
        shape: Its (H, W) in pixels.
        found: Its regions.
    """
    if len(found) == 0:
        out.print(f"{name}: nothing found; a lower --box-threshold finds more", markup=False)
        return
    table = Table("", "phrase", "confidence", "box x0 y0 x1 y1 (px)", "area (px)")
    rows = zip(found.phrase, found.confidence, found.xyxy, found.areas(shape), strict=True)
    for number, (phrase, confidence, box, area) in enumerate(rows, start=1):
        corners = " ".join(f"{side:.0f}" for side in box)
        table.add_row(
            str(number), escape(phrase), f"{confidence:.3f}", corners, f"{int(area.sum()):,}"
        )
    out.print(f"{name}: {len(found)} of {shape[1]}x{shape[0]} px", markup=False)
    out.print(table)
