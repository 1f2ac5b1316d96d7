"""Commands are listed without importing them."""

import subprocess
import sys

import pytest

from kizu.cli import COMMANDS
from kizu.cli.lazy_group import command_name, docstring, load

PLACES = [place for places in COMMANDS.values() for place in places]


@pytest.mark.parametrize("place", PLACES, ids=command_name)
def test_every_command_is_listed_by_its_own_docstring(place):
    assert load(place).help.startswith(docstring(place).splitlines()[0])


def test_a_command_that_is_not_there_has_no_help():
    with pytest.raises(LookupError, match="datasets:nothing"):
        docstring("datasets:nothing")


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_nothing_heavy_is_imported_to_list_the_commands(word):
    program = (
        "import sys; from kizu.cli import app; app(standalone_mode=False);"
        "print([m for m in ('numpy', 'torch', 'pandas', 'scipy', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", program, word],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_stands_in_the_help_once(run):
    code, said, _ = run("--help")
    assert code == 0
    listed = [line.split()[1] for line in said.splitlines() if line.startswith("│ ")]
    assert [listed.count(command_name(place)) for place in PLACES] == [1] * len(PLACES)


def test_a_mistyped_command_is_told_what_it_may_have_been(run):
    code, _, errors = run("bild", "dataset.yaml")
    assert code == 2
    assert "build" in errors
