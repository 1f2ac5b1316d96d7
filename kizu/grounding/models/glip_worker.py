"""Runs inside an MMDetection environment and answers grounding requests, one JSON line each.

    python glip_worker.py CONFIG CHECKPOINT auto|cpu|cuda

It reads `{"height", "width", "rgb", "phrases"}` lines, `rgb` being base64 of the raw pixels, and
writes `{"xyxy", "confidence", "phrase"}` lines, boxes in pixels and phrases as indices, or
`{"error"}`. It imports nothing of kizu, whose own environment is another one.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import sys
from typing import IO, Any

import numpy as np


def main(config: str, checkpoint: str, device: str) -> None:
    """Load the model, say so, then answer until the input ends."""
    with _quiet_stdout() as replies:
        try:
            apis = importlib.import_module("mmdet.apis")
            model = apis.init_detector(config, checkpoint, device=_device(device))
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent must hear of it
            _write(replies, {"error": f"{type(error).__name__}: {error}"})
            return
        _write(replies, {"ready": True})
        for line in sys.stdin.buffer:
            _write(replies, answer(apis, model, json.loads(line)))


def answer(apis: Any, model: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Return the reply to one request."""
    shape = (request["height"], request["width"], 3)
    rgb = np.frombuffer(base64.b64decode(request["rgb"]), np.uint8).reshape(shape)
    prompt = ". ".join(request["phrases"])
    try:
        found = apis.inference_detector(
            model, np.ascontiguousarray(rgb[..., ::-1]), text_prompt=prompt, custom_entities=True
        ).pred_instances
        return {
            "xyxy": found.bboxes.tolist(),
            "confidence": found.scores.tolist(),
            "phrase": found.labels.tolist(),
        }
    except Exception as error:  # noqa: BLE001 - one image's failure must not end the process
        return {"error": f"{type(error).__name__}: {error}"}


def _device(name: str) -> str:
    if name != "auto":
        return name
    torch = importlib.import_module("torch")
    return "cuda" if torch.cuda.is_available() else "cpu"


def _quiet_stdout() -> IO[str]:
    """Return the true standard output, and send everything libraries print to stderr."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return replies


def _write(replies: IO[str], message: dict[str, Any]) -> None:
    replies.write(json.dumps(message) + "\n")
    replies.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
