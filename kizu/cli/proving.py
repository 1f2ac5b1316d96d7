"""The command that proves a dataset on real defects: prove."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from kizu.agree.verdict import Verdict
from kizu.cli.options import (
    DEFAULT_STORE,
    DatasetName,
    DatasetVersion,
    StoreUrl,
    fail,
    or_exit,
    write_text,
)
from kizu.cli.terminal import err, out, progress_bars
from kizu.prove.segmenters import SEGMENTERS
from kizu.publish.dataset import LATEST, open_dataset
from kizu.store import Store

if TYPE_CHECKING:
    from kizu.prove.proof import Proof


def prove(
    name: DatasetName,
    real: Annotated[
        Path,
        typer.Option(
            help="Folder of real defects: a subfolder per kind with NAME_mask.png beside NAME.png, "
            "and one called good or normal; or MVTec AD's layout."
        ),
    ],
    store: StoreUrl = DEFAULT_STORE,
    *,
    version: DatasetVersion = LATEST,
    group: Annotated[
        str | None,
        typer.Option(help="Regular expression on file names: the part that a picture shows."),
    ] = None,
    segmenter: Annotated[
        str, typer.Option(help=f"What is trained: {', '.join(SEGMENTERS)}.")
    ] = "features",
    one_class: Annotated[
        str,
        typer.Option(help="What learns from normals alone: features, or padim (of anomalib)."),
    ] = "features",
    seeds: Annotated[int, typer.Option(min=1, help="Trainings per training set and fold.")] = 3,
    also: Annotated[
        list[Verdict],
        typer.Option(help="Verdicts to train on besides accept; may be repeated."),
    ] = [],  # noqa: B006 - typer reads it and changes nothing
    few: Annotated[int, typer.Option(min=1, help="Real defects per kind in 'few real'.")] = 5,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all figures to this file.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the figures into this PNG.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page of Markdown.")] = None,
) -> None:
    """Tell whether training on a dataset finds real defects."""
    from kizu.prove.comparison import ProofSettings
    from kizu.prove.plot import check_plot, save_plot
    from kizu.prove.proof import prove as run
    from kizu.prove.report import markdown

    if plot is not None:
        or_exit(check_plot)
    opened = or_exit(Store, store)
    dataset = or_exit(open_dataset, opened, name, version)
    settings = ProofSettings(seeds=seeds, few=few)
    with progress_bars():
        proof = or_exit(
            run,
            opened,
            dataset,
            real,
            group=group,
            segmenter=segmenter,
            one_class=one_class,
            settings=settings,
            also=also,
        )
    _print(proof)
    if json_file is not None:
        write_text(json_file, json.dumps(proof.to_json(), indent=1, ensure_ascii=False) + "\n")
    if report is not None:
        write_text(report, markdown(proof))
    if plot is not None:
        try:
            or_exit(save_plot, proof, plot)
        except OSError as error:
            fail(f"{plot} cannot be written: {error.strerror or error}; choose another place")


def _print(proof: "Proof") -> None:
    from kizu.prove.report import LEGEND, cost_told, gain_rows, kind_rows, metric_rows

    for title, rows in (
        ("Mean over kinds of defects", metric_rows(proof)),
        ("Pixel AP per kind (parts that show it)", kind_rows(proof)),
        ("Gains, both training sets on the same draws", gain_rows(proof)),
    ):
        head, *body = rows
        table = Table(head[0], *(Column(each, no_wrap=True) for each in head[1:]), title=title)
        for row in body:
            table.add_row(*map(escape, row))
        out.print(table)
    for note in proof.notes:
        err.print(note, style="yellow", markup=False)
    out.print(cost_told(proof), markup=False)
    for number, contrast in enumerate(proof.contrasts):
        out.print(contrast.sentence, markup=False, style=None if number else "bold")
    out.print(LEGEND, markup=False)
