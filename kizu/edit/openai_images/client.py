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
from kizu.edit.openai_images.connection import Connection
from kizu.edit.openai_images.deployment import DeploymentSettings
from kizu.edit.openai_images.emulation import EMULATOR_HEADER
from kizu.edit.openai_images.errors import failure_of, limit_per_minute
from kizu.edit.openai_images.markup import encode_markup
from kizu.edit.paid import CallFailure, FailureKind, Reply, RequestBody
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_png

_CLEAR, _OPAQUE = 0, 255
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
    """Make one call; whatever comes of it is returned, and the key is in none of it."""
    received = bytearray()
    started = time.monotonic()
    try:
        with client.images.with_streaming_response.edit(**body) as response:
            headers = response.headers
            for part in response.iter_bytes():
                received += part
    except SignInError as problem:  # before anything is sent
        return CallFailure(FailureKind.STOP, str(problem), cause="sign-in")
    except (openai.APIError, httpx2.HTTPError) as error:
        failure = failure_of(error, connection, settings, body["prompt"])
        timed = _timed(failure, time.monotonic() - started, _text(received, connection).encode())
        told = error.response.headers if isinstance(error, openai.APIStatusError) else {}
        emulated = EMULATOR_HEADER in told
        return replace(timed, host=_host(connection), emulated=emulated)
    return Reply(
        body=_text(received, connection),
        latency_s=round(time.monotonic() - started, 3),
        request_id=headers.get("apim-request-id") or headers.get("x-request-id"),
        limit_per_minute=limit_per_minute(headers),
        at=time.time(),
        host=_host(connection),
        emulated=EMULATOR_HEADER in headers,
    )


def _host(connection: Connection) -> str:
    return urlsplit(connection.endpoint).hostname or ""


def _text(received: bytearray, connection: Connection) -> str:
    return connection.scrub(received.decode("utf-8", errors="replace"))


def _timed(failure: CallFailure, latency_s: float, remains: bytes) -> CallFailure:
    facts = {**vars(failure), "latency_s": round(latency_s, 3), "remains": remains}
    return CallFailure(**facts)
