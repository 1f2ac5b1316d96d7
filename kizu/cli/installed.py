"""What ``kizu --version`` prints."""

from importlib.metadata import version

import typer


def print_version(asked: bool) -> None:  # noqa: FBT001 - Typer passes an option's value by place
    """Print the installed version and end, if that was asked for."""
    if asked:
        typer.echo(f"kizu {version('kizu')}")
        raise typer.Exit
