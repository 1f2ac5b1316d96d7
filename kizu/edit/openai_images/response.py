"""Reads an answer of ``images.edit``: the picture, the tokens, and whether it is an edit at all."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from kizu.edit.editor import Edit
from kizu.edit.paid import BadReplyError, Reply
from kizu.imaging.codecs import UnreadableImageError, decode_image

CostOf = Callable[[Mapping[str, int]], float | None]
"""Returns what a call cost, in US dollars, by the tokens it used; None where not known."""


def read_answer(reply: Reply, size: tuple[int, int], model: str, cost_of: CostOf) -> Edit:
    """Return the edit in an answer.

    Args:
        reply: The answer as it came.
        size: (width, height) of the picture that was sent.
        model: The model.
        cost_of: Tells what the call cost.

    Raises:
        BadReplyError: It holds no picture, or one of another size.
    """
    answer = _parse(reply.body)
    usage = _usage(answer)
    cost_usd = cost_of(usage)
    try:
        picture = _picture(answer, size)
    except (ValueError, UnreadableImageError) as error:
        raise BadReplyError(f"the reply is no edit: {error}", cost_usd, usage) from error
    return Edit(
        picture=picture,
        model=model,
        cost_usd=cost_usd,
        usage=usage,
        request_id=reply.request_id,
        bought_at=datetime.fromtimestamp(reply.at, UTC).isoformat(timespec="seconds"),
        latency_s=reply.latency_s,
        host=reply.host,
        emulated=reply.emulated,
    )


def _parse(body: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except json.JSONDecodeError as error:
        raise BadReplyError(f"the reply is no JSON ({error})", None, {}) from error
    return answer if isinstance(answer, dict) else {}


def _picture(answer: Mapping[str, Any], size: tuple[int, int]) -> bytes:
    picture = _decoded(answer)
    height, width = decode_image(picture).shape[:2]
    if (width, height) != size:
        asked = f"{size[0]}x{size[1]}"
        raise ValueError(f"the picture is {width}x{height}, {asked} was asked for")
    return picture


def _decoded(answer: Mapping[str, Any]) -> bytes:
    data = answer.get("data")
    first = data[0] if isinstance(data, list) and data else None
    text = first.get("b64_json") if isinstance(first, dict) else None
    if not isinstance(text, str) or not text:
        raise ValueError("it holds no picture")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"its picture is not base64 ({error})") from error


def _usage(answer: Mapping[str, Any]) -> dict[str, int]:
    """Return the tokens by kind, flat, as far as the answer tells them."""
    usage = answer.get("usage")
    if not isinstance(usage, dict):
        return {}
    details = usage.get("input_tokens_details")
    parts = details if isinstance(details, dict) else {}
    found = {
        "text_input_tokens": parts.get("text_tokens"),
        "image_input_tokens": parts.get("image_tokens"),
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "total_tokens": usage.get("total_tokens"),
    }
    return {name: count for name, count in found.items() if isinstance(count, int)}
