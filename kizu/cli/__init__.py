"""The command line: one module per group of commands."""

from typing import Annotated, Final

import typer

from kizu.cli.installed import print_version
from kizu.cli.lazy_group import LazyGroup, announce

COMMANDS: Final = {
    "Make a dataset": (
        "datasets:demo",
        "datasets:init",
        "checking:check",
        "datasets:plan",
        "datasets:build",
        "labelling:label",
        "annotating:annotators",
        "annotating:annotate",
    ),
    "Look at it and judge it": (
        "datasets:report",
        "reviewing:review",
        "certifying:certify",
        "learning:yields",
        "learning:phrases",
        "reviewing_exchange:review_export",
        "reviewing_exchange:review_import",
    ),
    "Use it": (
        "listing:list_",
        "listing:open_",
        "datasets:export",
        "datasets:roundtrip",
        "leakage:leakage",
        "proving:prove",
    ),
    "Keep it": (
        "versions:versions",
        "versions:diff",
        "versions:delete",
        "verifying:verify",
        "verifying:repair",
        "datasets:ledger",
    ),
    "Run it unattended": ("services:serve", "services:retry", "services:emulate_azure"),
}
"""The commands by their heading in ``kizu --help``: module of this package, and function."""

app = typer.Typer(
    cls=LazyGroup,
    help="Normal product photos and a sentence per defect in, a labelled dataset out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Tell it.")
    ] = False,
) -> None:
    """Take what stands before a command."""


for heading, commands in COMMANDS.items():
    for command in commands:
        announce(app, command, heading)
