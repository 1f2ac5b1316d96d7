"""What MkDocs does for kizu's pages beyond the usual: pages made from code, and two languages.

Japanese pages lie in ``docs/ja`` under the English page's name, where there is one.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mkdocs.structure.files import File, Files

from kizu.cli.reference_page import page as command_line_page
from kizu.spec.reference_page import page as spec_page

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

_ROOT: Final = Path(__file__).parents[1]

_BOTH_LANGUAGES: Final = ("Tutorial", "How to")
"""Sections whose pages say in which languages they are."""

_JAPANESE: Final = "[\u3000-\u9fff\uff00-\uffef]"
_WRAPPED: Final = re.compile(rf"(?<={_JAPANESE})\n *(?={_JAPANESE})")
"""A line's end between Japanese signs, which browsers would show as a space."""

_FENCES: Final = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)

_API: Final = """\
# Python

What `import kizu` offers; everything else may change. Signatures and words are those of the code.
What a spec's settings mean and their limits stand in [the spec](spec.md).
"""


def on_files(files: Files, config: "MkDocsConfig") -> Files:
    """Add the pages that are made from code, and those that lie beside ``docs``."""
    pages = {
        "reference/spec.md": spec_page(),
        "reference/commands.md": command_line_page(),
        "reference/python.md": python_page(),
        "changelog.md": _beside("CHANGELOG.md"),
        "contributing.md": _beside("CONTRIBUTING.md"),
    }
    for place, text in pages.items():
        files.append(File.generated(config, place, content=text))
    return files


def python_page() -> str:
    """Return the page of the public names, which mkdocstrings fills in."""
    return "\n".join([_API, *(_entry(name, place) for name, place in sorted(public_names()))])


def public_names() -> Iterator[tuple[str, str]]:
    """Yield each public name and where it is defined, as ``kizu/__init__.pyi`` says."""
    for line in ast.parse((_ROOT / "kizu" / "__init__.pyi").read_text(encoding="utf-8")).body:
        if isinstance(line, ast.ImportFrom):
            for name in line.names:
                yield name.name, f"kizu.{line.module}.{name.name}"


def _entry(name: str, place: str) -> str:
    module, _, attribute = place.rpartition(".")
    found = getattr(import_module(module), attribute)
    members = [each for each in _methods(found) if not each.startswith("_")]
    options = f"    options:\n      heading: kizu.{name}\n      toc_label: {name}\n"
    if hasattr(found, "model_fields"):
        options += f"      members: {members}\n"
    return f"::: {found.__module__}.{attribute}\n{options}"


def _methods(found: object) -> list[str]:
    return [name for name, each in vars(found).items() if inspect.isroutine(each) or _bound(each)]


def _bound(each: object) -> bool:
    return isinstance(each, classmethod | property)


def _beside(name: str) -> str:
    """Return a file beside ``docs``, its links as they are within ``docs``."""
    return (_ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")


def on_page_markdown(markdown: str, page: "Page", config: "MkDocsConfig", files: Files) -> str:
    """Say below the title where the page is in the other language, or that it is not."""
    del config
    place = page.file.src_uri
    said = _other_language(place, files, any(up.title in _BOTH_LANGUAGES for up in page.ancestors))
    if said:
        markdown = re.sub(r"\A(# .*\n)", lambda title: f"{title[1]}\n{said}\n", markdown)
    return _unwrapped(markdown) if place.startswith("ja/") else markdown


def _unwrapped(markdown: str) -> str:
    """Join wrapped lines of Japanese, outside of code."""
    parts = _FENCES.split(markdown)
    return "".join(
        part if number % 2 else _WRAPPED.sub("", part) for number, part in enumerate(parts)
    )


def _other_language(place: str, files: Files, for_users: bool) -> str:  # noqa: FBT001 - read once
    if place.startswith("ja/"):
        english = place.removeprefix("ja/")
        return f"[English](../{english})" if files.get_file_from_path(english) else ""
    if files.get_file_from_path(f"ja/{place}"):
        return f"[日本語](ja/{place})"
    return "*Only in English so far. このページは英語のみです。*" if for_users else ""


def on_page_context(
    context: dict[str, Any],
    page: "Page",
    config: "MkDocsConfig",
    nav: object,  # MkDocs names them
) -> dict[str, Any]:
    """Give the theme's own words the language of the page."""
    del nav
    config.theme["language"] = "ja" if page.file.src_uri.startswith("ja/") else "en"
    return context
