"""Hostile replies of detectors: services, MMDetection's process, and models on this machine.

    python -m benchmarks.attack.detections --count 900

Each reply goes through the annotator as a build uses it. It may be used, or fail its image with one
sentence that names who answered.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx2
import numpy as np
import openai

from benchmarks.attack.bounded import attack, table
from benchmarks.attack.json_damage import places, replaced
from kizu.azure_signin import Credential
from kizu.grounding import AnnotationFailure, Detections, GroundingSettings
from kizu.grounding.compose import BoxThenMask, PerImageAnnotator, TextToMask
from kizu.grounding.models.glip import NAME as GLIP
from kizu.grounding.models.glip import WorkerReply, rows_of
from kizu.grounding.replies import read_reply
from kizu.grounding.services.azure_vision import AzureVision
from kizu.grounding.services.gpt_vision import GptVision

SEED: Final = 14
LONGEST_SENTENCE: Final = 600  # characters

IMAGE: Final = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
PHRASES: Final = ("a scratch", "a hole")

BOX: Final = {"x": 10, "y": 20, "w": 30, "h": 12}
CAPTION: Final = {"text": "a scratch on metal", "confidence": 0.9, "boundingBox": BOX}
FOUND: Final = {"boundingBox": BOX, "tags": [{"name": "hole", "confidence": 0.8}]}
AZURE: Final = {
    "denseCaptionsResult": {"values": [CAPTION, CAPTION]},
    "objectsResult": {"values": [FOUND]},
}
REGION: Final = {"phrase": "a scratch", "x0": 10, "y0": 20, "x1": 300, "y1": 400}
GPT: Final = {"regions": [REGION, REGION]}
GLIP_REPLY: Final = {
    "xyxy": [[1, 2, 30, 40], [5, 5, 9, 9]],
    "confidence": [0.9, 0.5],
    "phrase": [0, 1],
}

VALUES: Final[tuple[Any, ...]] = (
    None, True, "", "high", "0.5", "12px", -1, 7, 1e6 + 1, 10**30, float("nan"), float("inf"),
    float("-inf"), [], {}, [[]], [[1, 2, 3, 4]], [None], {"x": 1}, "\x00", "\ud800", "a" * 20_000,
    [0] * 5_000, [{}] * 2_000, "<html>", "\uff41", [["a"] * 100] * 100,
)  # fmt: skip
RAW: Final = (
    b"", b"null", b"[]", b"7", b'"text"', b"<html><body>Sign in</body></html>", b"\xff\xfe\x00",
    b"[" * 200_000, b'{"a":' * 200_000, b"{" + b'"a":1,' * 50_000 + b'"b":2}', b"\xef\xbb\xbf{}",
    b"data: {}\n\n", b"{'regions': []}", b"9" * 100_000, b"NaN", b'{"regions": NaN}',
    b'{"choices": []}', b'{"choices": [null]}', b'{"choices": "none"}', b"\x00" * 1000,
)  # fmt: skip


def damaged(reply: Any, draw: random.Random) -> bytes:
    """Return a reply with something else in one or more of its places."""
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        place = draw.choice(list(places(reply)))
        new = draw.choice((*VALUES, KeyError))
        reply = replaced(reply, place, {} if new is KeyError and not place else new)
    text = json.dumps(reply).encode()
    if draw.random() < 0.1:
        at = draw.randrange(len(text) + 1)
        text = text[:at] + draw.choice((b"", b"\x00", b"\xff", b"}", b'"')) + text[at + 1 :]
    return text


def completion(content: Any) -> dict[str, Any]:
    """Return a chat completion."""
    message = {"role": "assistant", "content": content, "refusal": None}
    return {"choices": [{"index": 0, "finish_reason": "stop", "message": message}], "id": "1"}


def replies(count: int, seed: int = SEED) -> Iterator[tuple[str, tuple[str, Any]]]:
    """Yield names and inputs: who answers, and what."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    made: list[tuple[str, Callable[[], Any]]] = [
        ("azure-vision", lambda: damaged(AZURE, draw)),
        ("gpt-vision", lambda: damaged(completion(json.dumps(GPT)), draw)),
        (
            "gpt-vision",
            lambda: json.dumps(completion(damaged(GPT, draw).decode("latin-1"))).encode(),
        ),
        ("glip", lambda: damaged(GLIP_REPLY, draw)),
        ("model", lambda: draw.randrange(2**32)),
        ("segmenter", lambda: draw.randrange(2**32)),
    ]
    fixed = [(who, raw) for who in ("azure-vision", "gpt-vision", "glip") for raw in RAW]
    for number in range(count):
        who, make = made[number % len(made)]
        given = fixed[number] if number < len(fixed) else (who, make())
        yield f"{given[0]} {number}", given


class _Odd:
    """A model that returns arrays of odd numbers, shapes and types."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - no secret

    def detect(self, image: Any, phrases: Any) -> Any:
        """Return what may be detections."""
        draw, count = self._draw, self._draw.choice((0, 1, 3, 50, 20_000))
        boxes = np.random.default_rng(count).uniform(-50, 200, (count, 4)).astype(np.float32)
        if count and draw.random() < 0.5:
            boxes[:: draw.choice((1, 2))] = draw.choice((np.nan, np.inf, -np.inf, 1e30, 0.0))
        confidence = np.full(count, draw.choice((0.5, np.nan, np.inf, -1, 7)), np.float32)
        odd = draw.random()
        if odd < 0.1:
            return draw.choice((None, [], {}, "boxes", (boxes, confidence)))
        if odd < 0.2:
            raise draw.choice(
                (TypeError("odd"), KeyError("boxes"), AttributeError("x"), OSError(5))
            )
        if odd < 0.3:
            boxes = boxes.reshape(-1)
        mask = None
        if self._draw.random() < 0.5 and count <= 50:
            shape = draw.choice((image.shape[:2], (1, 1), image.shape[1::-1]))
            mask = np.ones((count, *shape), bool)
        return Detections(boxes, mask, confidence, (phrases[0],) * count)

    detect_masks = detect

    def segment(self, image: Any, xyxy: Any) -> Any:
        """Return what may be masks."""
        shape = image.shape[:2]
        return self._draw.choice(
            (np.zeros((len(xyxy), *shape), bool), np.zeros((1, 1, 1), bool), None, np.nan,
             np.zeros((len(xyxy), *shape), np.float32), np.ones((len(xyxy), 3, 3), bool))
        )  # fmt: skip


class _Whole:
    def detect(self, image: Any, phrases: Any) -> Detections:
        del image
        boxes = np.array([[5, 5, 60, 60]], np.float32)
        return Detections(boxes, None, np.array([0.5], np.float32), (phrases[0],))


def _client(body: bytes) -> httpx2.Client:
    headers = {"Content-Type": "application/json"}
    return httpx2.Client(
        transport=httpx2.MockTransport(
            lambda _: httpx2.Response(200, content=body, headers=headers)
        )
    )


def annotate(given: tuple[str, Any]) -> str:
    """Annotate an image with a reply; return the sentence it fails with, or nothing.

    Raises:
        ValueError: The sentence is not one, or does not say who answered.
    """
    who, reply = given
    settings = GroundingSettings(annotator="none")
    if who == "glip":
        return _one_sentence(who, _glip(reply, settings))
    if who == "azure-vision":
        service = AzureVision(_client(reply), "https://a", Credential(key="k"), settings)
        system: Any = BoxThenMask(service, None, settings)
    elif who == "gpt-vision":
        client = openai.OpenAI(
            base_url="https://a", api_key="k", http_client=_client(reply), max_retries=0
        )
        system = BoxThenMask(GptVision(client, "eyes", Credential(key="k")), None, settings)
    elif who == "segmenter":
        system = BoxThenMask(_Whole(), _Odd(reply), settings)
    elif reply % 2:
        system = BoxThenMask(_Odd(reply), None, settings)
    else:
        system = TextToMask(_Odd(reply), settings)
    [found] = PerImageAnnotator("1", system).annotate([IMAGE], [PHRASES])
    if isinstance(found, AnnotationFailure):
        return _one_sentence(who, found.reason)
    if not np.isfinite(found.xyxy).all() or (found.xyxy < 0).any():
        raise ValueError(f"boxes outside the image: {found.xyxy}")
    return ""


def _glip(line: bytes, settings: GroundingSettings) -> str:
    class Process:
        def detect(self, image: Any, phrases: Any) -> Detections:
            del image
            return rows_of(read_reply(WorkerReply, line, GLIP), phrases, settings)

    [found] = PerImageAnnotator("1", BoxThenMask(Process(), None, settings)).annotate(
        [IMAGE], [PHRASES]
    )
    return found.reason if isinstance(found, AnnotationFailure) else ""


def _one_sentence(who: str, reason: str) -> str:
    named = not reason or reason.startswith((who, "the model failed"))
    if not named or len(reason) > LONGEST_SENTENCE or "\n" in reason:
        raise ValueError(f"no sentence of {who}: {reason!r}")
    return reason


def main() -> None:
    """Attack, print the table, and end with 1 if anything got through."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=900)
    arguments = parser.parse_args()
    results = attack("benchmarks.attack.detections:annotate", replies(arguments.count))
    sys.exit(1 if table("detector replies", results) else 0)


if __name__ == "__main__":
    main()
