"""A group of commands of which only the one that runs is imported.

Torch, pandas and SciPy take seconds to import; what lists the commands needs none of them.
"""

import ast
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import typer
from typer.core import TyperGroup

_HERE: Final = Path(__file__).parent
_PLACE: Final = "kizu_command"
"""Attribute of a stand-in: which command it stands for, as ``MODULE:FUNCTION``."""


def announce(app: typer.Typer, place: str, heading: str) -> None:
    """Add a command without importing it.

    Args:
        app: The command line, of the class ``LazyGroup``.
        place: ``MODULE:FUNCTION``, the module one of ``kizu.cli``.
        heading: Where it stands in ``kizu --help``.
    """

    def stand_in() -> None:
        """Hold the place of the command."""

    setattr(stand_in, _PLACE, place)
    app.command(command_name(place), rich_help_panel=heading)(stand_in)


def command_name(place: str) -> str:
    """Return the name of a command in the terminal.

    >>> command_name("reviewing_exchange:review_export"), command_name("listing:list_")
    ('review-export', 'list')
    """
    return place.partition(":")[2].rstrip("_").replace("_", "-")


class LazyGroup(TyperGroup):
    """Commands added by ``announce``: listed by the docstrings in their source, loaded to run."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - Typer's Click is private
        """Return a command to be listed: a stand-in has its short help and no arguments."""
        found = super().get_command(ctx, cmd_name)
        if found is not None and (place := _place_of(found)):
            found.help = docstring(place)
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as above
        """Return the command that runs."""
        waiting = self.commands.get(args[0]) if args else None
        if waiting is not None and (place := _place_of(waiting)):
            self.commands[args[0]] = load(place)
        return super().resolve_command(ctx, args)


def _place_of(command: Any) -> str | None:  # noqa: ANN401 - Typer's Click is private
    return getattr(command.callback, _PLACE, None)


def docstring(place: str) -> str:
    """Return a command's docstring from its source.

    Raises:
        LookupError: There is no such function, or it has none.
    """
    module, _, function = place.partition(":")
    source = (_HERE / f"{module}.py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return ast.get_docstring(node) or ""
    raise LookupError(place)


def load(place: str) -> Any:  # noqa: ANN401 - Typer's Click is private
    """Import a command and return it as Click knows it."""
    module, _, function = place.partition(":")
    call = getattr(import_module(f"kizu.cli.{module}"), function)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(command_name(place))(_in_a_sentence(call))
    return typer.main.get_command(alone)


def _in_a_sentence(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that ends with a sentence where something it reads is damaged."""
    from kizu.cli.options import fail
    from kizu.store import DamagedFileError

    @wraps(command)
    def run(*args: object, **options: object) -> None:
        try:
            command(*args, **options)
        except DamagedFileError as damage:
            way_out = "; 'kizu repair' says what becomes of it"
            fail(f"{damage}{way_out if type(damage) is DamagedFileError else ''}")

    return run
