"""What the documentation tells people to type is what kizu takes."""

import re
import shlex

import pytest
import yaml
from served import ROOT

from kizu.cli import COMMANDS
from kizu.cli.lazy_group import command_name, load
from kizu.spec import DatasetSpec

PLACES = {command_name(place): place for places in COMMANDS.values() for place in places}
PAGES = [ROOT / "README.md", ROOT / "README.ja.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(language: str) -> list[tuple[str, str]]:
    """Each block of a language in the documentation, with its file's name."""
    found = re.compile(rf"^ *```(?:{language})\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
    return [
        (str(page.relative_to(ROOT)), block)
        for page in PAGES
        for block in found.findall(page.read_text(encoding="utf-8"))
    ]


def kizu_lines() -> dict[str, list[list[str]]]:
    """The words after kizu of each line, by the command that it runs."""
    lines = {}
    for _, block in blocks("sh|bash"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0].rpartition("/")[2] == "kizu" and not words[1].startswith("-"):
                lines.setdefault(words[1], []).append(words[2:])
    return lines


LINES = kizu_lines()


@pytest.mark.parametrize("command", LINES)
def test_commands_and_options_in_the_documentation_exist(command):
    known = {
        name
        for parameter in load(PLACES[command]).params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    asked = {word.partition("=")[0] for words in LINES[command] for word in words}
    assert {word for word in asked if word.startswith("--")} <= known


WHOLE_SPECS = [(page, text) for page, text in blocks("yaml") if text.startswith("name:")]


@pytest.mark.parametrize(("page", "text"), WHOLE_SPECS, ids=[page for page, _ in WHOLE_SPECS])
def test_whole_specs_in_the_documentation_are_taken(page, text):
    assert DatasetSpec.parse(yaml.safe_load(text), origin=page).remarks == ()
