"""Reads a spec file: bounded, every value as it was written, with the line of each.

YAML guesses what a bare word means: ``no`` is false, ``007`` is 7, ``2026-01-02`` a date. Here a
scalar stays the text that was written, and the field that it is given to says what it is. Only an
empty one, ``~`` and ``null`` stand for nothing.
"""

import json
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from kizu.spec.errors import SpecError
from kizu.spec.values import MOST_DEPTH, MOST_VALUES, Place, dotted, shown_text

MOST_BYTES: Final = 512 * 1024
"""Size of a spec file; a defect takes some 300 bytes, so this is a thousand of them and more."""

_Loader: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's is ten times as fast
_PLAIN_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map", "int", "float", "bool", "null")
)
"""Tags of what a spec holds anyway; the field, and not the tag, says what a scalar is."""
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE: Final = "<<"
_CUT_OFF: Final = re.compile(r"\s+(#[^\s#!].*)")
_ENCODINGS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""Byte order marks, the longer ones first, and what they say."""

_TOO_DEEP: Final = f"more than {MOST_DEPTH} levels below each other; no spec has so many"
_NO_TABS: Final = "indent with spaces instead of tabs"

_WAYS_OUT: Final[Mapping[str, str]] = {
    "tab character": _NO_TABS,
    "cannot start any token": "put the text in quotes",
    "mapping values are not allowed": "put a text that holds ': ' in quotes",
    "expected <block end>": "give the entries of one level the same indent, and quote texts that "
    "begin with a quote or a bracket",
    "could not find expected ':'": "write 'name: value', with a space after the colon",
    "control characters": "remove the character, or save the file as UTF-8",
    "special characters": "remove the character, or save the file as UTF-8",
    "undefined alias": "put a text that begins with * in quotes",
}
"""What to do, by words of the parser."""


class PlainScalar(str):
    """A value written without quotes, shown as it was written."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return it without quotes."""
        return str(self)


Lines: TypeAlias = dict[Place, int]
"""The line, from 1, in which each value stands."""


@dataclass(frozen=True)
class SpecText:
    """What a spec file says.

    Attributes:
        fields: Its content; scalars are text, or None.
        lines: Where each value stands; none for JSON.
        notes: One sentence per thing that may be meant otherwise.
    """

    fields: Any
    lines: Lines = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_spec(file: Path) -> SpecText:
    """Read a YAML or JSON file.

    Raises:
        SpecError: It is not there, too large, not Unicode text, or no YAML or JSON; or it nests too
            deeply, holds too much, or names a setting twice.
    """
    text = _decoded(file, _content(file))
    try:
        return _from_json(text) if file.suffix.lower() == ".json" else _from_yaml(text)
    except _ProblemError as problem:
        raise SpecError(f"{file}: {problem}") from problem


class _ProblemError(Exception):
    """What is wrong, without the file's name."""


def _content(file: Path) -> bytes:
    try:
        kind = _kind_of_place(file)
        data = b"" if kind else _start_of(file)
    except FileNotFoundError as error:
        raise SpecError(f"{file}: no such file; 'kizu init FOLDER' writes one") from error
    except OSError as error:
        reason = error.strerror or error
        raise SpecError(f"{file}: cannot be read ({reason}); check the path") from error
    except ValueError as error:  # a name that no file can have
        raise SpecError(f"{str(file)!r}: no file can have this name ({error})") from error
    if kind:
        raise SpecError(f"{file}: is {kind}; give the path of a spec file")
    if len(data) > MOST_BYTES:
        most = MOST_BYTES // 1024
        raise SpecError(f"{file}: is larger than {most} KiB, so it is no spec; check the path")
    return data


def _kind_of_place(file: Path) -> str:
    """Say what a path leads to that is no file; empty for a file."""
    mode = file.stat().st_mode
    if stat.S_ISDIR(mode):
        return "a folder"
    return "" if stat.S_ISREG(mode) else "no regular file"


def _start_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES + 1)


def _decoded(file: Path, data: bytes) -> str:
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), None)
    if encoding is None:
        encoding = _encoding_by_zeros(data[:4])
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        likely = _likely_encoding(data)
        raise SpecError(
            f"{file}: line {line} is not {encoding.upper()} text{likely}; save the file as UTF-8"
        ) from error


def _encoding_by_zeros(start: bytes) -> str:
    """Return the encoding of a text that begins with an ASCII letter and has no mark."""
    if len(start) >= 2 and 0 in start[:2] and start[:2] != b"\0\0":
        return "utf-16-be" if start[0] == 0 else "utf-16-le"
    return "utf-8"


def _likely_encoding(data: bytes) -> str:
    """Say which encodings of Japanese editors a text may have; empty if none fits."""
    for codec, name in (("cp932", "Shift-JIS"), ("euc_jp", "EUC-JP")):
        try:
            data.decode(codec)
        except UnicodeDecodeError:
            continue
        return f" (perhaps {name})"
    return ""


def _from_json(text: str) -> SpecText:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise _ProblemError(f"{shown_text(name)} is given twice; remove one of the two")
            found[name] = value
        return found

    try:
        return SpecText(json.loads(text, object_pairs_hook=once))
    except json.JSONDecodeError as error:
        raise _ProblemError(f"is not JSON: line {error.lineno}: {error.msg}") from error
    except RecursionError as error:
        raise _ProblemError(_TOO_DEEP) from error
    except ValueError as error:  # a number of thousands of digits
        raise _ProblemError(f"is not JSON: {error}") from error


def _from_yaml(text: str) -> SpecText:
    try:
        _check_nesting(text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _ProblemError(_sentence(error, text)) from error
    except yaml.YAMLError as error:
        raise _ProblemError(
            _with_way_out(f"is not YAML: {' '.join(str(error).split())}")
        ) from error
    if root is None:
        return SpecText(None)
    reader = _NodeReader(text)
    return SpecText(reader.value(root, ()), reader.lines, tuple(reader.notes))


def _check_nesting(text: str) -> None:
    """Refuse what nests deeper than is ever meant; events come one by one, without recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MOST_DEPTH:
            where = f"line {event.start_mark.line + 1}: " if event.start_mark else ""
            raise _ProblemError(f"{where}{_TOO_DEEP}")


def _sentence(error: yaml.MarkedYAMLError, text: str) -> str:
    """Return what a parser says in one line, with the line of the file and the way out."""
    mark = error.problem_mark or error.context_mark
    where = f"line {mark.line + 1}: " if mark else ""
    if "single document" in str(error.context or error.problem):
        return f"{where}a second document begins; keep one, and remove the line '---'"
    said = ", ".join(part for part in (error.problem, error.context) if part)
    if mark and "\t" in _indent(text, mark.line):
        return f"is not YAML: {where}{said}; {_NO_TABS}"
    return _with_way_out(f"is not YAML: {where}{said}")


def _indent(text: str, row: int) -> str:
    """Return what a line begins with, up to its first letter."""
    line = next(islice(text.split("\n"), row, None), "")
    return line[: len(line) - len(line.lstrip())]


def _with_way_out(sentence: str) -> str:
    way_out = next((way for words, way in _WAYS_OUT.items() if words in sentence), "correct it")
    return f"{sentence}; {way_out}"


class _NodeReader:
    """Makes plain values of a tree of nodes, each of which may stand in several places."""

    def __init__(self, text: str) -> None:
        self._written = text.splitlines()
        self._values = 0
        self.lines: Lines = {}
        self.notes: list[str] = []

    def value(self, node: yaml.Node, place: Place) -> Any:  # noqa: ANN401 - YAML holds anything
        """Return what a node stands for, and note where it is."""
        line = node.start_mark.line + 1
        self._values += 1
        if self._values > MOST_VALUES or len(place) > MOST_DEPTH:
            raise _ProblemError(
                f"line {line}: holds more than {MOST_VALUES:,} values or {MOST_DEPTH} levels; no "
                "spec has so many, check anchors (&) and aliases (*)"
            )
        if node.tag not in _PLAIN_TAGS:
            tag = str(node.tag).replace("tag:yaml.org,2002:", "!!")
            raise _ProblemError(
                f"line {line}: the tag {shown_text(tag)} is not for specs; remove it, and put a "
                "text that begins with ! in quotes"
            )
        self.lines.setdefault(place, line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, row)) for row, item in enumerate(node.value)]
        return self._scalar(node, place) if isinstance(node, yaml.ScalarNode) else None

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> str | None:
        if node.style not in {None, ""}:
            return str(node.value)
        if cut_off := self._cut_off(node):
            line = node.start_mark.line + 1
            self.notes.append(
                f"line {line}: {shown_text(cut_off)} after {dotted(place)} is a comment; put the "
                "whole text in quotes if it belongs to it"
            )
        return None if node.value in _NOTHING else PlainScalar(node.value)

    def _cut_off(self, node: yaml.ScalarNode) -> str:
        """Return what follows a scalar from a # on, unless it looks like a comment: ``# so``."""
        mark = node.end_mark
        line = self._written[mark.line] if mark.line < len(self._written) else ""
        found = _CUT_OFF.match(line[mark.column :])
        return found[1].strip() if found else ""

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        given: dict[str, Any] = {}
        first: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise _ProblemError(
                    f"line {line}: a list or a mapping stands where a setting's name belongs; put "
                    "a text that begins with a bracket in quotes"
                )
            if key.value == _MERGE and key.style in {None, ""}:
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
                continue
            name = str(key.value)
            if name in first:
                raise _ProblemError(
                    f"line {line}: {dotted((*place, name))} is given twice, first in line "
                    f"{first[name]}; remove one of the two"
                )
            first[name] = line
            given[name] = self.value(value, (*place, name))
            self.lines[(*place, name)] = line
        return {**self._merged(merged, place), **given}

    def _merged(self, nodes: Iterable[yaml.Node], place: Place) -> dict[str, Any]:
        """Return what merge keys bring; of several, the first one counts."""
        found: dict[str, Any] = {}
        for node in nodes:
            if not isinstance(node, yaml.MappingNode):
                line = node.start_mark.line + 1
                raise _ProblemError(f"line {line}: << takes a mapping; name one by its *alias")
            found = {**self.value(node, (*place, _MERGE)), **found}
        return found
