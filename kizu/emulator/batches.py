"""Files and batches as the emulated service keeps them: in memory, worked off when asked after."""

import base64
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import Any, Final

from kizu.emulator.multipart import Part

WINDOW_S: Final = 24 * 3600
ENDPOINTS: Final = ("/v1/images/edits", "/v1/images/generations")


class BatchFault(StrEnum):
    """What can go wrong with a batch."""

    INVALID = "fails while it is validated"
    EXPIRED = "expires after its first line"
    LINES = "every second line fails"
    PARTIAL = "every second line is in no file"
    LOST_ANSWER = "is started and its starter never hears of it"
    NEVER_STARTED = "is not started and its starter hears nothing"
    REFUSED = "is refused"


@dataclass
class EmulatedBatch:
    """A batch.

    Attributes:
        shown: What the service tells of it.
        fault: What goes wrong; None if nothing.
        ready_at: When it is over, seconds on a monotonic clock.
    """

    shown: dict[str, Any]
    fault: BatchFault | None
    ready_at: float


Answer = tuple[int, Mapping[str, Any]]
"""HTTP status and JSON of one line's answer."""


@dataclass
class BatchShelf:
    """All files and batches of one emulator.

    Attributes:
        duration_s: How long a batch takes.
        faults: Faults by number of the batch, from 1.
    """

    duration_s: float = 0.0
    faults: Mapping[int, BatchFault] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start empty."""
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, EmulatedBatch] = {}
        self.started = 0
        self.lock = Lock()

    def add_file(self, name: str, content: bytes) -> dict[str, Any]:
        """Keep a file; return what the service tells of it."""
        file_id = f"file-{uuid.uuid4().hex}"
        self.files[file_id] = content
        return _shown_file(file_id, name, content)

    def file_list(self) -> dict[str, Any]:
        """Return the list of all files."""
        files = [_shown_file(file_id, file_id, kept) for file_id, kept in self.files.items()]
        return {"object": "list", "data": files, "has_more": False}

    def start(self, asked: Mapping[str, Any]) -> EmulatedBatch | None:
        """Start a batch; None if its fault is that it never is.

        Raises:
            ValueError: What is asked for is no batch.
        """
        if asked.get("input_file_id") not in self.files:
            raise ValueError("Invalid input_file_id.")
        if asked.get("endpoint") not in ENDPOINTS or asked.get("completion_window") != "24h":
            raise ValueError("Invalid endpoint or completion_window.")
        with self.lock:
            self.started += 1
            fault = self.faults.get(self.started)
        if fault in (BatchFault.REFUSED, BatchFault.NEVER_STARTED):
            return None
        now = int(time.time())
        shown = {
            "id": f"batch_{uuid.uuid4().hex}",
            "object": "batch",
            "status": "in_progress",
            "created_at": now,
            "expires_at": now + WINDOW_S,
            **{name: asked[name] for name in ("input_file_id", "endpoint", "completion_window")},
            "metadata": asked.get("metadata"),
        }
        batch = EmulatedBatch(shown, fault, time.monotonic() + self.duration_s)
        with self.lock:
            self.batches[shown["id"]] = batch
        return batch

    def look(self, batch_id: str, serve: Callable[[list[Part]], Answer]) -> dict[str, Any] | None:
        """Return what the service tells of a batch, worked off if its time has come."""
        batch = self.batches.get(batch_id)
        if batch is None:
            return None
        with self.lock:
            if batch.shown["status"] == "in_progress" and time.monotonic() >= batch.ready_at:
                self._work_off(batch, serve)
            return dict(batch.shown)

    def page(self, limit: int, after: str) -> dict[str, Any]:
        """Return a page of the batches, the newest first."""
        with self.lock:
            newest = [dict(batch.shown) for batch in reversed(self.batches.values())]
        ids = [shown["id"] for shown in newest]
        first = ids.index(after) + 1 if after in ids else 0
        data = newest[first : first + limit]
        has_more = first + limit < len(newest)
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
        return {"object": "list", "data": data, "has_more": has_more, **ends}

    def _work_off(self, batch: EmulatedBatch, serve: Callable[[list[Part]], Answer]) -> None:
        if batch.fault is BatchFault.INVALID:
            problem = {"code": "model_not_supported", "message": "The model takes no batches."}
            batch.shown["status"] = "failed"
            batch.shown["errors"] = {"object": "list", "data": [problem]}
            return
        lines = self.files[batch.shown["input_file_id"]].splitlines()
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for index, text in enumerate(lines):
            line = json.loads(text)
            if batch.fault is BatchFault.EXPIRED and index:
                error = {"code": "batch_expired", "message": "The batch expired before this line."}
                bad.append(_told(line, None, error))
                continue
            if batch.fault is BatchFault.LINES and index % 2:
                said = {"code": "server_error", "message": "The server had an error."}
                bad.append(_told(line, (500, {"error": said})))
                continue
            answer = serve(parts_of(line["body"]))
            if batch.fault is BatchFault.PARTIAL and index % 2:
                continue
            (good if answer[0] == _OK else bad).append(_told(line, answer))
        status = "expired" if batch.fault is BatchFault.EXPIRED else "completed"
        batch.shown |= {
            "status": status,
            "output_file_id": self._keep(good),
            "error_file_id": self._keep(bad),
            "request_counts": {"total": len(lines), "completed": len(good), "failed": len(bad)},
        }

    def _keep(self, lines: Sequence[Mapping[str, Any]]) -> str | None:
        if not lines:
            return None
        content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        return str(self.add_file("output.jsonl", content)["id"])


_OK: Final = 200


def _told(
    line: Mapping[str, Any], answer: Answer | None, error: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    response = None
    if answer is not None:
        request_id = uuid.uuid4().hex
        response = {"status_code": answer[0], "request_id": request_id, "body": answer[1]}
    return {
        "id": f"batch_req_{uuid.uuid4().hex}",
        "custom_id": line["custom_id"],
        "response": response,
        "error": error,
    }


def _shown_file(file_id: str, name: str, content: bytes) -> dict[str, Any]:
    return {
        "id": file_id,
        "object": "file",
        "bytes": len(content),
        "created_at": int(time.time()),
        "filename": name,
        "purpose": "batch",
        "status": "processed",
    }


def parts_of(body: Mapping[str, Any]) -> list[Part]:
    """Return the JSON form of a request as the parts of a form."""
    fields = dict(body)
    pictures = [("image", each) for each in fields.pop("images", [])]
    pictures += [(name, fields.pop(name)) for name in ("mask", "markup") if name in fields]
    parts = [Part(name, "", str(value).encode()) for name, value in fields.items()]
    for name, place in pictures:
        head, _, data = str(place["image_url"]).partition(",")
        media_type = head.removeprefix("data:").removesuffix(";base64")
        parts.append(Part(name, media_type, base64.b64decode(data)))
    return parts
