"""Serves reports and datasets of a store over HTTP, so that a browser elsewhere can open them."""

import logging
import mimetypes
import os
import posixpath
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from html import escape
from threading import Event, Thread
from typing import Final
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from deployments.guard import KEPT_TO_ITSELF, Door, OriginGuard
from deployments.served_path import served_path
from deployments.sign_in import (
    CLIENT_VARIABLE,
    SignInError,
    SignInGuard,
    chosen_sign_in,
    require_sign_in,
)
from kizu.publish.layout import VersionFolder, latest_version
from kizu.same_origin import host_name
from kizu.store import Store

logger = logging.getLogger(__name__)

HEADERS: Final = {
    **KEPT_TO_ITSELF,
    "Referrer-Policy": "same-origin",
    # Pictures and tables of users: whatever is in them, it runs nothing and asks for nothing.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
}

_REPORT: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What our own pages need. Each allows its one script alone, by a policy within the page."""

_START_S: Final = 30.0
"""A thread has begun to serve long before; then something is broken."""


def file_app(store: Store, names: frozenset[str] = frozenset(), sign_in: str = "") -> Starlette:
    """Return the application that serves a store's reports and datasets.

    Args:
        store: The store.
        names: Names by which others reach the machine, in lower case.
        sign_in: What is asked for, as ``user:password``; empty to ask for nothing.
    """

    def answer(request: Request) -> Response:
        return _answer(store, request)

    # Prefect's page, on another port of the same machine, shows contact sheets.
    door = Door(names, shows_pictures=True, headers=HEADERS)
    return Starlette(
        routes=[Route("/{path:path}", answer)],
        middleware=[Middleware(OriginGuard, door=door), Middleware(SignInGuard, sign_in=sign_in)],
    )


def _answer(store: Store, request: Request) -> Response:
    target = request.scope["raw_path"].decode("latin-1")
    path = served_path(target)
    if path is None:
        return PlainTextResponse("there is no such file", 404)
    if not path:
        return Response(_overview(store), media_type="text/html", headers=_report_policy())
    try:
        data = _content(store, path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return PlainTextResponse("there is no such file", 404)
    except Exception as error:  # noqa: BLE001 - clients of stores raise errors of their own
        logger.warning("cannot read %s: %s", path, error)
        return PlainTextResponse("the file cannot be read", 500)
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    is_report = kind == "text/html" and path.startswith("reports/")
    return Response(data, media_type=kind, headers=_report_policy() if is_report else None)


def _content(store: Store, path: str) -> bytes:
    """Return a file's bytes; on a disk of no link that leads out of the folder that is served.

    Raises:
        FileNotFoundError: It is not there, or is something else than a file.
    """
    if (root := store.local_folder("")) is not None:
        served, file = (root / path.partition("/")[0]).resolve(), (root / path).resolve()
        if not (file.is_relative_to(served) and file.is_file()):
            raise FileNotFoundError(path)
    return store.read(path)


def _report_policy() -> dict[str, str]:
    return {"Content-Security-Policy": _REPORT}


def _overview(store: Store) -> str:
    """Return a page that links the latest report of every dataset."""
    names = [posixpath.basename(folder) for folder in store.list_folders("datasets")]
    folders = [folder for name in names if (folder := _latest_version(store, name))]
    items = "".join(
        f'<li><a href="/{quote(folder.report("index.html"))}">{escape(folder.dataset)}</a> '
        f"{escape(folder.version)}</li>"
        for folder in folders
    )
    body = f"<ul>{items}</ul>" if items else "<p>No dataset is published yet.</p>"
    return f"<!doctype html><meta charset=utf-8><title>Datasets</title><h1>Datasets</h1>{body}"


def _latest_version(store: Store, name: str) -> VersionFolder | None:
    """Return a dataset's latest version; None as well if what points to it is damaged."""
    try:
        return latest_version(store, name)
    except (ValueError, KeyError, TypeError) as error:
        logger.warning("cannot tell the latest version of %s: %s", name, error)
        return None


@contextmanager
def serving_files(
    store: Store,
    host: str,
    port: int,
    *,
    names: frozenset[str] = frozenset(),
    sign_in: str = "",
) -> Iterator[int]:
    """Serve a store's reports and datasets while the block runs.

    Args:
        store: The store.
        host: The address to listen on; "127.0.0.1" for this machine only.
        port: The port; 0 for any free one.
        names: Names by which others reach the machine, in lower case.
        sign_in: What is asked for, as ``user:password``; empty to ask for nothing.

    Yields:
        The port.

    Raises:
        OSError: The port is taken.
    """
    config = uvicorn.Config(
        file_app(store, names, sign_in),
        log_level="critical",  # the terminal belongs to the command that serves
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,  # seconds; a browser may hold its connection for ever
    )
    server = uvicorn.Server(config)
    with closing(socket.create_server((host, port))) as listening:
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def _wait_until_started(server: uvicorn.Server, thread: Thread) -> None:
    deadline = time.monotonic() + _START_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise OSError("the server of reports does not start")
        time.sleep(0.01)


def main() -> None:
    """Serve the reports of the store that ``KIZU_STORE`` names until the process is ended.

    For containers: ``python -m deployments.file_server``. ``kizu serve`` does it by itself.

    Raises:
        SystemExit: Others could reach it without signing in.
    """
    host = "0.0.0.0"  # noqa: S104 - a container's
    port = int(os.environ.get("KIZU_FILES_PORT", "4201"))
    name = host_name(os.environ.get("KIZU_FILES_URL", "").partition("://")[2])
    try:
        sign_in = chosen_sign_in(CLIENT_VARIABLE)
        require_sign_in(host, sign_in)
    except SignInError as error:
        raise SystemExit(str(error)) from error
    store = Store(os.environ["KIZU_STORE"])
    names = frozenset({name} if name else ())
    with serving_files(store, host, port, names=names, sign_in=sign_in):
        Event().wait()


if __name__ == "__main__":
    main()
