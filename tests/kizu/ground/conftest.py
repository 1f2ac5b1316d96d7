"""A loopback web service, and tiny checkpoints."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tiny_models.clip import clipseg_folder, owlv2_folder  # noqa: F401 - fixtures
from tiny_models.dino import grounding_dino_folder, mm_grounding_dino_folder  # noqa: F401
from tiny_models.florence import florence2_folder  # noqa: F401
from tiny_models.sam import (  # noqa: F401
    sam2_folder,
    sam3_folder,
    sam_folder,
    sam_hq_folder,
    segment_anything_folder,
)


@dataclass
class Request:
    path: str
    headers: dict
    body: bytes


@dataclass
class Loopback:
    """A web service on this machine that gives scripted replies and remembers requests."""

    url: str
    replies: list = field(default_factory=list)
    reply_headers: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)


@pytest.fixture
def loopback():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.requests.append(Request(self.path, self.headers, body))
            status, reply = script.replies.pop(0)
            content = json.dumps(reply).encode()
            self.send_response(status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
            for name, value in (headers | script.reply_headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script = Loopback(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield script
        server.shutdown()
        thread.join()
