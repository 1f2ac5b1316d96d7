"""Lets no other web page use what is served here: not by requests, websockets, frames or names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kizu.loopback import LOOPBACK
from kizu.same_origin import (
    host_name,
    is_from_other_origin,
    is_from_other_site,
    names_machine,
    opens_page,
)

POLICY_VIOLATION: Final = 1008
"""The code of RFC 6455 for a websocket that is refused."""

KEPT_TO_ITSELF: Final = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer: shown in no frame, read by no other page, taken for nothing it is not."""


PREFECT_API: Final = "/api"  # where Prefect serves it


@dataclass(frozen=True)
class Door:
    """What is let in.

    Attributes:
        names: Names by which others reach the machine, in lower case.
        api: Path below which there are no pages, so that no link leads there; empty for none.
        address: Where browsers of this machine are sent if they use another of its names, as
            ``http://127.0.0.1:4200``; empty to send them nowhere.
        shows_pictures: Whether pages of the same name, on any port, may show its pictures.
        headers: On every answer that does not bring them itself.
    """

    names: frozenset[str] = frozenset()
    api: str = ""
    address: str = ""
    shows_pictures: bool = False
    headers: Mapping[str, str] = field(default_factory=lambda: KEPT_TO_ITSELF)


def door_of_prefect(ui_url: str | None, api_url: str | None) -> Door:
    """Return what Prefect's server lets in.

    Args:
        ui_url: Where browsers open it.
        api_url: Where workers reach it.
    """
    places = [urlsplit(url) for url in (ui_url, api_url) if url]
    address = f"{places[0].scheme}://{places[0].netloc}" if places else ""
    names = frozenset(place.hostname for place in places if place.hostname)
    return Door(names, api=PREFECT_API, address=address)


class OriginGuard:
    """Stands before an application and refuses what other web pages ask for."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        """Stand before an application.

        Args:
            app: The application.
            door: What is let in.
        """
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        answer = self._answer(scope)
        if scope["type"] == "http":
            await (answer or self._app)(scope, receive, self._with_headers(scope, send))
        elif answer is None:
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})

    def _answer(self, scope: Scope) -> Response | None:
        """Return what a request is answered without asking the application."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not names_machine(host, self._door.names):
            sentence = f"Nothing here answers to {host!r}; start it with --address for that."
            return PlainTextResponse(sentence, 421)
        if is_from_other_origin(headers) or not self._is_own(scope, headers):
            return PlainTextResponse("Another web page may not ask for this.", 403)
        return self._elsewhere(scope, headers)

    def _is_own(self, scope: Scope, headers: Headers) -> bool:
        """Tell whether no other page causes a request; one may link to pages."""
        if not is_from_other_site(headers):
            return True
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            return False
        shown = headers.get("sec-fetch-dest") == "image" and self._is_neighbour(headers)
        return shown or (opens_page(headers) and self._is_page(scope["path"]))

    def _is_neighbour(self, headers: Headers) -> bool:
        """Tell whether a page of the same name asks that may show pictures.

        Of addresses of numbers browsers take no two ports for one site, so this goes by the page
        that they say they are on, which no script can change.
        """
        page = host_name(headers.get("referer", "").partition("://")[2])
        return self._door.shows_pictures and page == host_name(headers.get("host", "")) != ""

    def _is_page(self, path: str) -> bool:
        return not self._door.api or not f"{path}/".startswith(f"{self._door.api}/")

    def _elsewhere(self, scope: Scope, headers: Headers) -> Response | None:
        """Send a browser that names this machine otherwise to the one address it is known by.

        Pictures of reports come from that address, and are shown to its pages alone.
        """
        address, host = self._door.address, headers.get("host", "")
        own = address.partition("://")[2]
        if scope["type"] != "http" or not opens_page(headers) or not self._is_page(scope["path"]):
            return None
        if not {host_name(host), host_name(own)} <= set(LOOPBACK) or host == own:
            return None
        if host.rpartition(":")[2] != own.rpartition(":")[2]:  # through a tunnel
            return None
        query = scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        return RedirectResponse(f"{address}{target}")

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        is_neighbour = self._is_neighbour(Headers(scope=scope))

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if is_neighbour:
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
                for name, value in self._door.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return sent
