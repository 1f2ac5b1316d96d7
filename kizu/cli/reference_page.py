"""Prints the reference of the command line: every command with its arguments and options.

python -m kizu.cli.reference_page

The words stand at the commands themselves, where ``--help`` finds them, too.
"""

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, get_args

from kizu.cli import COMMANDS
from kizu.cli.lazy_group import command_name, docstring, load
from kizu.markdown import code, plain, table

_ABOUT: Final = """\
# The command line

This page is made from the code. `kizu --help` lists the commands, `kizu COMMAND --help` says the
same as below, `kizu --version` the version;
`kizu --install-completion` makes the shell complete names.
"""


def page() -> str:
    """Return the page in Markdown."""
    parts = [_ABOUT]
    for heading, places in COMMANDS.items():
        parts += [f"## {heading}\n", *(_section(place) for place in places)]
    return "\n".join(parts)


def _section(place: str) -> str:
    command = load(place)
    name = f"kizu {command_name(place)}"
    asked = [each for each in command.params if _is_argument(each)]
    options = [each for each in command.params if not _is_argument(each) and not each.hidden]
    usage = " ".join([name, *(_place_holder(each) for each in asked), "[OPTIONS]" * bool(options)])
    parts = [
        f"### {name} {{#{name.replace(' ', '-')}}}\n",
        f"{plain_paragraphs(docstring(place))}\n",
        f"```sh\n{usage.strip()}\n```\n",
    ]
    if asked:
        rows = ((code(each.name.upper()), plain(each.help or "")) for each in asked)
        parts.append(table(("argument", "meaning"), rows))
    if options:
        parts.append(table(("option", "meaning", "default"), map(_option, options)))
    return "\n".join(parts)


def plain_paragraphs(text: str) -> str:
    """Return a docstring's paragraphs, each in one line."""
    return "\n\n".join(plain(part) for part in text.split("\n\n"))


def _is_argument(parameter: Any) -> bool:  # noqa: ANN401 - Typer's Click is private
    return not parameter.opts[0].startswith("-")


def _place_holder(argument: Any) -> str:  # noqa: ANN401 - as above
    name = argument.name.upper() + ("..." if argument.nargs < 0 or argument.multiple else "")
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> tuple[str, str, str]:  # noqa: ANN401 - as above
    names = ", ".join(map(code, (*option.opts, *option.secondary_opts)))
    chosen = ", ".join(_choices(option.type_descriptor.annotation))
    more = [
        f"One of {chosen}." if chosen else "",
        "May be repeated." if option.multiple and not _says_so(option.help or "") else "",
        f"Environment: `{option.envvar}`." if option.envvar else "",
    ]
    said = " ".join(part for part in (plain(option.help or ""), *more) if part)
    return names, said, "**required**" if option.required else _default(option.default)


def _says_so(text: str) -> bool:
    """Tell whether an option's help says that it may be repeated."""
    return "repeated" in text or "many times" in text


def _choices(annotation: Any) -> Iterator[str]:  # noqa: ANN401 - any annotation
    """Yield the values between which an option chooses."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from (code(each.value) for each in annotation)
    for inner in get_args(annotation):
        if isinstance(inner, str):
            yield code(inner)
        else:
            yield from _choices(inner)


def _default(value: object) -> str:
    if value is None or value is False or value in ("", [], ()):
        return ""
    if value is True:
        return "on"
    if isinstance(value, list | tuple):
        return code(json.dumps(value, default=str, ensure_ascii=False))
    return code(value.value if isinstance(value, Enum) else value)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - this is what it is for
