"""GLIP in an MMDetection environment of the user's own, spoken to through a pipe.

Li et al., "Grounded Language-Image Pre-training" (arXiv 2112.03857). MMDetection pins its own
torch and needs compiled operators, so it lives in another interpreter; `glip_worker.py` runs there
and answers one JSON line per request.
"""

import base64
import hashlib
import json
import os
import queue
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Final

from pydantic import Field

from kizu.grounding.detections import Detections, from_rows
from kizu.grounding.errors import GroundingUnavailable, ImageFailure, WeightsUnavailable
from kizu.grounding.prompts import normal_phrase
from kizu.grounding.replies import Reply, Side, read_reply
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import expanded, find_weights
from kizu.imaging.arrays import RgbImage

NAME = "glip"
BOX_THRESHOLD = 0.3  # of MMDetection's image demo
START_TIMEOUT_S = 300.0
REPLY_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 5.0
SHOWN_CHARACTERS = 300
WORKER = Path(__file__).with_name("glip_worker.py")
PYTHON_VARIABLE: Final = "KIZU_MMDET_PYTHON"
"""Names the interpreters that a worker starts, separated as in PATH; a spec chooses one of them."""

MODELS_VARIABLE: Final = "KIZU_MMDET_MODELS"
"""Names folders, separated as in PATH: configs are Python and checkpoints may be pickles, and both
run as code, so MMDetection gets none from elsewhere."""


class WorkerReply(Reply):
    """One answer of the worker: that it is ready, an error, or boxes in pixels.

    Boxes, confidences and the numbers of their phrases belong together row by row.
    """

    ready: bool = False
    error: str | None = None
    xyxy: tuple[tuple[Side, Side, Side, Side], ...] = ()
    confidence: tuple[Side, ...] = ()
    phrase: tuple[Annotated[int, Field(ge=0)], ...] = ()


class WorkerProcess:
    """A child process that answers each JSON line with one JSON line."""

    def __init__(self, command: Sequence[str]) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            self._process = subprocess.Popen(  # noqa: S603 - an interpreter that the machine allows
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr
            )
        except OSError as error:
            self._stderr.close()
            raise GroundingUnavailable(
                f"{NAME}: cannot start {command[0]!r} ({error}); set KIZU_MMDET_PYTHON to the "
                "python of an environment with MMDetection"
            ) from error
        self._replies: queue.Queue[bytes] = queue.Queue()
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        self.stop = weakref.finalize(self, _stop, self._process, self._stderr, reader)

    def _read(self) -> None:
        stdout = self._process.stdout
        for line in stdout or ():
            self._replies.put(line)
        self._replies.put(b"")

    def send(self, message: dict[str, object]) -> None:
        """Write one message."""
        stdin = self._process.stdin
        try:
            if stdin is not None:
                stdin.write(json.dumps(message).encode() + b"\n")
                stdin.flush()
        except OSError as error:
            raise GroundingUnavailable(self._death()) from error

    def receive(self, timeout_s: float) -> "WorkerReply":
        """Return the next message.

        Raises:
            ImageFailure: If it is none.
            GroundingUnavailable: If the process ended, or says nothing for `timeout_s`.
        """
        try:
            line = self._replies.get(timeout=timeout_s)
        except queue.Empty:
            self.stop()
            raise GroundingUnavailable(
                f"{NAME}: MMDetection gave no answer for {timeout_s:.0f} s and was stopped; try "
                "grounding.device='cuda' or a smaller photo"
            ) from None
        if not line:
            raise GroundingUnavailable(self._death())
        return read_reply(WorkerReply, line, NAME)

    def _death(self) -> str:
        code = self._process.wait(STOP_TIMEOUT_S)
        self._stderr.seek(0)
        last = self._stderr.read().decode(errors="replace").strip()[-SHOWN_CHARACTERS:]
        return (
            f"{NAME}: the MMDetection process ended with code {code}: {last!r}; run it by hand, "
            "as docs/annotators.md shows, to see why"
        )


@dataclass(frozen=True, eq=False)
class Glip:
    """A detector that hands photos to the MMDetection process."""

    process: WorkerProcess
    settings: GroundingSettings

    def detect(self, image: RgbImage, phrases: Sequence[str]) -> Detections:
        """Return boxes above their phrase's threshold; see `Detector.detect`."""
        self.process.send(
            {
                "height": image.shape[0],
                "width": image.shape[1],
                "rgb": base64.b64encode(image.tobytes()).decode(),
                "phrases": [_entity(phrase) for phrase in phrases],
            }
        )
        reply = self.process.receive(REPLY_TIMEOUT_S)
        return rows_of(reply, phrases, self.settings)


def rows_of(reply: WorkerReply, phrases: Sequence[str], settings: GroundingSettings) -> Detections:
    """Return the boxes of a reply that are above their phrase's threshold.

    Args:
        reply: What MMDetection found.
        phrases: Those that were asked for; the reply numbers them.
        settings: The thresholds.

    Raises:
        ImageFailure: It found nothing for an error, or speaks of other phrases.
    """
    if reply.error is not None:
        raise ImageFailure(f"{NAME}: MMDetection failed: {reply.error}")
    counts = {len(reply.xyxy), len(reply.confidence), len(reply.phrase)}
    if len(counts) > 1 or any(index >= len(phrases) for index in reply.phrase):
        raise ImageFailure(
            f"{NAME}: MMDetection's boxes do not fit their confidences or the {len(phrases)} "
            "phrases; check grounding.mmdet_config"
        )
    rows = zip(reply.xyxy, reply.confidence, reply.phrase, strict=True)
    named = [(xyxy, confidence, phrases[index]) for xyxy, confidence, index in rows]
    return from_rows(
        [row for row in named if row[1] >= settings.threshold_of(row[2], BOX_THRESHOLD)]
    )


def identity(weights: str | None, settings: GroundingSettings) -> str:
    """Return the hashes of the checkpoint and of the MMDetection config.

    Raises:
        GroundingUnavailable: If a setting or a file is missing.
    """
    checkpoint, config = _files(weights, settings)
    config_hash = hashlib.sha256(config.read_bytes()).hexdigest()
    return f"{find_weights(str(checkpoint), NAME).identity} config sha256:{config_hash}"


def load(weights: str | None, settings: GroundingSettings) -> Glip:
    """Start MMDetection with these weights.

    Raises:
        GroundingUnavailable: If a setting or a file is missing, the worker does not allow it, or it
            does not start.
    """
    checkpoint, config = _files(weights, settings)
    python = allowed_python(settings.mmdet_python)
    check_allowed_files(config, checkpoint)
    command = [python, str(WORKER), str(config), str(checkpoint), settings.device]
    process = WorkerProcess(command)
    try:
        ready = process.receive(START_TIMEOUT_S)
    except ImageFailure as failure:
        process.stop()
        raise GroundingUnavailable(str(failure)) from failure
    if ready.error is not None:
        process.stop()
        raise GroundingUnavailable(f"{NAME}: MMDetection does not start: {ready.error}")
    return Glip(process, settings)


def allowed_python(asked: str | None, environment: Mapping[str, str] | None = None) -> str:
    """Return the interpreter that a spec asks for, if this machine starts it for specs.

    Args:
        asked: Its path; None for the one that the machine allows.
        environment: The environment; the process's own where None.

    Raises:
        GroundingUnavailable: It allows no such interpreter.
    """
    allowed = _paths(PYTHON_VARIABLE, environment)
    wanted = os.path.abspath(os.path.expanduser(asked)) if asked else None  # noqa: PTH100, PTH111 - not resolved: an interpreter's link is its environment
    if wanted is None and len(allowed) == 1:
        return allowed[0]
    if wanted in allowed:
        return str(wanted)
    here = ", ".join(allowed) or "none"
    raise GroundingUnavailable(
        f"{NAME}: grounding.mmdet_python {asked!r} is no interpreter that this machine starts for "
        f"a spec (allowed: {here}); set {PYTHON_VARIABLE} to its path where kizu or its worker runs"
    )


def check_allowed_files(*files: Path, environment: Mapping[str, str] | None = None) -> None:
    """Refuse files that MMDetection would run as code, unless they lie in the machine's folders.

    Args:
        files: The files.
        environment: The environment; the process's own where None.

    Raises:
        GroundingUnavailable: One lies elsewhere.
    """
    folders = [Path(folder).resolve() for folder in _paths(MODELS_VARIABLE, environment)]
    for file in files:
        if not any(file.resolve().is_relative_to(folder) for folder in folders):
            raise GroundingUnavailable(
                f"{NAME}: MMDetection runs {str(file)!r} as code, and it lies in no folder that "
                f"this machine allows; set {MODELS_VARIABLE} to its folder where kizu or its "
                "worker runs"
            )


def _paths(variable: str, environment: Mapping[str, str] | None) -> list[str]:
    value = (os.environ if environment is None else environment).get(variable, "")
    parts = [part for part in value.split(os.pathsep) if part]
    return [os.path.abspath(os.path.expanduser(part)) for part in parts]  # noqa: PTH100, PTH111 - as above


def _entity(phrase: str) -> str:
    entity = normal_phrase(phrase)
    if not entity:  # MMDetection would drop it and count the others anew
        raise ImageFailure(f"{NAME}: the phrase {phrase!r} has no word; write what to look for")
    return entity


def _files(weights: str | None, settings: GroundingSettings) -> tuple[Path, Path]:
    if settings.mmdet_config is None or weights is None:
        raise GroundingUnavailable(
            f"{NAME}: set grounding.mmdet_config and grounding.detector_weights (a .pth file); "
            "docs/annotators.md shows the setup"
        )
    checkpoint, config = expanded(weights), expanded(settings.mmdet_config)
    for path in (checkpoint, config):
        if not path.is_file():
            raise WeightsUnavailable(f"{NAME}: there is no file {str(path)!r}; correct the path")
    return checkpoint, config


def _stop(process: subprocess.Popen[bytes], stderr: IO[bytes], reader: threading.Thread) -> None:
    if process.stdin is not None:
        process.stdin.close()  # the worker ends with its input
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    reader.join()
    if process.stdout is not None:
        process.stdout.close()
    stderr.close()
