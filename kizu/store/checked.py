"""Files that say what they must hash to, so that damage is found when they are read.

A JSON object gets the member ``checksum`` in front of its others: the SHA-256 of its canonical form
without that member, and of the file's place, so that one file in the place of another is found as
well. The place is the name of the folder and of the file alone: a version that is copied elsewhere
stays whole. Files of a kizu that wrote no checksum are read as they are, and one that another
program has written anew with other spaces or order counts by what it says.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from zipfile import BadZipFile

from kizu.sentences import words_of
from kizu.store.keys import canonical_json, sha256_hex

CHECKSUM: Final = "checksum"
_HEAD: Final = b'{"checksum":"'
_DIGITS: Final = 64  # of a SHA-256 in hexadecimal
_BODY: Final = len(_HEAD) + _DIGITS + 2  # where the other members begin
_OTHER: Final = "its checksum is another one"
_TAIL: Final = b"\nkizu-sha256:"
_SHOWN_CHARACTERS: Final = 200  # of another library's error, which may quote the whole file


class DamagedFileError(ValueError):
    """A stored file is not what was written.

    Attributes:
        file: The file.
        why: What is wrong with it.
    """

    def __init__(self, file: str, why: str) -> None:
        """Take the file and what is wrong with it."""
        super().__init__(file, why)
        self.file = file
        self.why = why

    def __str__(self) -> str:
        """Return both in a sentence."""
        return f"{self.file} is damaged: {self.why}"


def _reason_of(error: Exception) -> str:
    """Return an error's words in one line, shortened."""
    said = words_of(error)
    return said if len(said) <= _SHOWN_CHARACTERS else f"{said[:_SHOWN_CHARACTERS]}..."


_UNREADABLE: Final = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    RuntimeError,  # an archive says that it is encrypted, or packed in an unknown way
    BadZipFile,
    struct.error,
    zlib.error,
)
"""What readers of JSON, pictures and arrays raise for content that they do not know."""


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Take what a reader of a stored file raises for damage, and name the file.

    Raises:
        DamagedFileError: The block raised what readers raise for content that they do not know.
    """
    try:
        yield
    except DamagedFileError:
        raise
    except _UNREADABLE as error:
        raise DamagedFileError(file, _reason_of(error)) from error


def encode_json(path: str, value: dict[str, Any]) -> bytes:
    """Write a JSON object with its checksum; equal objects in one place give equal bytes.

    Args:
        path: Where it goes, with forward slashes.
        value: The object; it has no member ``checksum``.

    Example:
        >>> encode_json("edits/ab/abcd/edit.json", {"b": 1})[:20], decode_json("a", b'{"b": 1}')
        (b'{"checksum":"447ef32', {'b': 1})
    """
    if CHECKSUM in value:
        raise ValueError(f"{path} has a member {CHECKSUM!r} of its own")
    body = canonical_json(value).encode()
    rest = b"," + body[1:] if value else b"}"
    return _HEAD + _digest(path, body) + b'"' + rest


def check_json(path: str, data: bytes) -> None:
    """Check what ``encode_json`` wrote without reading it, which takes longer than its checksum.

    Raises:
        ValueError: As for ``decode_json``.
    """
    if not (data.startswith(_HEAD) and data[_BODY - 2 : _BODY] == b'",'):
        decode_json(path, data)
    elif data[len(_HEAD) : _BODY - 2] != _digest(path, b"{" + data[_BODY:]):
        raise ValueError(_OTHER)


def decode_json(path: str, data: bytes) -> dict[str, Any]:
    """Read what ``encode_json`` wrote, or JSON without a checksum.

    Raises:
        ValueError: It is no JSON object, or not the one that was written there.
    """
    body = data
    if data.startswith(_HEAD):
        body = b"{" + data[_BODY:] if data[_BODY - 2 : _BODY] == b'",' else b"{}"
        if data[len(_HEAD) : _BODY - 2] != _digest(path, body):
            raise ValueError(_OTHER)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - what is wrong is the file
    if CHECKSUM in value:
        noted = value.pop(CHECKSUM)
        if noted != _digest(path, canonical_json(value).encode()).decode("ascii"):
            raise ValueError(_OTHER)
    return value


def encode_bytes(path: str, data: bytes) -> bytes:
    """Write bytes with a checksum behind them."""
    return data + _TAIL + _digest(path, data)


def decode_bytes(path: str, data: bytes) -> bytes:
    """Read what ``encode_bytes`` wrote, or bytes without a checksum.

    Raises:
        ValueError: They are not those that were written there.

    Example:
        >>> decode_bytes("features/ab/abcd.npz", encode_bytes("features/ab/abcd.npz", b"1"))
        b'1'
    """
    end = len(data) - len(_TAIL) - _DIGITS
    if data[max(end, 0) : -_DIGITS] != _TAIL:
        return data
    body = data[:end]
    if data[-_DIGITS:] != _digest(path, body):
        raise ValueError(_OTHER)
    return body


def _digest(path: str, body: bytes) -> bytes:
    place = "/".join(path.split("/")[-2:])
    return sha256_hex(f"{place}\n".encode() + body).encode("ascii")
