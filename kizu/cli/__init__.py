"""The command line: one module per group of commands."""

import typer

from kizu.cli import (
    annotating,
    certifying,
    datasets,
    labelling,
    learning,
    reviewing,
    reviewing_exchange,
    services,
    verifying,
)

app = typer.Typer(
    help="Normal product photos and a sentence per defect in, a labelled dataset out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for command in (
    datasets.init,
    datasets.plan,
    datasets.build,
    labelling.label,
    datasets.report,
    reviewing.review,
    certifying.certify,
    datasets.export,
    verifying.verify,
    verifying.repair,
    reviewing_exchange.review_export,
    reviewing_exchange.review_import,
    datasets.demo,
    annotating.annotators,
    annotating.annotate,
    services.serve,
    services.retry,
    datasets.ledger,
    learning.yields,
    learning.phrases,
    services.emulate_azure,
):
    app.command()(command)
