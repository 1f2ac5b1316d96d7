"""What an answer says in words and codes, whatever form a service or a gateway gave it."""

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_CODES: Final = frozenset({"code", "type", "status", "reason", "error_code", "errorcode"})
_WORDS: Final = frozenset(
    {"message", "msg", "detail", "details", "description", "error_description", "title", "error"}
)
_MOST_NODES: Final = 2_000  # of JSON; errors of services have some thirty
_MOST_OF_A_TEXT: Final = 4_000  # characters that are looked at; errors have hundreds
_MOST_SHOWN: Final = 300  # characters of a service's words in a sentence of ours
_PAGE: Final = re.compile(rb"^\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype|html|head|body)", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title[^>]*>(.{1,300}?)</title", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<[^<>]{0,300}>")
_DATA: Final = b"data:"


@dataclass(frozen=True)
class Said:
    """What an answer says.

    Attributes:
        message: Its words, in one line.
        codes: All its codes and types, in lower case.
        code: The outermost code; empty without.
        param: The parameter it complains of; empty without.
        is_error: True if it calls itself an error.
        is_filtered: True if a content filter says that it stepped in.
        is_page: True if it is a web page.
    """

    message: str = ""
    codes: frozenset[str] = frozenset()
    code: str = ""
    param: str = ""
    is_error: bool = False
    is_filtered: bool = False
    is_page: bool = False

    def mentions(self, pattern: re.Pattern[str], except_for: str = "") -> bool:
        """Tell whether codes or words match a pattern; links and a text of ours do not count."""
        words = self.message.replace(flat(except_for), " ") if except_for else self.message
        text = _LINK.sub(" ", words)
        return any(pattern.search(part) for part in (text, *self.codes))


_LINK: Final = re.compile(r"https?://\S+")


def said_in(content: bytes) -> Said:
    r"""Return what a body says: JSON, an event stream, a page, or plain words.

    Example:
        >>> said = said_in(b'{"error": {"code": 400, "inner_error": {"code": "Filtered"}}}')
        >>> said.code, sorted(said.codes), said.is_error
        ('400', ['400', 'filtered'], True)
        >>> said_in(b"<html><title>502 Bad\nGateway</title></html>").message
        '502 Bad Gateway'
    """
    if is_page(content):
        return Said(message=_page_words(content), is_page=True)
    try:
        tree = parse_body(content)
    except ValueError:
        return Said(message=flat(content[:_MOST_OF_A_TEXT].decode("utf-8", errors="replace")))
    if isinstance(tree, str):
        return Said(message=flat(tree))
    nodes = list(named_values(tree))
    codes = [str(value) for name, value in nodes if name in _CODES and _is_code(value)]
    outermost = [str(value) for name, value in nodes if name == "code" and _is_code(value)]
    params = [value for name, value in nodes if name == "param" and isinstance(value, str)]
    words = [value for name, value in nodes if name in _WORDS and isinstance(value, str)]
    return Said(
        message=flat("; ".join(dict.fromkeys(words))),
        codes=frozenset(flat(code).lower() for code in codes if code),
        code=flat(next(filter(None, outermost), next(filter(None, codes), ""))),
        param=next(iter(params), ""),
        is_error=any(name in ("error", "errors") and value for name, value in nodes),
        is_filtered=any(name == "filtered" and value is True for name, value in nodes),
    )


def is_page(content: bytes) -> bool:
    """Tell whether a body is a web page, which no service answers with."""
    return _PAGE.match(content) is not None


def parse_body(content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Parse a body: JSON, or an event stream as the list of its events.

    Raises:
        ValueError: It is neither, or nested too deep.
    """
    text = content.decode("utf-8-sig", errors="replace")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except ValueError as problem:
        events = list(events_in(content))
        if not events:
            raise ValueError(flat(str(problem))) from None
        return events


def events_in(content: bytes) -> Iterator[Any]:
    """Yield the events of a stream that hold JSON; one that breaks off is none.

    An event's JSON stands in one line, or in several as the standard allows.
    """
    if _DATA not in content:
        return
    for event in content.replace(b"\r\n", b"\n").split(b"\n\n"):
        lines = [line[len(_DATA) :] for line in event.split(b"\n") if line.startswith(_DATA)]
        for data in [b"\n".join(lines), *(lines if len(lines) > 1 else ())]:
            try:
                yield json.loads(data)
            except (ValueError, RecursionError):  # none, "[DONE]", or cut
                continue


def named_values(tree: object) -> Iterator[tuple[str, Any]]:
    """Yield what a JSON value holds, the outermost first, each with its name in lower case.

    What stands in a list has the list's name. Of very many values the first thousands are yielded.
    """
    waiting = deque([("", tree)])
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        name, value = waiting.popleft()
        yield name, value
        if isinstance(value, dict):
            waiting.extend((str(key).lower(), part) for key, part in value.items())
        elif isinstance(value, list):
            waiting.extend((name, part) for part in value[:_MOST_NODES])


def flat(text: str) -> str:
    """Return a text in one line, cut, with nothing in it that a terminal or a file might refuse."""
    shown = "".join(c if c.isprintable() else " " for c in text[:_MOST_OF_A_TEXT])
    return " ".join(shown.split())


def cut(text: str) -> str:
    """Return as much of a text as a sentence can take, without a stop at its end.

    Example:
        >>> cut("It failed. ")
        'It failed'
    """
    line = flat(text).rstrip(".")
    return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}…"


def _is_code(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _page_words(content: bytes) -> str:
    text = content[:_MOST_OF_A_TEXT].decode("utf-8", errors="replace")
    title = _TITLE.search(text)
    return flat(title[1] if title else _TAG.sub(" ", text))
