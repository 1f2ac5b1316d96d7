"""One call of ``images.edit`` as it goes over the wire, and its answer as it came."""

import io
import time
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import numpy as np
import openai
from openai import OpenAI
from PIL import Image

from kizu.azure_signin import SignInError
from kizu.bounded_http import BrokenOffError, NotSentError, following
from kizu.edit.openai_images.connection import Connection
from kizu.edit.openai_images.deployment import DeploymentSettings
from kizu.edit.openai_images.emulation import EMULATOR_HEADER
from kizu.edit.openai_images.errors import (
    failure_of_answer,
    failure_of_error,
    limit_per_minute,
    request_id,
)
from kizu.edit.openai_images.markup import encode_markup
from kizu.edit.openai_images.response import holds_answer
from kizu.edit.paid import CallFailure, FailureKind, Reply, RequestBody, body_fields
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_png
from kizu.imaging.geometry import FixedSizes

_CLEAR, _OPAQUE = 0, 255
_BYTES_PER_PIXEL: Final = 4
_WORDS_BYTES: Final = 1_048_576  # what stands around the pictures comes to some kilobytes
PNG: Final = "image/png"


def request_body(
    settings: DeploymentSettings, prompt: str, picture: RgbImage, region: Mask | None
) -> dict[str, Any]:
    """Return the arguments of ``images.edit``.

    Args:
        settings: The options.
        prompt: The prompt.
        picture: (H, W, 3) uint8 RGB.
        region: (H, W) bool, where the model may edit; None for anywhere.

    Raises:
        ValueError: Prompt, picture or mask is larger than the model takes.
    """
    body: dict[str, Any] = {
        "model": settings.deployment_name,
        "image": ("photo.png", encode_png(picture), PNG),
        "prompt": prompt,
        "n": 1,
        "size": f"{picture.shape[1]}x{picture.shape[0]}",
        **settings.options,
    }
    form = settings.region_form
    if region is not None and form != "none":
        drawn = encode_region(region) if form == "mask" else encode_markup(region)
        body[form] = (f"{form}.png", drawn, PNG)
    _check_limits(settings, body)
    return body


def encode_region(region: Mask) -> bytes:
    """Encode a (H, W) bool region as the PNG the service wants: alpha 0 where it may edit."""
    pixels = np.zeros((*region.shape, 4), np.uint8)
    pixels[..., 3] = np.where(region, _CLEAR, _OPAQUE)
    file = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(file, "PNG")
    return file.getvalue()


def most_reply_bytes(settings: DeploymentSettings) -> int:
    """Return the most bytes that an answer of a model can have, with room for one picture more.

    Its pictures are base64 of the largest size, uncompressed and with transparency.
    """
    rule = settings.model_sizes
    if isinstance(rule, FixedSizes):
        pixels = max(width * height for width, height in rule.sizes)
    else:
        pixels = rule.max_pixels
    pictures = 2 + settings.streamed_pictures
    return _WORDS_BYTES + pictures * _BYTES_PER_PIXEL * pixels * 4 // 3


def _check_limits(settings: DeploymentSettings, body: dict[str, Any]) -> None:
    most = settings.body_limits
    mask_bytes = max((len(body[form][1]) for form in ("mask", "markup") if form in body), default=0)
    for what, size, limit in (
        ("prompt", len(body["prompt"]), most.prompt_characters),
        ("photo file", len(body["image"][1]), most.image_bytes),
        ("file of the region", mask_bytes, most.mask_bytes),
    ):
        if size > limit:
            raise ValueError(
                f"the {what} is {size:,} long, {settings.model_name} takes {limit:,}; "
                "shorten it or choose a smaller editor.size"
            )


def send(
    client: OpenAI, connection: Connection, settings: DeploymentSettings, body: RequestBody
) -> Reply | CallFailure:
    """Make one call; whatever comes of it is returned, and the key is in no sentence of it."""
    started = time.monotonic()
    came = _answer_of(client, body)
    latency_s = round(time.monotonic() - started, 3)
    if isinstance(came, BrokenOffError) and holds_answer(came.received):
        came = httpx2.Response(200, headers=dict(came.headers), content=came.received)
    if isinstance(came, SignInError):  # before anything was sent
        return CallFailure(FailureKind.STOP, str(came), cause="sign-in")
    if isinstance(came, Exception):
        failure = failure_of_error(came, connection)
        headers = getattr(came, "headers", {})
    else:
        headers = came.headers
        told = failure_of_answer(came, connection, settings, body["prompt"])
        if told is None:
            return _reply(came, connection, latency_s)
        failure = told
    is_emulator = EMULATOR_HEADER in headers
    return replace(failure, latency_s=latency_s, host=_host(connection), emulated=is_emulator)


def _answer_of(client: OpenAI, body: RequestBody) -> httpx2.Response | Exception:
    """Make the call, and return the whole answer, or the error that tells how far it got."""
    with following() as progress:
        try:
            return client.images.with_raw_response.edit(**body).http_response
        except openai.APIStatusError as error:
            return error.response
        except openai.APIConnectionError as error:
            cause = error.__cause__
            return cause if isinstance(cause, NotSentError | BrokenOffError) else error
        except Exception as error:  # noqa: BLE001 - a call in the ledger must get its end
            if progress.is_sent:
                said = f"{type(error).__name__}: {error}"
                return BrokenOffError(said, took_too_long=False)
            return error


def _reply(answer: httpx2.Response, connection: Connection, latency_s: float) -> Reply:
    return Reply(
        **body_fields(answer.content),
        latency_s=latency_s,
        request_id=request_id(answer.headers, connection),
        limit_per_minute=limit_per_minute(answer.headers),
        at=time.time(),
        host=_host(connection),
        emulated=EMULATOR_HEADER in answer.headers,
    )


def _host(connection: Connection) -> str:
    return urlsplit(connection.endpoint).hostname or ""
