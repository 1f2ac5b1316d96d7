"""Commands that let people review in annotation tools: review-export, review-import."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from kizu.agree.verdict import Verdict
from kizu.cli.options import DEFAULT_STORE, DatasetName, StoreUrl, fail, or_exit
from kizu.cli.terminal import err, out
from kizu.review_exchange import TOOLS, LeftOut, export_review, import_review
from kizu.store import Store


def review_export(
    name: DatasetName,
    folder: Annotated[Path, typer.Argument(help="An empty folder, or a new one.")],
    to: Annotated[str, typer.Option(help=f"The tool: {', '.join(TOOLS)}.")],
    store: StoreUrl = DEFAULT_STORE,
    *,
    also: Annotated[
        list[Verdict], typer.Option(help="Verdicts to export besides review; may be repeated.")
    ] = [],  # noqa: B006 - typer reads it and changes nothing
) -> None:
    """Write the samples that wait for a person as tasks of an annotation tool."""
    exported = or_exit(partial(export_review, also=also), or_exit(Store, store), name, to, folder)
    _print_left_out(exported.left_out)
    out.print(f"Wrote {exported.count} samples of {name} to {folder}.", markup=False)


def review_import(
    name: DatasetName,
    file: Annotated[Path, typer.Argument(help="What the tool exported.")],
    from_: Annotated[str, typer.Option("--from", help=f"The tool: {', '.join(TOOLS)}.")],
    reviewer: Annotated[str, typer.Option(help="Who judged, where the file names nobody.")],
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Record what people judged in an annotation tool."""
    try:
        data = file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read ({error.strerror}); give the file that the tool exported")
    opened = or_exit(Store, store)
    imported = or_exit(partial(import_review, reviewer=reviewer), opened, name, data, from_)
    _print_left_out(imported.left_out)
    out.print(
        f"Recorded {imported.recorded} decisions on {name}; {imported.known} were known.",
        markup=False,
    )
    if imported.recorded:
        out.print("The next build publishes them: kizu build")


def _print_left_out(left_out: Sequence[LeftOut]) -> None:
    for each in left_out:
        err.print(f"left out: {each.name}: {each.reason}", style="yellow", markup=False)
