"""Serves the review page until it is stopped."""

import socket
import webbrowser
from collections.abc import Callable
from contextlib import closing
from threading import Thread
from typing import Final

import uvicorn

from kizu.loopback import LOOPBACK
from kizu.review_page.app import review_app
from kizu.review_page.clicking import ClickSegmenter
from kizu.review_page.safety import access_for
from kizu.review_page.session import ReviewSession
from kizu.settings import Record

_WILDCARDS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to


class PageAddressError(ValueError):
    """The page cannot be served at an address."""


class PageAddress(Record):
    """Where the page is served.

    Attributes:
        host: Address to listen on.
        port: Port; 0 takes a free one.
        name: Name by which others reach this machine; empty where it is the host.
    """

    host: str = "127.0.0.1"
    port: int = 8377
    name: str = ""


def serve_review(
    session: ReviewSession,
    address: PageAddress,
    tell: Callable[[str], None],
    *,
    clicks: ClickSegmenter | None = None,
    show: bool = False,
) -> None:
    """Serve the page until Ctrl-C.

    Args:
        session: The review.
        address: Where.
        tell: Told what a person should know, line by line.
        clicks: What marks the object under a click; it is loaded meanwhile.
        show: Open the page in the browser.

    Raises:
        PageAddressError: The address cannot be listened on, or nobody could name it.
    """
    if address.host in _WILDCARDS and not address.name:
        raise PageAddressError(
            f"--host {address.host or repr('')} listens on all addresses; say with --address by "
            "which name others reach this machine"
        )
    access = access_for(address.host, [address.name] if address.name else [])
    with closing(_listen(address)) as listening:
        port = listening.getsockname()[1]
        link = _link(address.name or address.host, port, access.token)
        tell(link)
        tell("Stop with Ctrl-C; every decision is stored at once.")
        if address.host not in LOOPBACK:
            tell(
                "Who has this link can decide; it travels unencrypted, so keep to your own network."
            )
        if clicks is not None:
            Thread(target=clicks.load, daemon=True).start()
        if show:
            webbrowser.open(link)
        config = uvicorn.Config(
            review_app(session, access, clicks),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,  # seconds; a browser may hold its connection for ever
        )
        uvicorn.Server(config).run(sockets=[listening])


def _listen(address: PageAddress) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        raise PageAddressError(
            f"{address.host} port {address.port} cannot be listened on ({error.strerror}); choose "
            "another with --port, 0 takes a free one"
        ) from error


def _link(host: str, port: int, token: str) -> str:
    named = f"[{host}]" if ":" in host else host
    return f"http://{named}:{port}/" + (f"?token={token}" if token else "")
