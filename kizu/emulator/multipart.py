"""Reads ``multipart/form-data`` (RFC 7578) as the OpenAI client sends it."""

import re
from dataclasses import dataclass
from typing import Final

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')
_NAME: Final = re.compile(rb'[;\s]name="([^"]*)"')
_FILE_NAME: Final = re.compile(rb'filename="([^"]*)"')
_TYPE: Final = re.compile(rb"content-type:\s*([^\r\n;]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One part of a form.

    Attributes:
        name: The field's name, without the ``[]`` of lists.
        mime: Its media type; empty where none is given.
        data: Its bytes.
        file_name: The file's name; empty where none is given.
    """

    name: str
    mime: str
    data: bytes
    file_name: str = ""

    @property
    def text(self) -> str:
        """The value of a text field."""
        return self.data.decode("utf-8")


def parse_form(content_type: str, body: bytes) -> list[Part]:
    """Split a form into its parts.

    Args:
        content_type: The request's ``Content-Type``.
        body: Its body.

    Raises:
        ValueError: It is no form, or cut off.
    """
    found = _BOUNDARY.search(content_type)
    if not content_type.startswith("multipart/form-data") or found is None:
        raise ValueError(f"expected multipart/form-data, got {content_type!r}")
    mark = b"--" + found[1].encode("ascii")
    if not body.rstrip().endswith(mark + b"--"):
        raise ValueError("the form is cut off")
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    return [_parse_part(piece) for piece in pieces[1:-1]]


def _parse_part(piece: bytes) -> Part:
    head, separator, data = piece.partition(b"\r\n\r\n")
    name = _NAME.search(head)
    if not separator or name is None:
        raise ValueError("a part of the form has no name")
    mime, file_name = _TYPE.search(head), _FILE_NAME.search(head)
    return Part(
        name=name[1].decode("utf-8").removesuffix("[]"),
        mime=mime[1].decode("ascii").strip() if mime else "",
        data=data,
        file_name=file_name[1].decode("utf-8") if file_name else "",
    )
