"""The emulator's HTTP server, on this machine only."""

import json
import re
import socket
import struct
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from kizu.edit.gpt_image.pricing import BATCH_SHARE
from kizu.edit.openai_images.emulation import EMULATOR_HEADER
from kizu.edit.registry import EDITORS
from kizu.edit.served import ServedModel
from kizu.emulator.batches import BatchFault, BatchShelf
from kizu.emulator.faults import BILLED_FAULTS, Fault
from kizu.emulator.limiter import RateLimiter
from kizu.emulator.multipart import Part, parse_form
from kizu.emulator.service import (
    BadRequest,
    Job,
    answer_body,
    check_request,
    edited_picture,
    stream_events,
)
from kizu.emulator.settings import EmulatorSettings, Tally
from kizu.imaging.codecs import UnreadableImageError, encode_png

DENIED: Final = "Access denied due to invalid subscription key or wrong API endpoint."
_DEPLOYMENT_URL: Final = re.compile(r"/openai/deployments/([^/]+)/images/edits")
_V1_URL: Final = re.compile(r"(/openai)?/v1/images/edits")
_BATCH_URL: Final = re.compile(
    r"(?:/openai)?(?:/v1)?/(?P<kind>files|batches)(?:/(?P<id>[\w-]+))?(?P<content>/content)?"
)
_MODELS: Final[Mapping[str, ServedModel]] = {
    model.name: model for editor in EDITORS for model in editor.served_models()
}
_RESET: Final = struct.pack("ii", 1, 0)


class Emulator:
    """A running emulator."""

    def __init__(self, settings: EmulatorSettings | None = None, port: int = 0) -> None:
        """Bind to a port of 127.0.0.1; 0 takes any free one."""
        self.settings = settings or EmulatorSettings()
        self.tally = Tally()
        self.lock = Lock()
        per_minute, speed = self.settings.per_minute, self.settings.speed
        self.limiter = RateLimiter(per_minute, speed) if per_minute else None
        settings = self.settings
        self.shelf = BatchShelf(settings.batch_s / settings.speed, settings.batch_faults)
        self._server = _Server(("127.0.0.1", port), partial(_Handler, self))

    @property
    def endpoint(self) -> str:
        """What to set AZURE_OPENAI_ENDPOINT to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["Emulator"]:
        """Serve in the background while the block runs."""
        thread = Thread(target=self.serve, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def serve(self) -> None:
        """Serve until interrupted."""
        self._server.serve_forever(poll_interval=0.05)

    def model(self, deployment: str) -> ServedModel | None:
        """Return the model behind a deployment's name; None if there is no such deployment."""
        deployments = self.settings.deployments
        name = deployments.get(deployment) if deployments else deployment
        return _MODELS.get(name) if name else None

    def bill(self, job: Job, share: float = 1.0) -> None:
        """Count a served call, at a share of its price."""
        cost_usd = share * (job.served.cost_usd or 0.0)
        with self.lock:
            self.tally.billed += 1
            self.tally.cost_usd = round(self.tally.cost_usd + cost_usd, 9)


class _DeniedError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base's
        """Say nothing: clients that hang up are part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, emulator: Emulator, *args: Any) -> None:  # noqa: ANN401 - the base's
        self._emulator = emulator
        super().__init__(*args)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the base's
        """Say nothing: a key might be in it."""

    def do_GET(self) -> None:
        """Answer with what was counted, or with a file or batch."""
        if found := _BATCH_URL.fullmatch(urlsplit(self.path).path):
            self._show(found)
            return
        tally = self._emulator.tally
        counted = {name: value for name, value in vars(tally).items() if name != "started"}
        self._answer(200, json.dumps(counted).encode())

    def do_POST(self) -> None:
        """Answer an edit."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if found := _BATCH_URL.fullmatch(urlsplit(self.path).path):
            self._take_batch(found["kind"], body)
            return
        try:
            parts, model = self._addressed(body)
        except _DeniedError as denied:
            self._error(denied.status, denied.code, str(denied))
            return
        self._edit(parts, model)

    def _addressed(self, body: bytes) -> tuple[list[Part], ServedModel]:
        """Check key, address and deployment, and read the form."""
        if not self._has_key():
            raise _DeniedError(401, "401", DENIED)
        url = urlsplit(self.path)
        by_name = _DEPLOYMENT_URL.fullmatch(url.path)
        has_version = "api-version" in parse_qs(url.query)
        if not (by_name and has_version) and not _V1_URL.fullmatch(url.path):
            raise _DeniedError(404, "404", "Resource not found")
        try:
            parts = parse_form(self.headers.get("Content-Type", ""), body)
        except ValueError as error:
            raise _DeniedError(400, "invalid_request", str(error)) from error
        models = [part.text for part in parts if part.name == "model"]
        name = by_name[1] if by_name else (models or [""])[0]
        return parts, self._model(name)

    def _show(self, found: re.Match[str]) -> None:
        """Answer with a file's content, a batch, or a page of batches."""
        shelf = self._emulator.shelf
        if not self._has_key():
            return self._error(401, "401", DENIED)
        if found["kind"] == "files" and found["content"] and found["id"] in shelf.files:
            return self._answer(200, shelf.files[found["id"]])
        if found["kind"] == "files" and not found["id"]:
            return self._answer(200, json.dumps(shelf.file_list()).encode())
        shown = shelf.look(found["id"], self._serve_line) if found["id"] else self._page()
        if found["kind"] == "files" or shown is None:
            return self._error(404, "404", "Resource not found")
        return self._answer(200, json.dumps(shown).encode())

    def _page(self) -> Mapping[str, Any]:
        asked = parse_qs(urlsplit(self.path).query)
        after = asked.get("after", [""])[0]
        return self._emulator.shelf.page(int(asked.get("limit", ["20"])[0]), after)

    def _take_batch(self, kind: str, body: bytes) -> None:
        """Keep a file, or start a batch."""
        shelf = self._emulator.shelf
        if not self._has_key():
            return self._error(401, "401", DENIED)
        try:
            if kind == "files":
                parts = parse_form(self.headers.get("Content-Type", ""), body)
                file = next(part for part in parts if part.name == "file")
                shown = shelf.add_file(file.file_name, file.data)
                return self._answer(200, json.dumps(shown).encode())
            batch = shelf.start(json.loads(body))
        except (ValueError, StopIteration) as error:
            return self._error(400, "invalid_request", str(error) or "Missing file.")
        fault = shelf.faults.get(shelf.started)
        if fault in (BatchFault.LOST_ANSWER, BatchFault.NEVER_STARTED):
            return self._reset()
        if batch is None:
            return self._error(400, "batches_not_supported", "Batches are not offered here.")
        return self._answer(200, json.dumps(batch.shown).encode())

    def _serve_line(self, parts: list[Part]) -> tuple[int, Mapping[str, Any]]:
        """Serve one line of a batch at half the price."""
        emulator = self._emulator
        names = [part.text for part in parts if part.name == "model"]
        model = emulator.model(names[0] if names else "")
        if model is None:
            return 404, {"error": {"code": "DeploymentNotFound", "message": "No such model."}}
        with emulator.lock:
            emulator.tally.calls += 1
            fault = emulator.settings.faults.script.get(emulator.tally.calls)
        if fault is Fault.POLICY:
            status, code, said = _FAILURES[fault]
            return status, {"error": {"code": code, "message": said}}
        try:
            job = check_request(parts, model)
        except (BadRequest, UnreadableImageError) as error:
            return 400, {"error": {"code": "invalid_request", "message": str(error)}}
        emulator.bill(job, BATCH_SHARE)
        picture = (emulator.settings.paint or edited_picture)(job)
        return 200, json.loads(answer_body(encode_png(picture), job, int(time.time())))

    def _model(self, name: str) -> ServedModel:
        model = self._emulator.model(name)
        if model is None:
            said = "The API deployment for this resource does not exist."
            raise _DeniedError(404, "DeploymentNotFound", said)
        if name in self._emulator.settings.retired:
            raise _DeniedError(410, "ModelDeprecated", f"The model of '{name}' was retired.")
        return model

    def _has_key(self) -> bool:
        key = self._emulator.settings.key
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        return key in (self.headers.get("api-key"), bearer)

    def _edit(self, parts: list[Part], model: ServedModel) -> None:
        emulator = self._emulator
        with emulator.lock:
            emulator.tally.calls += 1
            number = emulator.tally.calls
            emulator.tally.started.append(time.monotonic())
        wait_s = emulator.limiter.admit() if emulator.limiter else 0.0
        if wait_s > 0:
            with emulator.lock:
                emulator.tally.rejected += 1
            return self._too_many(wait_s, in_ms=True)
        fault = emulator.settings.faults.next(number)
        if fault is not None and fault not in BILLED_FAULTS:
            return self._fail(fault)
        try:
            job = check_request(parts, model)
        except (BadRequest, UnreadableImageError) as error:
            code, param = ("invalid_image", "image")
            if isinstance(error, BadRequest):
                code, param = error.code, error.param
            return self._error(400, code, str(error), param=param)
        return self._serve(job, fault)

    def _serve(self, job: Job, fault: Fault | None) -> None:
        settings = self._emulator.settings
        started = time.monotonic()
        picture = (settings.paint or edited_picture)(job)
        left_s = settings.latency_s / settings.speed - (time.monotonic() - started)
        self._emulator.bill(job)
        if fault is Fault.SLOW:
            left_s += settings.slow_s / settings.speed
        if fault is Fault.WRONG_SIZE:
            picture = picture[::2, ::2]
        data = b"no picture" if fault is Fault.NOT_AN_IMAGE else encode_png(picture)
        if job.call.partial_images is not None:
            events = list(stream_events(data, job, int(time.time())))
            return self._stream(events, max(left_s, 0.0) / len(events), fault)
        time.sleep(max(left_s, 0.0))
        return self._answer(200, answer_body(data, job, int(time.time())), cut=_is_cut(fault))

    def _stream(self, events: Sequence[bytes], pause_s: float, fault: Fault | None) -> None:
        """Send events one by one, in chunks."""
        self._head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        sent = events[:-1] if fault in (Fault.STREAM_ENDS, Fault.TRUNCATED) else events
        for event in sent:
            time.sleep(pause_s)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
            self.wfile.flush()
        if fault is Fault.TRUNCATED:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _fail(self, fault: Fault) -> None:
        faults = self._emulator.settings.faults
        if fault in (Fault.RATE_LIMIT, Fault.RATE_LIMIT_MS):
            return self._too_many(faults.retry_after_s, in_ms=fault is Fault.RATE_LIMIT_MS)
        if fault is Fault.RESET:
            return self._reset()
        status, code, said = _FAILURES[fault]
        return self._error(status, code, said)

    def _too_many(self, wait_s: float, *, in_ms: bool) -> None:
        headers = {"retry-after": f"{wait_s:g}"}
        if in_ms:
            headers = {"retry-after-ms": f"{1000 * wait_s:.0f}", "retry-after": f"{wait_s:.0f}"}
        self._error(429, "429", "Requests have exceeded the call rate limit.", headers)

    def _reset(self) -> None:
        """Drop the connection so that the client's read fails."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close_connection = True
        self.connection.close()

    def _error(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        param: str | None = None,
    ) -> None:
        kind = "invalid_request_error"
        error = {"code": code, "message": message, "type": kind, "param": param}
        body = {"error": error}
        self._answer(status, json.dumps(body).encode(), headers)

    def _answer(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        cut: bool = False,
    ) -> None:
        length = {"Content-Length": str(len(body)), **(headers or {})}
        self._head(status, {"Content-Type": "application/json", **length})
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.wfile.flush()
            self.close_connection = True

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        with self._emulator.lock:
            statuses = self._emulator.tally.statuses
            statuses[str(status)] = statuses.get(str(status), 0) + 1
        self.send_response(status)
        self.send_header("apim-request-id", str(uuid.uuid4()))
        self.send_header(EMULATOR_HEADER, "1")
        if told := self._emulator.settings.told_per_minute:
            self.send_header("x-ratelimit-limit-requests", f"{told:g}")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _is_cut(fault: Fault | None) -> bool:
    return fault in (Fault.TRUNCATED, Fault.STREAM_ENDS)


_FAILURES: Final[Mapping[Fault, tuple[int, str, str]]] = {
    Fault.SERVER_ERROR: (500, "server_error", "The server had an error."),
    Fault.OVERLOADED: (503, "server_overloaded", "The service is temporarily overloaded."),
    Fault.POLICY: (
        400,
        "contentFilter",
        "Your task failed as a result of our safety system.",
    ),
    Fault.BLOCKED: (403, "403", "Your resource has been temporarily blocked because of abuse."),
}
