"""HTTP calls that end: in a given time, with a body of a given size, and told how far they got.

A client's own timeouts are for each step, and a service that sends a byte now and then keeps a call
for ever; its bodies have no end but the service's. Here the time is that of the whole call, the
body is cut at a size, compressed or not, and a call that fails says whether anything was sent:
that decides who may have to pay.
"""

import ssl
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from socket import SHUT_RDWR, socket
from threading import Lock, Timer
from typing import Any, Final, Self

import httpx2

MOST_BYTES: Final = 16 * 1024 * 1024
"""Most of a body that is read where a caller says nothing else: far above any answer in words."""

_CONNECT_S: Final = 30.0  # a handshake over the longest ways takes seconds; no host at all, minutes
_MOST_CONNECTIONS: Final = 1000  # as many as editor.max_in_flight allows
_LAYERS: Final = 4  # of compression that are undone; services use one
_GZIP_OR_ZLIB: Final = 47  # zlib's own code for "either header"


class NotSentError(httpx2.TransportError):
    """No request left this machine, so none was served."""


class BrokenOffError(httpx2.TransportError):
    """A request was sent and its answer did not come, or not all of it.

    Attributes:
        took_too_long: True if the call's time ran out.
        received: What came of a good answer's body.
        headers: That answer's headers; empty if not even these came.
    """

    def __init__(
        self,
        message: str,
        *,
        took_too_long: bool,
        received: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Take what went wrong and what came before."""
        super().__init__(message)
        self.took_too_long = took_too_long
        self.received = received
        self.headers = headers or {}


@dataclass
class Progress:
    """How far a call got.

    Attributes:
        is_sent: True once a request's headers were handed over whole.
    """

    is_sent: bool = False


_PROGRESS: Final[ContextVar[Progress | None]] = ContextVar("progress", default=None)


@contextmanager
def following() -> Iterator[Progress]:
    """Follow the calls that this thread makes while the block runs, whatever they raise."""
    progress = Progress()
    token = _PROGRESS.set(progress)
    try:
        yield progress
    finally:
        _PROGRESS.reset(token)


def authorities(*, is_encrypted: bool) -> ssl.SSLContext | bool:
    """Return whose certificates a client takes: the usual authorities', and without TLS nobody's.

    To read the list of authorities takes longer than a call on this machine.
    """
    return True if is_encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class BoundedClient(httpx2.Client):
    """A client whose answers are there whole, or cut, when a call returns.

    It follows no redirect, keeps no cookie, and connects anew for each call: a connection that a
    gateway has let go of meanwhile would make a call break off that nobody can tell the fate of.
    """

    def __init__(
        self, timeout_s: float, most_bytes: int = MOST_BYTES, *, is_encrypted: bool = True
    ) -> None:
        """Take the bounds.

        Args:
            timeout_s: How long a whole call may take, from connecting to the body's end.
            most_bytes: Most of a body that is read, after decompression.
            is_encrypted: Whether the calls go by TLS; only then the environment's proxies are used.
        """
        super().__init__(
            follow_redirects=False,
            trust_env=is_encrypted,
            verify=authorities(is_encrypted=is_encrypted),
            timeout=timeout_s,
            limits=httpx2.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=0),
            headers={"Accept-Encoding": "identity"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        self._timeout_s = timeout_s
        self._most_bytes = most_bytes

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:  # noqa: ANN401 - the base's
        """Send a request and read its answer within the bounds.

        A body that is too large is cut, and ``extensions["is_cut"]`` of the response is True; of an
        answer that is an error, what came is enough.

        Raises:
            NotSentError: Nothing was sent.
            BrokenOffError: It was, and no answer or not all of a good one came.
        """
        options["stream"] = True
        steps = ("read", "write", "pool")
        request.extensions["timeout"] = {
            "connect": min(self._timeout_s, _CONNECT_S),
            **dict.fromkeys(steps, self._timeout_s),
        }
        with _Watch(self._timeout_s, _PROGRESS.get() or Progress()) as watch:
            request.extensions["trace"] = watch.trace
            try:
                answer = super().send(request, **options)
            except Exception as error:  # whatever it is, who pays depends on how far it got
                raise watch.explained(error) from error
            return self._read(answer, watch)

    def _read(self, answer: httpx2.Response, watch: "_Watch") -> httpx2.Response:
        received = bytearray()
        try:
            for part in answer.iter_raw():
                received += part
                if len(received) > self._most_bytes:
                    break
            watch.raise_if_over()  # to a body without a length, an end by force is an end
        except Exception as error:
            if answer.is_success:
                body, _ = _unpacked(bytes(received), answer.headers, self._most_bytes)
                raise watch.explained(error, body, answer.headers) from error
        finally:
            with suppress(Exception):  # it may be broken already
                answer.close()
        body, is_cut = _unpacked(bytes(received), answer.headers, self._most_bytes)
        whole = httpx2.Response(
            answer.status_code,
            headers=_plain(answer.headers),
            content=body,
            request=answer.request,
            extensions={"is_cut": is_cut},
        )
        whole.next_request = answer.next_request
        return whole


class _Watch:
    """Ends a call when its time is up, and notes how far it got."""

    def __init__(self, timeout_s: float, progress: Progress) -> None:
        self._timeout_s = timeout_s
        self._progress = progress
        self._timer = Timer(timeout_s, self._end)
        self._timer.daemon = True
        self._lock = Lock()
        self._socket: socket | None = None
        self._is_over = False
        self._is_tunnel = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._socket = None

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take what the transport tells of its steps; the extension ``trace`` of a request."""
        step = event.partition(".")[2]
        if step == "send_request_headers.started":
            self._is_tunnel = info["request"].method == b"CONNECT"  # to a proxy, ahead of the call
        elif step == "send_request_headers.complete" and not self._is_tunnel:
            self._progress.is_sent = True
        elif step in ("connect_tcp.complete", "start_tls.complete"):
            self._hold(info["return_value"].get_extra_info("socket"))

    def raise_if_over(self) -> None:
        """Raise TimeoutError if the call's time has run out."""
        if self._is_over:
            raise TimeoutError

    def explained(
        self, error: Exception, received: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> NotSentError | BrokenOffError:
        """Return the error that tells what a failure means."""
        said = f"{type(error).__name__}: {error}"
        if not self._progress.is_sent:
            return NotSentError(said)
        too_long = self._is_over or isinstance(error, httpx2.TimeoutException)
        if too_long:
            said = f"no whole answer within {self._timeout_s:g} s"
        return BrokenOffError(said, took_too_long=too_long, received=received, headers=headers)

    def _hold(self, connected: socket) -> None:
        with self._lock:
            self._socket = connected
            if self._is_over:
                _shut(connected)

    def _end(self) -> None:
        with self._lock:
            self._is_over = True
            if self._socket is not None:
                _shut(self._socket)


def _shut(connected: socket) -> None:
    """Make whoever waits for a socket see its end; TLS's own shutdown would take its turn."""
    with suppress(OSError):  # it is closed
        socket.shutdown(connected, SHUT_RDWR)


def _plain(headers: httpx2.Headers) -> list[tuple[str, str]]:
    """Return the headers of a body that was unpacked, without a charset that nobody need know."""
    gone = ("content-encoding", "content-length", "transfer-encoding")
    return [
        (name, value.partition(";")[0] if name == "content-type" else value)
        for name, value in headers.multi_items()
        if name not in gone
    ]


def _unpacked(body: bytes, headers: httpx2.Headers, most_bytes: int) -> tuple[bytes, bool]:
    """Return a body without its compression, and whether it was cut at a size."""
    named = headers.get("content-encoding", "").lower().split(",")
    for _ in [name for name in named if name.strip() in ("gzip", "x-gzip", "deflate")][:_LAYERS]:
        unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            body = unpacker.decompress(body, most_bytes + 1)
        except zlib.error:
            break  # it says what it is not; it is kept as it came
    return body[:most_bytes], len(body) > most_bytes
