"""The command line: one module per group of commands."""

from collections.abc import Callable
from functools import wraps

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
from kizu.cli.options import fail
from kizu.store import DamagedFileError

app = typer.Typer(
    help="Normal product photos and a sentence per defect in, a labelled dataset out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _in_a_sentence(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that ends with a sentence where something it reads is damaged."""

    @wraps(command)
    def run(*args: object, **options: object) -> None:
        try:
            command(*args, **options)
        except DamagedFileError as damage:
            way_out = "; 'kizu repair' says what becomes of it"
            fail(f"{damage}{way_out if type(damage) is DamagedFileError else ''}")

    return run


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
    app.command()(_in_a_sentence(command))
