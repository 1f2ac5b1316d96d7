"""Edits through the Batch API: one file of lines up, one batch, its answers down.

The line's body is the JSON form of ``images/edits`` in OpenAI's API description
(``EditImageBodyJsonParam``), which takes pictures as data URLs. That batches take it, with pictures
and with a deployment's name as the model, was never tried against a live service.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

import httpx2
import openai
from openai import OpenAI
from openai.types import Batch

from kizu.bounded_http import NotSentError
from kizu.edit.batched import (
    BatchAnswer,
    BatchGoneError,
    BatchLine,
    BatchRefusedError,
    BatchState,
    BatchUncertainError,
)
from kizu.edit.editor import EditError
from kizu.edit.openai_images.client import request_body
from kizu.edit.openai_images.connection import Connection
from kizu.edit.openai_images.deployment import DeploymentSettings
from kizu.edit.openai_images.emulation import EMULATOR_HEADER
from kizu.edit.openai_images.errors import failure_of_answer
from kizu.edit.openai_images.said import cut
from kizu.edit.paid import CallFailure, FailureKind, Reply, body_fields
from kizu.edit.request import EditRequest
from kizu.imaging.arrays import Mask, RgbImage

NAME_OF_OURS: Final = "kizu_batch"
"""Under this name a batch's metadata holds our name of it."""

_URL: Final = "/v1/images/edits"
_WINDOW: Final = "24h"
_WINDOW_S: Final = 24 * 3600.0
_CLOCKS_APART_S: Final = 24 * 3600.0  # far more than a service's clock and ours disagree
_PER_PAGE: Final = 100
_OVER: Final = frozenset({"failed", "completed", "expired", "cancelled"})
_UNSERVED: Final = "failed"  # while it was validated, before any line
_PASSING: Final = frozenset({408, 409, 429, 500, 502, 503, 504})

MOST_FILE_BYTES: Final = 2**30
"""Most of an answers' file that is read: half of it are 16 of the largest pictures."""

LONGEST_CALL_S: Final = 1800.0
"""How long one call may take: 200 MB in half an hour is 1 Mbit/s."""

Connect = Callable[[], Connection]
"""Returns how to reach the service; raises StopEditingError if that is not known."""


class ImageBatches:
    """The batches of one deployment."""

    def __init__(self, settings: DeploymentSettings, connect: Connect) -> None:
        """Take the settings, and how to reach the service; nothing is sent.

        Args:
            settings: What to ask.
            connect: Returns the connection.
        """
        self._settings = settings
        self._reach = connect
        self._lock = Lock()
        self._connected: tuple[Connection, OpenAI] | None = None

    def close(self) -> None:
        """Hang up; the next call connects again."""
        with self._lock:
            if self._connected is not None:
                self._connected[1].close()
                self._connected = None

    def _connect(self) -> tuple[Connection, OpenAI]:
        with self._lock:
            if self._connected is None:
                connection = self._reach()
                client = connection.client(LONGEST_CALL_S, MOST_FILE_BYTES)
                self._connected = (connection, client)
            return self._connected

    def pack_line(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> BatchLine:
        """Encode one edit as a line."""
        try:
            body = request_body(
                self._settings, self._settings.sent_prompt(request), picture, region
            )
        except ValueError as error:
            raise EditError(str(error)) from error
        line = {"custom_id": request.key, "method": "POST", "url": _URL, "body": json_body(body)}
        return BatchLine(request.key, json.dumps(line).encode())

    def submit(self, batch_id: str, lines: Sequence[BatchLine]) -> BatchState:
        """Upload lines and start a batch that carries our name of it."""
        _, client = self._connect()
        content = b"\n".join(line.body for line in lines) + b"\n"
        try:
            file = client.files.create(
                file=(f"{batch_id}.jsonl", content, "application/jsonl"), purpose="batch"
            )
        except (openai.APIError, httpx2.HTTPError) as error:  # without a file there is no batch
            raise self._refused(error, is_passing=_is_passing(error)) from error
        try:
            batch = client.batches.create(
                input_file_id=file.id,
                endpoint=_URL,
                completion_window=_WINDOW,
                metadata={NAME_OF_OURS: batch_id},
            )
        except (openai.APIError, httpx2.HTTPError) as error:
            if _is_nothing_done(error):
                raise self._refused(error, is_passing=_is_passing(error)) from error
            raise BatchUncertainError(self._said(error)) from error
        return _state(batch)

    def find(self, batch_id: str, since: float) -> BatchState | None:
        """Look for a batch by our name of it, the newest first."""
        _, client = self._connect()
        with self._asking():
            for batch in client.batches.list(limit=_PER_PAGE):
                if (batch.metadata or {}).get(NAME_OF_OURS) == batch_id:
                    return _state(batch)
                if batch.created_at < since - _CLOCKS_APART_S:
                    break
        return None

    def look(self, service_id: str) -> BatchState:
        """Ask how a batch stands."""
        _, client = self._connect()
        with self._asking(after=f"batch {service_id}", or_any=lambda: client.batches.list(limit=1)):
            return _state(client.batches.retrieve(service_id))

    def answers(self, state: BatchState) -> Iterator[BatchAnswer]:
        """Yield what came of the lines, as far as the service says."""
        connection, client = self._connect()
        for name in state.files:
            with self._asking(after=f"file {name}", or_any=lambda: client.files.list(limit=1)):
                response = client.files.with_raw_response.content(name).http_response
            if response.extensions.get("is_cut"):
                raise BatchUncertainError(f"its file of answers has more than {MOST_FILE_BYTES} B")
            is_emulator = EMULATOR_HEADER in response.headers
            for line in response.content.splitlines():
                if (answer := self._answer(line, connection, emulated=is_emulator)) is not None:
                    yield answer

    def _answer(self, line: bytes, connection: Connection, *, emulated: bool) -> BatchAnswer | None:
        told = _parsed(line)
        key, response = told.get("custom_id"), told.get("response")
        if not isinstance(key, str):
            return None
        host = httpx2.URL(connection.endpoint).host
        if not isinstance(response, Mapping):
            error = told.get("error")
            said = error.get("message") if isinstance(error, Mapping) else None
            reason = f"its batch has no answer to it: {cut(str(said or 'it does not say why'))}"
            failure = CallFailure(
                FailureKind.REJECTED, reason, host=host, emulated=emulated, cause="batch"
            )
            return BatchAnswer(key, failure)
        status, content = response.get("status_code"), json.dumps(response.get("body")).encode()
        if status == httpx2.codes.OK:
            request_id = response.get("request_id")
            reply = Reply(
                **body_fields(content),
                latency_s=0.0,
                request_id=request_id if isinstance(request_id, str) else None,
                limit_per_minute=None,
                at=time.time(),
                host=host,
                emulated=emulated,
                billed_share=self._settings.batch_share,
            )
            return BatchAnswer(key, reply)
        return BatchAnswer(key, self._failure(status, content, connection))

    def _failure(self, status: object, content: bytes, connection: Connection) -> CallFailure:
        code = status if isinstance(status, int) and status in _STATUSES else _SERVER_ERRORS
        request = httpx2.Request("POST", connection.endpoint)
        headers = {"Content-Type": "application/json"}
        response = httpx2.Response(code, headers=headers, content=content, request=request)
        failure = failure_of_answer(response, connection, self._settings, "")
        said = f"its line of the batch was answered with {status}"
        return failure or CallFailure(FailureKind.INVALID, said, cause="batch")

    @contextmanager
    def _asking(
        self, after: str = "", or_any: Callable[[], object] | None = None
    ) -> Iterator[None]:
        """Tell the errors of calls that change nothing: whether asking again may help.

        Args:
            after: What is asked after.
            or_any: Asks for any of its kind. What alone is not found is gone; where nothing is, it
                is the endpoint that is wrong.
        """
        try:
            yield
        except openai.NotFoundError as error:
            if or_any is not None:
                with self._asking():
                    or_any()
                raise BatchGoneError(f"the service has no {after} any more") from error
            raise self._refused(error, is_passing=False) from error
        except (openai.APIError, httpx2.HTTPError) as error:
            if _is_passing(error):
                raise BatchUncertainError(self._said(error)) from error
            raise self._refused(error, is_passing=False) from error

    def _said(self, error: Exception) -> str:
        connection, _ = self._connect()
        return cut(connection.scrub(str(error) or type(error).__name__))

    def _refused(self, error: Exception, *, is_passing: bool) -> BatchRefusedError:
        way_out = (
            "build again later"
            if is_passing
            else "check the endpoint and the key, or let editor.batch be false"
        )
        return BatchRefusedError(
            f"the service does not take the batch ({self._said(error)}); {way_out}",
            is_passing=is_passing,
        )


_SERVER_ERRORS: Final = 500
_STATUSES: Final = range(400, 600)


def json_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``images.edit`` as JSON, files as data URLs."""
    fields = {name: value for name, value in body.items() if not isinstance(value, tuple)}
    for name, value in body.items():
        if isinstance(value, tuple):
            _, data, media_type = value
            url = f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
            place = {"image_url": url}
            fields.update({"images": [place]} if name == "image" else {name: place})
    return fields


def _state(batch: Batch) -> BatchState:
    problems = [each.message for each in (batch.errors and batch.errors.data) or () if each.message]
    files = (batch.output_file_id, batch.error_file_id)
    return BatchState(
        service_id=batch.id,
        status=batch.status,
        is_over=batch.status in _OVER,
        is_unserved=batch.status == _UNSERVED,
        due=float(batch.expires_at or batch.created_at + _WINDOW_S),
        problem=cut("; ".join(problems)),
        files=tuple(name for name in files if name),
    )


def _is_nothing_done(error: Exception) -> bool:
    """Tell whether a call that would change something surely did not."""
    if isinstance(error, openai.APIStatusError):
        return error.status_code < _SERVER_ERRORS
    return isinstance(error.__cause__, NotSentError)


def _is_passing(error: Exception) -> bool:
    return not isinstance(error, openai.APIStatusError) or error.status_code in _PASSING


def _parsed(content: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
