"""Who may talk to the page: its own origin, by names it answers to, and who has signed in."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kizu.loopback import LOOPBACK
from kizu.same_origin import (
    host_name,
    is_from_other_origin,
    is_from_other_site,
    opens_page,
)

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer: nothing is loaded from elsewhere, shown elsewhere, or told elsewhere."""

MOST_BODY_BYTES: Final = 64 * 2**20
"""The runs of the worst mask of 16 megapixels; no page sends more."""

_COOKIE: Final = "kizu_review"


@dataclass(frozen=True)
class Access:
    """Who may talk to the page.

    Attributes:
        hosts: Names and addresses it answers to, without ports, in lower case.
        token: What is needed to sign in; empty where nobody needs to.
    """

    hosts: frozenset[str]
    token: str = ""


def access_for(host: str, names: Collection[str] = ()) -> Access:
    """Return who may talk to a page that listens on a host: others have to sign in.

    Args:
        host: The address it listens on.
        names: Other names by which it is reached.
    """
    hosts = frozenset({*LOOPBACK, host.lower(), *(name.lower() for name in names)})
    return Access(hosts, "" if host in LOOPBACK else secrets.token_urlsafe(32))


class Guard:
    """Lets through only what comes from the page itself; other requests are refused."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        """Stand before an application.

        Args:
            app: The application.
            access: Who may talk to it.
        """
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        guarded = _with_headers(send, self._cookie_for(scope))
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, guarded)
        else:
            await PlainTextResponse(refusal[1], refusal[0])(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return status and sentence if a request is refused."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host_name(host) not in self._access.hosts:
            return 421, f"This page does not answer to {host!r}; start it with --address for that."
        if not _is_own(scope, headers):
            return 403, "Only the page itself may ask for this."
        if scope["method"] == "POST" and not _is_json(headers):
            return 415, "Send JSON."
        if _length(headers) > MOST_BODY_BYTES:
            return 413, f"Send at most {MOST_BODY_BYTES} bytes."
        if not self._is_signed_in(scope, headers):
            return 401, "Sign in with the address that 'kizu review' printed."
        return None

    def _is_signed_in(self, scope: Scope, headers: Headers) -> bool:
        token = self._access.token
        given = (_cookie(headers), _token_of_page(scope))
        return not token or any(
            secrets.compare_digest(one.encode(), token.encode()) for one in given
        )

    def _cookie_for(self, scope: Scope) -> str:
        """Return the cookie that an answer sets: who opens the page with its token is signed in."""
        token = self._access.token
        if not token or not secrets.compare_digest(_token_of_page(scope).encode(), token.encode()):
            return ""
        return f"{_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/"


def _is_own(scope: Scope, headers: Headers) -> bool:
    """Tell whether a request comes from the page itself, or opens it."""
    if is_from_other_origin(headers):
        return False
    if scope["method"] not in {"GET", "HEAD"}:
        site = headers.get("sec-fetch-site")
        return "origin" in headers and site in {None, "same-origin"}
    return (scope["path"] == "/" and opens_page(headers)) or not is_from_other_site(headers)


def _is_json(headers: Headers) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _length(headers: Headers) -> int:
    """Return how many bytes a request says it has; too many if it does not say."""
    if "transfer-encoding" in headers:
        return MOST_BODY_BYTES + 1
    text = headers.get("content-length", "0")
    return int(text) if text.isdecimal() else MOST_BODY_BYTES + 1


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(_COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _token_of_page(scope: Scope) -> str:
    """Return the token in the page's own address; empty for other addresses."""
    if scope["path"] != "/":
        return ""
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get("token", [""])[0]


def _with_headers(send: Send, cookie: str) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
            if cookie and message["status"] == 200:
                headers.append("Set-Cookie", cookie)
        await send(message)

    return sent
