"""Hostile replies of an image service, over real sockets, through the real editor and purchase.

``python -m benchmarks.attack.replies --count 1200`` buys one edit per reply on a store of its own,
and then once more. Whatever comes back, the purchase ends in time with an edit, a refusal or one
sentence; the ledger has no call under way; what was answered is paid for once, is never counted at
less than it cost, and is kept byte for byte where no edit could be made of it.
"""

import argparse
import base64
import json
import os
import random
import socket
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from email.utils import formatdate
from functools import lru_cache
from io import BytesIO
from typing import Any, Final, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.attack.bounded import attack, table
from kizu.billing import purchase
from kizu.billing.admission import CallGate
from kizu.billing.budget import BudgetSpec
from kizu.billing.ledger import Ledger
from kizu.billing.purchase import EditJob, buy_edit
from kizu.billing.totals import CallStatus
from kizu.cancellation import CancelToken
from kizu.edit.editor import EditError
from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.openai_images.editor import ImageServiceEditor
from kizu.edit.request import EditRequest
from kizu.edit.storage import find_replies
from kizu.imaging.geometry import Geometry
from kizu.store import Store

KEY: Final = "a-key-of-the-attack"
SIDE_PX: Final = 1024
SHORT_S: Final = 1.5  # of a call that hangs; two of them and their pauses stay below ten seconds
LONG_S: Final = 60.0  # of a call whose reply comes at once, on however busy a machine
USAGE: Final[dict[str, Any]] = {
    "input_tokens": 50,
    "input_tokens_details": {"text_tokens": 40, "image_tokens": 10},
    "output_tokens": 272,
    "total_tokens": 322,
}
LEAST_USD: Final = 0.008
"""What a call of the honest usage costs, rounded down: no answered call is counted at less."""

_ENDLESS_BYTES: Final = 400_000_000


class Case(NamedTuple):
    """One reply.

    Attributes:
        steps: What the server does, one after the other: bytes are sent, a number is slept, a pair
            of bytes and a number is sent byte by byte with pauses; "reset", "endless" and "hang".
        answered: The body of a good answer that was sent whole; None if the reply is none.
        is_edit: True if it must become an edit, False if it must not, None if either will do.
        most_calls: Most calls that may be made for it.
    """

    steps: tuple[Any, ...]
    answered: bytes | None = None
    is_edit: bool | None = None
    most_calls: int = 3


def head(
    status: int = 200, headers: dict[str, str] | None = None, length: int | None = None
) -> bytes:
    """Return a status line and headers."""
    lines = {"Content-Type": "application/json", **(headers or {}), "Connection": "close"}
    if length is not None and "Transfer-Encoding" not in lines:
        lines.setdefault("Content-Length", str(length))
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{text}\r\n".encode("latin-1")


def whole(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """Return a reply that is in order as far as HTTP goes."""
    return head(status, headers, len(body)) + body


def says(body: bytes, *, is_edit: bool | None = None) -> Case:
    """Return the case of a good status with a body."""
    return Case((whole(body),), body, is_edit, most_calls=1)


@lru_cache
def picture(
    form: str = "PNG", size: tuple[int, int] = (SIDE_PX, SIDE_PX), mode: str = "RGB"
) -> bytes:
    """Return a picture with a dark spot on it."""
    pixels = np.full((size[1], size[0], 3), 90, np.uint8)
    pixels[size[1] // 3 : size[1] // 2, size[0] // 3 : size[0] // 2] = 20
    image = Image.fromarray(pixels).convert("L" if mode.startswith(("I", "1")) else "RGB")
    file = BytesIO()
    image.convert(mode).save(file, form)
    return file.getvalue()


def answer(file: bytes, usage: object = USAGE) -> bytes:
    """Return the body of an honest answer with a picture."""
    body = {"created": 1, "data": [{"b64_json": base64.b64encode(file).decode()}], "usage": usage}
    return json.dumps(body).encode()


def error(**said: object) -> bytes:
    """Return an error's body."""
    return json.dumps({"error": said}).encode()


def cases(count: int, seed: int) -> Iterator[tuple[str, Case]]:
    """Yield the replies; after those that are written out, random damage fills up the count."""
    made = 0
    for number, (name, case) in enumerate(_written_out()):
        if number == count:
            return
        made += 1
        yield name, case
    rng = random.Random(seed)  # noqa: S311 - a draw that repeats
    for number in range(count - made):
        yield f"damage {number}", _damaged(rng)


def _written_out() -> Iterator[tuple[str, Case]]:
    families = (
        _transport,
        _types,
        _base64,
        _pictures,
        _streams,
        _usages,
        _redirects,
        _pauses,
        _refusals,
        _accounts,
        _packed,
        _statuses,
    )
    for family in families:
        for name, case in family():
            yield f"{family.__name__.strip('_')} {name}", case


def _transport() -> Iterator[tuple[str, Case]]:
    good = answer(picture())
    perhaps = 2  # a call that was perhaps billed is made once more
    yield "nothing at all", Case((), most_calls=perhaps)
    yield "reset at once", Case(("reset",), most_calls=perhaps)
    yield "hang", Case(("hang",), most_calls=perhaps)
    yield "slow header", Case(((head(), 0.2),), most_calls=perhaps)
    yield "slow body", Case((head(length=len(good)), (good, 0.2)), most_calls=perhaps)
    yield "endless header", Case((b"HTTP/1.1 200 OK\r\nX: ", "endless"), most_calls=perhaps)
    yield "endless body", Case((head(), "endless"), most_calls=perhaps)
    yield "endless error", Case((head(500), "endless"), most_calls=perhaps)
    yield "endless 400", Case((head(400), "endless"))
    yield (
        "endless continue",
        Case(tuple([b"HTTP/1.1 100 Continue\r\n\r\n", 0.01] * 800), most_calls=2),
    )
    for share in range(1, 20):
        cut = good[: len(good) * share // 20]
        yield f"cut at {share}/20", Case((head(length=len(good)), cut), most_calls=perhaps)
        yield (
            f"cut at {share}/20 and reset",
            Case((head(length=len(good)), cut, "reset"), most_calls=2),
        )
        yield (
            f"error cut at {share}/20",
            Case((head(400, length=100), b'{"error": {"message": '[:share])),
        )
    for length in (len(good) + 5, 10**15):
        sent = (head(length=length), good)
        yield f"whole in a length of {length}", Case(sent, good, is_edit=True, most_calls=1)
    yield (
        "never ended",
        Case((head(length=len(good) + 1), good, "hang"), good, is_edit=True, most_calls=1),
    )
    for length in (
        "-1",
        "nan",
        "1e9",
        "0x10",
        "5, 6",
        "",
        "99999999999999999999",
        "10\r\nContent-Length: 11",
    ):
        sent = (head(headers={"Content-Length": length}) + good,)
        yield f"length {length!r}", Case(sent, most_calls=perhaps)
    for sizes in (
        "zz\r\n",
        "-5\r\nhello\r\n",
        "ffffffffffffffff\r\n",
        "5\r\nhel",
        "5;" + "x" * 70_000,
    ):
        sent = (head(headers={"Transfer-Encoding": "chunked"}) + sizes.encode(),)
        yield f"chunks {sizes[:20]!r}", Case(sent, most_calls=perhaps)
    lines = (
        b"HTTP/9.9 200 OK",
        b"HTTP/1.1 OK",
        b"HTTP/1.1 99999 X",
        b"HTTP/1.1 -1 X",
        b"<html>",
        b"\x00" * 50,
        b"SSH-2.0-OpenSSH",
        b"\x16\x03\x01\x02\x00\x01",
        b"HTTP/1.1 200 " + b"x" * 200_000,
        b"HTTP/0.9 200",
        b"HTTP/1.1 200\tOK",
        b"\r\n\r\nHTTP/1.1 200 OK",
    )
    for line in lines:
        yield f"status line {line[:20]!r}", Case((line + b"\r\n\r\n" + good,), most_calls=perhaps)
    names = (
        "X",
        "Set-Cookie",
        "Content-Type",
        "Location",
        "Date",
        "x-request-id",
        "apim-request-id",
    )
    values = (
        "x" * 60_000,
        "x" * 2_000_000,
        "é" * 10,
        "\x01\x02",
        "",
        "a=b; Expires=Wed, 99 Foo",
        KEY,
    )
    for name in names:
        for value in values:
            sent = (whole(good, headers={name: value}),)
            yield f"header {name} {value[:10]!r} x{len(value)}", Case(sent, most_calls=perhaps)
    yield (
        "many headers",
        Case((whole(good, headers={f"X-{n}": "y" for n in range(20_000)}),), most_calls=2),
    )
    for charset in ("hex", "rot13", "zlib", "idna", "utf-16", "nonsense", "punycode", "undefined"):
        sent = whole(good, headers={"Content-Type": f"application/json; charset={charset}"})
        yield f"charset {charset}", Case((sent,), good, is_edit=True, most_calls=1)
        sent = whole(error(message="no"), 400, {"Content-Type": f"text/html; charset={charset}"})
        yield f"error in charset {charset}", Case((sent,))
    for form in ("PNG", "JPEG", "WEBP"):
        file = picture(form)
        sent = whole(file, headers={"Content-Type": f"image/{form.lower()}"})
        yield f"bare {form}", Case((sent,), file, is_edit=True, most_calls=1)


_VALUES: Final[tuple[object, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    1e30,
    -1e308,
    10**30,
    "",
    "x",
    "é\ud800",
    [],
    {},
    [[]],
    [None],
    [1],
    {"a": {}},
)


def _types() -> Iterator[tuple[str, Case]]:
    places = (
        (),
        ("data",),
        ("data", 0),
        ("data", 0, "b64_json"),
        ("created",),
        ("usage",),
        ("usage", "input_tokens"),
        ("usage", "output_tokens"),
        ("usage", "input_tokens_details"),
        ("usage", "input_tokens_details", "image_tokens"),
        ("error",),
        ("type",),
    )
    for place in places:
        for value in _VALUES:
            body = json.dumps(_with(json.loads(answer(picture())), place, value)).encode()
            yield f"{'.'.join(map(str, place))} = {value!r}", says(body)
            if "error" in place:
                yield f"400 {place} = {value!r}", Case((whole(body, 400),))
    for text in ("NaN", "Infinity", "-Infinity", "1" * 5_000, "1e999"):
        body = answer(picture()).replace(b"272", text.encode())
        yield f"output_tokens = {text[:9]}", says(body)
    for open_, close in (("[", "]"), ('{"a":', "}"), ('{"error":', "}"), ('{"data":[', "]}")):
        for depth in (100, 1_000, 100_000):
            body = (open_ * depth + close * depth).encode()
            yield f"{open_} {depth} deep", says(body, is_edit=False)
            yield f"error {open_} {depth} deep", Case((whole(body, 400),))
    odd = (
        b"",
        b" ",
        b"null",
        b"\xff\xfe",
        b"\x00",
        b'"text"',
        b"[]",
        b"{}",
        b"{'a': 1}",
        b"OK",
        b"\xef\xbb\xbf{}",
        b"1",
    )
    for body in odd:
        yield f"body {body!r}", says(body, is_edit=False)
    yield "with a BOM", says(b"\xef\xbb\xbf" + answer(picture()), is_edit=True)
    yield (
        "no usage",
        says(json.dumps({"data": json.loads(answer(picture()))["data"]}).encode(), is_edit=True),
    )
    two = json.loads(answer(picture()))
    two["data"].append({"b64_json": "x"})
    yield "several pictures", says(json.dumps(two).encode(), is_edit=True)
    yield (
        "error in a good answer",
        says(error(message="upstream busy", code="bad_response"), is_edit=False),
    )
    yield "a million values", says(json.dumps({"data": [0] * 1_000_000}).encode(), is_edit=False)


def _with(tree: object, place: tuple[str | int, ...], value: object) -> object:
    if not place:
        return value
    inner: Any = tree
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return tree


def _base64() -> Iterator[tuple[str, Case]]:
    text = base64.b64encode(picture()).decode()
    url = base64.urlsafe_b64encode(picture()).decode()
    good = {
        "data URI": f"data:image/png;base64,{text}",
        "data URI with charset": f"data:image/png;charset=utf-8;base64,{text}",
        "DATA URI": f"DATA:image/PNG;BASE64,{text}",
        "lines": base64.encodebytes(picture()).decode(),
        "CRLF lines": base64.encodebytes(picture()).decode().replace("\n", "\r\n"),
        "spaces": " ".join(text[n : n + 60] for n in range(0, len(text), 60)),
        "urlsafe": url,
        "no padding": text.rstrip("="),
        "urlsafe without padding": url.rstrip("="),
        "too much padding": text + "===",
    }
    bad = {
        "cut": text[:100],
        "odd": text[:-3],
        "percent": text.replace("+", "%2B") + "%",
        "hex": picture().hex(),
        "html": "<html>" + text,
        "quotes": f"'{text}'",
        "reversed": text[::-1],
        "empty": " ",
        "one": "A",
    }
    for words, is_edit in ((good, True), (bad, None)):
        for name, value in words.items():
            body = json.dumps({"data": [{"b64_json": value}], "usage": USAGE}).encode()
            yield name, says(body, is_edit=is_edit)
    for place in ("url", "image_url", "image", "b64", "base64"):
        body = json.dumps({"data": [{place: good["data URI"]}], "usage": USAGE}).encode()
        yield f"data URI in {place}", says(body, is_edit=True)
    for shape in ([good["data URI"]], {"b64_json": text}, [{"b64_json": None}, {"b64_json": text}]):
        body = json.dumps({"data": shape, "usage": USAGE}).encode()
        yield f"in another place {str(shape)[:20]}", says(body, is_edit=True)
    away = (
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://192.0.2.1/x.png",
        "https://127.0.0.1:1/x",
        "//",
        "http://[::1",
        "javascript:1",
        "x" * 100_000,
        "https://\u2028",
        "http://127.0.0.1:{port}/missing",
    )
    for place in away:
        body = json.dumps({"data": [{"url": place}], "usage": USAGE}).encode()
        yield f"at {place[:30]!r}", says(body, is_edit=False)
    body = json.dumps({"data": [{"url": "/picture.png"}], "usage": USAGE}).encode()
    yield "at our own host", says(body, is_edit=True)


def _pictures() -> Iterator[tuple[str, Case]]:
    for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"):
        yield f"PNG {mode}", says(answer(picture("PNG", mode=mode)), is_edit=True)
    for form, mode in (("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("WEBP", "RGBA")):
        yield f"{form} {mode}", says(answer(picture(form, mode=mode)), is_edit=True)
    for size in ((2048, 2048), (1254, 1254), (1025, 1025), (1023, 1024), (512, 512), (1536, 1535)):
        yield f"size {size}", says(answer(picture(size=size)), is_edit=True)
    for size in (
        (1, 1),
        (1536, 1024),
        (1024, 1536),
        (100, 100),
        (511, 511),
        (8000, 8000),
        (1024, 1),
    ):
        yield f"size {size}", says(answer(picture(size=size)), is_edit=False)
    for form in ("GIF", "BMP", "TIFF", "ICO", "PPM"):
        yield f"{form}", says(answer(picture(form)))
    file = picture()
    yield "clear", says(answer(_clear()), is_edit=True)
    for place in range(16, len(file), max(len(file) // 40, 1)):
        yield f"PNG damaged at {place}", says(answer(file[:place] + b"\xa5" + file[place + 1 :]))
        yield f"PNG cut at {place}", says(answer(file[:place]), is_edit=False)
    for side in (20_000, 100_000, 2**31 - 1):
        claimed = file[:16] + struct.pack(">II", side, side) + file[24:]
        fixed = claimed[:29] + struct.pack(">I", zlib.crc32(claimed[12:29])) + claimed[33:]
        yield f"claims {side}", says(answer(fixed), is_edit=False)


def _clear() -> bytes:
    file = BytesIO()
    Image.new("RGBA", (SIDE_PX, SIDE_PX), (200, 0, 0, 0)).save(file, "PNG")
    return file.getvalue()


def _streams() -> Iterator[tuple[str, Case]]:
    text = base64.b64encode(picture()).decode()
    done = json.dumps({"type": "image_edit.completed", "b64_json": text, "usage": USAGE})
    part = json.dumps({"type": "image_edit.partial_image", "b64_json": text})
    filtered = json.dumps(
        {"type": "error", "error": {"code": "moderation_blocked", "message": "no"}}
    )
    good = {
        "one event": f"event: image_edit.completed\ndata: {done}\n\n",
        "after partial ones": f"data: {part}\n\ndata: {part}\n\ndata: {done}\n\n",
        "with DONE": f"data: {done}\n\ndata: [DONE]\n\n",
        "CRLF": f"event: x\r\ndata: {done}\r\n\r\n",
        "no space": f"data:{done}\n\n",
        "comments": f": ping\n\n: ping\n\ndata: {done}\n\n",
        "no empty lines": f"data: {part}\ndata: {done}\n",
        "not ended": f"data: {done}",
    }
    for name, body in good.items():
        yield name, says(body.encode(), is_edit=True)
    yield "partial only", Case((whole(f"data: {part}\n\n".encode()),), most_calls=2, is_edit=False)
    for name, body in {
        "filtered": f"data: {filtered}\n\n",
        "empty": "data:\n\n",
        "no JSON": "data: x\n\n",
        "deep": "data: " + "[" * 9000,
    }.items():
        yield name, says(body.encode(), is_edit=False)


def _usages() -> Iterator[tuple[str, Case]]:
    fields: tuple[tuple[str, ...], ...] = (
        ("output_tokens",),
        ("input_tokens",),
        ("total_tokens",),
        ("input_tokens_details", "text_tokens"),
        ("input_tokens_details", "image_tokens"),
    )
    for field in fields:
        for value in (-1, -(10**9), 0.5, 1e30, 10**12, 10**40, "272", True, None, [], {}):
            usage = _with(json.loads(json.dumps(USAGE)), field, value)
            yield f"{'.'.join(field)} = {value!r}", says(answer(picture(), usage), is_edit=True)
    zero = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    kinds = {"input_tokens_details": {"text_tokens": 0, "image_tokens": 0}}
    for usage in (
        zero,
        {**zero, **kinds},
        {**USAGE, "output_tokens": 0},
        [],
        "",
        {"output_tokens": -272},
    ):
        yield f"{str(usage)[:60]}", says(answer(picture(), usage), is_edit=True)


def _redirects() -> Iterator[tuple[str, Case]]:
    places = (
        "/elsewhere",
        "https://192.0.2.1/login",
        "http://127.0.0.1:1/",
        "",
        "//",
        "file:///etc/passwd",
        "x" * 9000,
    )
    for status in (300, 301, 302, 303, 304, 305, 307, 308, 399):
        for place in places:
            yield (
                f"{status} {place[:20]}",
                Case((whole(b"{}", status, {"Location": place}),), most_calls=1),
            )
        yield f"{status} nowhere", Case((whole(b"", status),), most_calls=1)


def _pauses() -> Iterator[tuple[str, Case]]:
    values = (
        "0",
        "-1",
        "nan",
        "inf",
        "-inf",
        "1e999",
        "0.01",
        "86400",
        "99999999999",
        "1" * 400,
        "soon",
        "1_000",
        "٣",
        "10ms",
        "5 ms",
        "1s",
        formatdate(time.time() + 0.9, usegmt=True),
        "Wed, 99 Foo 2026",
        formatdate(0, usegmt=True),
        "2030-01-01",
        "0x10",
        " ",
        "1;2",
        "Thu, 01 Jan 99999 00:00:00 GMT",
    )
    names = (
        "retry-after",
        "retry-after-ms",
        "x-ratelimit-reset-requests",
        "x-rate-limit-reset-tokens",
    )
    for name in names:
        for value in values:
            sent = whole(
                error(message="slow down", code="429"),
                429,
                {name: value.encode().decode("latin-1")},
            )
            yield f"429 {name} {value[:20]!r}", Case((sent,))
    for status in (500, 502, 503, 504, 529, 408):
        for value in ("nan", "86400", "99999999999", "0.01"):
            yield (
                f"{status} retry-after {value}",
                Case((whole(b"busy", status, {"retry-after": value}),)),
            )
    for said in (
        "try again in 20ms",
        "retry after 1 second",
        "Please retry after 99999999999 seconds",
        "retry in 0s",
    ):
        yield said, Case((whole(error(message=said), 429),))
    for limit in ("0.001", "0", "-5", "nan", "inf", "1e9", "1000000000", "x", "9" * 400):
        sent = whole(answer(picture()), headers={"x-ratelimit-limit-requests": limit})
        yield f"limit {limit[:12]}", Case((sent,), answer(picture()), is_edit=True, most_calls=1)


def _refusals() -> Iterator[tuple[str, Case]]:
    words = (
        "content_policy_violation",
        "moderation_blocked",
        "contentFilter",
        "content_filter",
        "ResponsibleAIPolicyViolation",
    )
    for status in (400, 403, 422, 451):
        for word in words:
            yield (
                f"{status} code {word}",
                Case((whole(error(code=word, message="no"), status),), most_calls=1),
            )
            for inner in ("inner_error", "innererror"):
                body = error(code="BadRequest", message="no", **{inner: {"code": word}})
                yield f"{status} {inner} {word}", Case((whole(body, status),), most_calls=1)
            yield (
                f"{status} in words {word}",
                Case((whole(error(message=f"{word}: no"), status),), most_calls=1),
            )
    flags = {"violence": {"filtered": True, "severity": "high"}}
    body = {"data": [{"content_filter_results": flags}], "usage": {**USAGE, "output_tokens": 0}}
    yield "filtered out", Case((whole(json.dumps(body).encode()),), is_edit=False, most_calls=1)


def _accounts() -> Iterator[tuple[str, Case]]:
    said = (
        "billing_hard_limit_reached",
        "insufficient_quota",
        "You exceeded your current quota",
        "account_deactivated",
        "Unknown parameter: 'input_fidelity'.",
        "API version not supported",
        "Unrecognized request argument: n",
        "Your resource has been temporarily blocked",
        "Payment Required",
    )
    for status in (400, 401, 402, 403, 404, 429):
        for words in said:
            yield (
                f"{status} {words[:20]}",
                Case((whole(error(code=words, message=words), status),), most_calls=1),
            )
    pages = (
        b"<html><body>Sign in</body></html>",
        b"<!DOCTYPE html><title>x",
        b"\n\n<HTML>",
        b"<?xml version='1.0'?><html/>",
    )
    for page in pages:
        yield (
            f"page {page[:12]!r}",
            Case((whole(page, 200, {"Content-Type": "text/html"}),), most_calls=1),
        )


def _packed() -> Iterator[tuple[str, Case]]:
    good = answer(picture())
    gzip = zlib.compressobj(9, wbits=31)
    packed = gzip.compress(good) + gzip.flush()
    bomb = zlib.compressobj(9, wbits=31)
    large = b"".join(bomb.compress(bytes(1_000_000)) for _ in range(3_000)) + bomb.flush()
    for name in ("gzip", "x-gzip", "GZIP"):
        yield (
            name,
            Case(
                (whole(packed, headers={"Content-Encoding": name}),),
                good,
                is_edit=True,
                most_calls=1,
            ),
        )
    yield (
        "deflate",
        Case(
            (whole(zlib.compress(good), headers={"Content-Encoding": "deflate"}),),
            good,
            is_edit=True,
            most_calls=1,
        ),
    )
    for name in ("br", "zstd", "identity", "nonsense", "gzip, gzip", ", ".join(["gzip"] * 1000)):
        yield (
            f"not {name[:20]}",
            Case(
                (whole(good, headers={"Content-Encoding": name}),), good, is_edit=True, most_calls=1
            ),
        )
    for status in (200, 400, 500):
        sent = whole(large, status, {"Content-Encoding": "gzip"})
        yield f"bomb {status}", Case((sent,), most_calls=2, is_edit=False)
    sent = whole(packed[: len(packed) // 2], headers={"Content-Encoding": "gzip"})
    yield "gzip cut", Case((sent,), most_calls=2, is_edit=False)


def _statuses() -> Iterator[tuple[str, Case]]:
    bodies = (
        b"",
        b"<html><title>Bad Gateway</title></html>",
        error(message="It failed.", code="failed"),
        b"[1, 2]",
        error(message=["a"], code={"b": 1}, param=[]),
        b"plain words",
        b"\xff\xfe\x00",
    )
    for status in (100, 101, 102, 103, 199):
        yield f"{status}", Case((head(status),), most_calls=2)
    for status in (201, 202, 203, 204, 205, 206, 207, 226, 299):
        yield f"{status} nothing", Case((head(status, length=0),), b"", is_edit=False, most_calls=1)
    for status in range(400, 600):
        for number in (status % len(bodies), (status + 3) % len(bodies)):
            yield f"{status} body {number}", Case((whole(bodies[number], status),))


def _damaged(rng: random.Random) -> Case:
    """Return an honest reply with bytes changed, lost or doubled, in headers and body alike."""
    sent = bytearray(whole(answer(picture("JPEG"))))
    for _ in range(rng.choice((1, 3, 10, 100))):
        place = rng.randrange(rng.choice((300, len(sent))))
        length = rng.choice((1, 1, 4, 50))
        change = rng.choice(("change", "lose", "double"))
        part = sent[place : place + length]
        new = {"change": rng.randbytes(len(part)), "lose": b"", "double": part * 2}[change]
        sent[place : place + length] = new
    return Case((bytes(sent),), most_calls=3)


class _Server:
    """A service on this machine that plays a case, and counts the calls."""

    def __init__(self) -> None:
        self.case = Case(())
        self.calls = 0
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with closing(connection):
            connection.settimeout(20)
            try:
                asked = _request(connection)
                if asked.startswith(b"GET /picture.png"):
                    connection.sendall(whole(picture()))
                elif asked.startswith(b"GET"):
                    connection.sendall(whole(b"{}", 404))
                elif asked:
                    self.calls += 1
                    self._play(connection, self.case)
            except OSError:
                return  # the client hung up, which is what some cases are about

    def _play(self, connection: socket.socket, case: Case) -> None:
        for step in case.steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, float):
                time.sleep(step)
            elif isinstance(step, tuple):
                for byte in step[0]:
                    connection.sendall(bytes([byte]))
                    time.sleep(step[1])
            elif step == "endless":
                for _ in range(_ENDLESS_BYTES // 65_536):
                    connection.sendall(b"x" * 65_536)
            elif step == "reset":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            else:
                connection.recv(1)


def _request(connection: socket.socket) -> bytes:
    """Read a whole request; empty if there was none."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65_536)
        if not part:
            return b""
        received += part
    top, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in top.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    left = int(lengths[0].split(b":")[1]) - len(body) if lengths else 0
    while left > 0:
        left -= len(connection.recv(min(left, 1 << 20)))
    return top


@lru_cache
def _server() -> _Server:
    return _Server()


def buy(case: Case) -> str:
    """Buy an edit from a service that answers with a case, twice; raise if a promise is broken."""
    server = _server()
    server.case, server.calls = case, 0
    purchase._FIRST_PAUSE_S = 0.01  # noqa: SLF001 - the pauses between attempts are not attacked
    os.environ |= {
        "AZURE_OPENAI_ENDPOINT": f"http://127.0.0.1:{server.port}",
        "AZURE_OPENAI_API_KEY": KEY,
        "OPENAI_API_VERSION": "2025-04-01-preview",
    }
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        first = _bought(store, case, "first")
        calls = server.calls
        again = _bought(store, case, "second") if case.most_calls == 1 or first[0] else first
        _check(store, case, first, again, calls)
    return first[1]


def _bought(store: Store, case: Case, run: str) -> tuple[str, str]:
    """Return what came of a purchase: "edited", "refused" or "", and the sentence."""
    settings = GptImageSettings(
        name="gpt-image",
        quality="low",
        timeout_s=LONG_S if all(isinstance(step, bytes) for step in case.steps) else SHORT_S,
        max_wait_s=1.0,
        max_attempts=3,
        images_per_minute=600_000,
    )
    editor = ImageServiceEditor(settings)
    request = EditRequest(
        normal_sha256="ab" * 32,
        ask={"prompt": "a dark spot", "region": None, "area": None, "draw": 0.5},
        editor={"name": "azure"},
        variant=0,
        seed=0,
    )
    photo = np.full((SIDE_PX, SIDE_PX, 3), 90, np.uint8)
    job = EditJob(request, photo, None, Geometry.fit((SIDE_PX, SIDE_PX), settings.sizes))
    token = CancelToken(store, run)
    gate = CallGate(Ledger(store), "plates", BudgetSpec(), editor.limits, token)
    try:
        record = buy_edit(store, gate, editor, job)
    except EditError as problem:
        return "", str(problem)
    finally:
        editor.close()
    return record.status, record.reason


def _check(
    store: Store, case: Case, first: tuple[str, str], again: tuple[str, str], calls: int
) -> None:
    """Raise AssertionError if a promise is broken."""
    status, sentence = first
    ends = [end for _, _, end in Ledger(store).entries()]
    spent = Ledger(store).totals().real.dataset("plates")
    told = f"{status or 'failed'} after {calls} calls: {sentence}"
    _promise(all(end is not None for end in ends), f"a call is under way in the ledger: {told}")
    _promise(status or sentence, "no sentence")
    _promise("\n" not in sentence, f"more than a line: {told}")
    _promise(sentence.isprintable(), f"it cannot be shown: {told}")
    _promise(KEY not in sentence, f"the key is shown: {told}")
    _promise(calls <= case.most_calls, f"too many calls: {told}")
    served = [end for end in ends if end and end.status is not CallStatus.REJECTED]
    if status == "edited" or case.answered is not None:
        _promise(spent.cost_usd >= LEAST_USD, f"counted at {spent.cost_usd}: {told}")
        _promise(_server().calls <= max(calls, 1), f"bought twice: {told}; then {again[1]}")
    _promise(spent.requests == len(served), f"{spent.requests} counted of {len(served)}: {told}")
    if case.is_edit is not None:
        _promise((status == "edited") is case.is_edit, told)
    if case.answered is not None and not status:
        kept = [reply.content for _, reply in find_replies(store, _key_of(store))]
        _promise(kept == [case.answered], f"the answer is not kept: {told}")


def _promise(is_kept: object, words: str) -> None:
    if not is_kept:
        raise AssertionError(words)


def _key_of(store: Store) -> str:
    return next(call.key for _, call, _ in Ledger(store).entries())


def main() -> None:
    """Attack, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    inputs = cases(asked.count, asked.seed)
    harmed = table("replies", attack("benchmarks.attack.replies:buy", inputs))
    raise SystemExit(1 if harmed else 0)


if __name__ == "__main__":
    main()
