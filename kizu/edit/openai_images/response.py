"""Reads an answer of ``images.edit``: the picture, the tokens, and whether it is an edit at all."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from kizu.edit.editor import Edit
from kizu.edit.openai_images.errors import is_refusal
from kizu.edit.openai_images.picture import Fetch, as_asked, has_picture, picture_in
from kizu.edit.openai_images.said import cut, named_values, parse_body, said_in
from kizu.edit.paid import BadReplyError, RefusedReplyError, Reply
from kizu.imaging.arrays import RgbImage

CostOf = Callable[[Mapping[str, int]], float | None]
"""Returns what a call cost, in US dollars, by the tokens it used; None where not known."""

Scrub = Callable[[str], str]
"""Takes the key out of a sentence."""

MOST_TOKENS: Final = 1_000_000
"""No call can use more: the largest picture at the best quality takes some ten thousand."""

_LONGEST_WORDS: Final = 64 * 1024  # a larger answer without a picture is no sentence


def read_answer(
    reply: Reply, sent: RgbImage, model: str, cost_of: CostOf, fetch: Fetch, scrub: Scrub
) -> Edit:
    """Return the edit in an answer.

    Args:
        reply: The answer as it came.
        sent: (H, W, 3) uint8 RGB, the picture that was sent.
        model: The model.
        cost_of: Tells what the call cost.
        fetch: Gets a picture by its URL.
        scrub: Takes the key out of what the answer says.

    Raises:
        RefusedReplyError: It says that a content filter stepped in.
        BadReplyError: It holds no picture that can be used.
    """
    content = reply.content
    tree = _parsed(content)
    holds_any = has_picture(content, tree)
    usage = _usage(tree, has_picture=holds_any)
    cost_usd = cost_of(usage)
    try:
        picture, note = as_asked(picture_in(content, tree, fetch), sent)
    except ValueError as problem:
        said = said_in(content[:_LONGEST_WORDS])
        told = f", it says: {cut(scrub(said.message))}" if said.is_error and said.message else ""
        if not holds_any and is_refusal(said):
            reason = f"refused by policy: the content filter left no picture{told}"
            raise RefusedReplyError(reason, cost_usd, usage, "filtered") from problem
        what = f"it is no JSON ({tree})" if isinstance(tree, _NoJsonError) else cut(str(problem))
        raise BadReplyError(
            f"the reply is no edit: {what}{told}", cost_usd, usage, _cause(what)
        ) from problem
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
        note=note,
    )


def holds_answer(content: bytes) -> bool:
    """Tell whether a body that was not ended properly is whole all the same."""
    return has_picture(b"", _parsed(content))


class _NoJsonError(ValueError):
    """Why a body is no JSON."""


def _parsed(content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return parse_body(content)
    except ValueError as problem:
        return _NoJsonError(str(problem))


def _cause(problem: str) -> str:
    """Return what of a problem is the same for every picture: the words before any figure."""
    words = problem.partition("(")[0].split()
    return "reply: " + " ".join(word for word in words if word.isalpha())


def _usage(tree: object, *, has_picture: bool) -> dict[str, int]:
    """Return the tokens by kind, flat; nothing of a usage that cannot be true.

    No call uses fewer tokens than none, or none at all, or a picture's worth of none. Such a figure
    makes its neighbours worthless too: the cost is then not known.
    """
    usage = next((part for name, part in named_values(tree) if name == "usage" and part), None)
    if not isinstance(usage, dict):
        return {}
    details = usage.get("input_tokens_details")
    parts = details if isinstance(details, dict) else {}
    told = {
        "text_input_tokens": parts.get("text_tokens"),
        "image_input_tokens": parts.get("image_tokens"),
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "total_tokens": usage.get("total_tokens"),
    }
    given = {name: count for name, count in told.items() if count is not None}
    are_counts = all(map(_is_count, given.values()))
    return given if are_counts and _is_possible(given, has_picture=has_picture) else {}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS


def _is_possible(counts: Mapping[str, int], *, has_picture: bool) -> bool:
    by_kind = counts.get("text_input_tokens", 0) + counts.get("image_input_tokens", 0)
    adds_up = by_kind == counts.get("input_tokens", by_kind) or by_kind == 0
    has_output = counts.get("output_tokens", 1) > 0 or not has_picture
    return adds_up and has_output and counts.get("input_tokens", by_kind or 1) > 0
