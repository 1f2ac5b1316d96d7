"""What the terminal shows when a build has ended: figures, what is odd, and what to do next."""

import shlex
from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.markup import escape
from rich.table import Column, Table

from kizu.cli.terminal import err, out, print_skipped
from kizu.japanese import told
from kizu.summary import BUILD_AGAIN, BuildSummary, NextStep, what_next
from kizu.tally import StageTally, tally_rows

WIDTH: Final = 80
"""Columns of a terminal that tables and commands with their words fit into."""


def print_summary(summary: BuildSummary, took_s: float, again: str, store: str = "") -> None:
    """Print what a build came to, and what to do next.

    Args:
        summary: What it came to.
        took_s: How long the command took.
        again: The command that started it.
        store: The store, where commands do not find it by themselves; empty where they do.
    """
    out.print(f"[bold]{escape(summary.dataset)}[/] {summary.version}: {summary.headline}")
    if summary.version and not summary.is_new:
        out.print("Nothing changed since this version was published.")
    print_stages(summary.stages, took_s)
    if summary.note:
        err.print(summary.note, style="yellow", markup=False)
    print_skipped(summary.skipped)
    if summary.stopped:
        err.print(f"stopped: {summary.stopped}", style="red", markup=False)
    if summary.paid:
        out.print(f"Paid for {summary.dataset} so far: {summary.paid}.", markup=False)
    print_problems(summary)
    if summary.certificate and summary.version:
        style = "yellow" if summary.is_shifted else None
        out.print(summary.certificate, style=style, markup=False)
    print_next(what_next(summary), again, store)
    if summary.report_address:
        out.print(f"Report: {summary.report_address}", markup=False)


def print_stages(stages: Sequence[StageTally], took_s: float) -> None:
    """Print a line per stage of the build, and how long all of it took."""
    headings, rows = tally_rows(stages)
    first, *others = map(told, headings)
    table = Table(first, *(Column(each, justify="right") for each in others))
    for row in rows:
        table.add_row(told(row[0]), *row[1:])
    if stages:
        out.print(table)
    out.print(f"The build took {took_s:.0f} s; a stage's seconds are those of all its workers.")


def print_next(steps: Sequence[NextStep], again: str, store: str) -> None:
    """Print what to do: first what no command does, then the commands, whole on their lines."""
    for step in steps:
        if step.sentence and not step.command:
            out.print(f"- {step.sentence}", markup=False)
    whys: dict[str, str] = {}
    for step in steps:
        if step.command:
            whys.setdefault(_typed(step.command, again, store), told(step.why))
    if whys:
        out.print("Next:")
    width = max((len(command) for command in whys), default=0)
    for command, why in whys.items():
        line = f"  {command:<{width}}  # {why}"
        fits = cell_len(line) <= WIDTH
        out.print(line if fits else f"  # {why}\n  {command}", markup=False)


def _typed(command: str, again: str, store: str) -> str:
    """Return a command as it is to be typed."""
    if command == BUILD_AGAIN:
        return again
    return f"{command} --store {shlex.quote(store)}" if store else command


def print_problems(summary: BuildSummary) -> None:
    """Print why samples failed, each reason once; what stopped the build was told already."""
    alike: dict[str, list[str]] = {}
    for problem in summary.problems:
        if not (summary.stopped and problem.reason.endswith(summary.stopped)):
            alike.setdefault(problem.reason, []).append(problem.sample_id)
    for reason, [first, *others] in alike.items():
        more = f" and {len(others)} more" if others else ""
        word, style = ("waits", "yellow") if summary.only_waits else ("failed", "red")
        err.print(f"{word}: {first}{more}: {reason}", style=style, markup=False)
