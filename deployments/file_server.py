"""Serves reports and datasets of a store over HTTP, so that a browser elsewhere can open them."""

import contextlib
import logging
import mimetypes
import os
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import quote

from deployments.served_path import served_path
from kizu.publish.layout import VersionFolder, latest_version
from kizu.store import Store

logger = logging.getLogger(__name__)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for files below the served folders; everything else is not there."""

    store: Store

    def do_GET(self) -> None:
        """Send a file."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Send what GET would, without the file."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        with contextlib.suppress(ConnectionError):  # the browser went away
            self._send(with_body=with_body)

    def _send(self, *, with_body: bool) -> None:
        try:
            data, kind = self._find()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            self.send_error(HTTPStatus.NOT_FOUND, "there is no such file")
            return
        except Exception as error:  # noqa: BLE001 - clients of stores raise errors of their own
            logger.warning("cannot read %s: %s", self.path, error)
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, "the file cannot be read")
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if with_body:
            self.wfile.write(data)

    def _find(self) -> tuple[bytes, str]:
        """Return what the request asks for, and its media type."""
        path = served_path(self.path)
        if path is None:
            raise FileNotFoundError(self.path)
        if not path:
            return _overview(self.store).encode(), "text/html; charset=utf-8"
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return self.store.read(path), f"{kind}; charset=utf-8" if "text" in kind else kind

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: the terminal belongs to the command that serves."""


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
def serving_files(store: Store, host: str, port: int) -> Iterator[int]:
    """Serve a store's reports and datasets while the block runs.

    Args:
        store: The store.
        host: The address to listen on; "127.0.0.1" for this machine only.
        port: The port; 0 for any free one.

    Yields:
        The port.

    Raises:
        OSError: The port is taken.
    """
    handler = type("Handler", (_Handler,), {"store": store})
    with ThreadingHTTPServer((host, port), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def main() -> None:
    """Serve the reports of the store that ``KIZU_STORE`` names until the process is ended.

    For containers: ``python -m deployments.file_server``. ``kizu serve`` does it by itself.
    """
    port = int(os.environ.get("KIZU_FILES_PORT", "4201"))
    with serving_files(Store(os.environ["KIZU_STORE"]), "0.0.0.0", port):  # noqa: S104 - a container's
        Event().wait()


if __name__ == "__main__":
    main()
