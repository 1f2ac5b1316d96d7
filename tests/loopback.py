"""A web service on this machine that gives scripted replies and remembers what it was sent."""

import json
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2

from kizu.edit.openai_images.emulation import EMULATOR_HEADER


@dataclass
class Request:
    path: str
    headers: dict
    body: bytes


@dataclass
class Loopback:
    """What the service replies with, first to last, and what came in."""

    port: int
    replies: list = field(default_factory=list)
    answer: Callable | None = None
    """Replies to a request when the script is over."""
    reply_headers: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def other_url(self):
        """The same service under another name, which is another origin to a client."""
        return f"http://localhost:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, script, *args):
        self.script = script
        super().__init__(*args)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = Request(self.path, self.headers, body)
        self.script.requests.append(request)
        over = self.script.answer and not self.script.replies
        status, reply = self.script.answer(request) if over else self.script.replies.pop(0)
        content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
        for name, value in (headers | self.script.reply_headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        self.do_POST()

    def log_message(self, *_):
        """Stay quiet."""


@contextmanager
def scripted_service():
    """Serve in the background while the block runs."""
    script = Loopback(port=0)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, script)) as server:
        script.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield script
        server.shutdown()
        thread.join()


@contextmanager
def managed_identity(monkeypatch, token="t0ken"):  # noqa: S107 - a stand-in's token
    """Stand in for a machine's managed identity, which the real azure-identity asks."""
    with scripted_service() as identity:
        identity.replies = [(200, {"access_token": token, "expires_on": "4102444800"})]
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{identity.url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "an identity's header")
        yield identity


class _Forwarder(BaseHTTPRequestHandler):
    def __init__(self, target, hidden, *args):
        self.target, self.hidden = target, hidden
        super().__init__(*args)

    def _forward(self, method):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        passed = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        answer = httpx2.request(
            method, f"{self.target}{self.path}", headers=passed, content=body, timeout=60
        )
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if method not in self.hidden or name != EMULATOR_HEADER:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)

    def do_POST(self):
        self._forward("POST")

    def do_GET(self):
        self._forward("GET")

    def log_message(self, *_):
        """Stay quiet."""


@contextmanager
def disguised(emulator, *hidden):
    """Serve what an emulator answers without its saying so, to requests of these methods.

    It stands in for a service that bills, which cannot be called here.
    """
    handler = partial(_Forwarder, emulator.endpoint, hidden or ("GET", "POST"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
