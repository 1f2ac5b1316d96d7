"""What the commands share: arguments, and how a command ends."""

import os
import shlex
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, NoReturn, ParamSpec, TypeVar

import typer

from kizu.building import BuildInterruptedError
from kizu.cli.terminal import err

STORE_VARIABLE: Final = "KIZU_STORE"
SpecFile = Annotated[Path, typer.Argument(help="The spec file, for example dataset.yaml.")]
StoreUrl = Annotated[
    str,
    typer.Option("--store", envvar=STORE_VARIABLE, help="Store: a folder or an fsspec URL."),
]
DEFAULT_STORE: Final = "kizu-store"
DatasetName = Annotated[str, typer.Argument(help="The dataset's name.")]
DatasetVersion = Annotated[str, typer.Option("--version", help="The version.")]

P = ParamSpec("P")
R = TypeVar("R")


def or_exit(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call, or end with the sentence of an error that the user can mend, or of a Ctrl-C."""
    try:
        return call(*args, **kwargs)
    except BuildInterruptedError as stop:
        go_on = typed_command()
        err.print(f"Stopped: all that was made is kept; go on with: {go_on}", markup=False)
        raise typer.Exit(stop.exit_status) from None
    except ValueError as error:
        fail(str(error))


def typed_command() -> str:
    """Return the command that runs, as it can be typed again."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def found_store() -> str:
    """Return the store of a command that names none."""
    return os.environ.get(STORE_VARIABLE) or DEFAULT_STORE


def open_in_browser(address: str) -> None:
    """Open a file of the store, by its path or URL, in the browser."""
    webbrowser.open(address if "://" in address else Path(address).as_uri())


def write_text(file: Path, text: str) -> None:
    """Write a file, or end with the sentence of what is in the way."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror or error}; choose another place")


def fail(sentence: str) -> NoReturn:
    """Print the sentence and end the command with code 2."""
    err.print(sentence, style="red", markup=False)
    raise typer.Exit(2)
