"""The command that looks for the same thing on both sides of a split: leakage."""

import json
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Column, Table

from kizu.cli.options import (
    DEFAULT_STORE,
    DatasetName,
    DatasetVersion,
    StoreUrl,
    open_in_browser,
    or_exit,
)
from kizu.cli.terminal import err, out, progress_bars
from kizu.publish.dataset import LATEST, open_dataset
from kizu.publish.leakage import NOT_SEEN, Leakage, find_leakage
from kizu.report.leakage_sheet import SHOWN, leakage_sheet
from kizu.store import Store

_LISTED: Final = 20  # pairs in the JSON beside all leaks; the picture shows fewer


def leakage(
    name: DatasetName,
    store: StoreUrl = DEFAULT_STORE,
    *,
    version: DatasetVersion = LATEST,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the nearest pairs as JSON, and nothing else.")
    ] = False,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the picture.")] = True,
) -> None:
    """Tell whether train and test, or two folds, show the same; exit code 1 unless they do not."""
    opened = or_exit(Store, store)
    dataset = or_exit(open_dataset, opened, name, version)
    with progress_bars():
        found = or_exit(find_leakage, dataset)
    if as_json:
        told = found.to_json(max(_LISTED, len(found.leaks)))
        print(json.dumps(told, ensure_ascii=False, indent=2))  # noqa: T201 - rich would break lines
    else:
        _print(found)
        if found.pairs:
            path = dataset.folder.report("leakage.png")
            opened.write(path, or_exit(leakage_sheet, found.pairs))
            address = opened.address(path)
            out.print(f"The nearest pairs: {address}", markup=False)
            if show:
                open_in_browser(address)
    if not found.is_proven:
        raise typer.Exit(1)


def _print(found: Leakage) -> None:
    if found.pairs:
        table = Table("across", "one", "other", Column("likeness", justify="right"), "shows")
        for pair in found.pairs[: max(SHOWN, len(found.leaks))]:
            style = "red" if pair.is_leak else None
            names = (escape(photo.name) for photo in (pair.first, pair.second))
            table.add_row(pair.across, *names, f"{pair.likeness:.2f}", pair.verdict, style=style)
        out.print(table)
    for sentence in found.unreadable:
        err.print(sentence, style="red", markup=False)
    sides = ", ".join(f"{count} in {side}" for side, count in found.photos.items())
    folds = f", {found.folds} folds" if found.folds else ""
    out.print(f"{found.dataset} {found.version}: photos {sides}{folds}.", markup=False)
    said = f"{found.sentence[0].upper()}{found.sentence[1:]}."
    out.print(said, style="bold" if found.is_proven else "bold red", markup=False)
    out.print(NOT_SEEN, markup=False)
