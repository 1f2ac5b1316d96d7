"""Tells what a failed call means: refused, to be asked again, perhaps billed, or time to stop."""

import re
from collections.abc import Mapping
from typing import Final

import httpx2
import openai

from kizu.azure_signin import redirect_of
from kizu.edit.content_filter import flag_words
from kizu.edit.openai_images.connection import Connection
from kizu.edit.openai_images.deployment import DeploymentSettings as Settings
from kizu.edit.paid import CallFailure, FailureKind

_POLICY_CODES: Final = frozenset({"contentfilter", "content_filter", "moderation_blocked"})
_BLOCKED: Final = re.compile(r"temporarily blocked|resource .*blocked|abuse", re.IGNORECASE)
_NO_CREDIT: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_UNSERVED: Final = frozenset({408, 409, 429, 500, 502, 503, 504})
_NEVER_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_MOST_OF_A_REASON: Final = 300
_NO_CODE: Final = re.compile(r"[^\w.-]", re.ASCII)
_MOST_OF_A_CODE: Final = 64  # the longest that services are known to send has 36 characters


def failure_of(
    error: openai.APIError | httpx2.HTTPError,
    connection: Connection,
    settings: Settings,
    prompt: str,
) -> CallFailure:
    """Tell what an error of the client means.

    Args:
        error: What the client raised, or its transport while the answer came in.
        connection: For the service's host, and to keep the key out of the reason.
        settings: For the deployment's name.
        prompt: For the words that may have been refused.
    """
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, connection, settings, prompt)
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    detail = connection.scrub(f"{type(cause or error).__name__}: {cause or error}")
    if isinstance(cause, _NEVER_SENT):
        return CallFailure(
            FailureKind.REJECTED,
            f"{connection.host} cannot be reached ({detail}); check the network and "
            f"{connection.address.endpoint_variable}",
            is_unreachable=True,
            cause="unreachable",
        )
    what = "took too long" if isinstance(cause, httpx2.TimeoutException) else "broke off"
    return CallFailure(
        FailureKind.UNKNOWN,
        f"the call {what} ({_cut(detail)}); it may have been billed",
        cause=what,
    )


def _of_status(
    error: openai.APIStatusError,
    connection: Connection,
    settings: Settings,
    prompt: str,
) -> CallFailure:
    if elsewhere := redirect_of(error.response, connection.address.endpoint_variable):
        return CallFailure(FailureKind.STOP, elsewhere, cause="redirect")
    status, headers = error.status_code, error.response.headers
    said = _cut(connection.scrub(_message(error)))
    request_id = headers.get("apim-request-id") or headers.get("x-request-id")
    kind, reason = _verdict(status, _codes(error), said, settings, prompt)
    if kind is FailureKind.INVALID and error.param in _OPTIONS:
        kind, reason = _wrong_option(str(error.param), said, settings)
    wait_s = retry_after_s(headers) if kind is FailureKind.REJECTED else 0.0
    is_rate = status == 429 and kind is FailureKind.REJECTED
    return CallFailure(
        kind,
        reason,
        request_id=request_id,
        hold_s=max(wait_s, _LEAST_HOLD_S) if is_rate else 0.0,
        wait_s=wait_s,
        limit_per_minute=limit_per_minute(headers),
        cause=_cause(status, error.code),
    )


def _cause(status: int, code: object) -> str:
    """Return status and code: what is the same for every request that fails like this one."""
    named = _NO_CODE.sub("", str(code or ""))[:_MOST_OF_A_CODE]
    return f"{status} {named}".rstrip()


_OPTIONS: Final = frozenset({"size", "quality", "input_fidelity", "output_format", "model", "n"})
_LEAST_HOLD_S: Final = 0.1


def _verdict(
    status: int, codes: frozenset[str], said: str, settings: Settings, prompt: str
) -> tuple[FailureKind, str]:
    if status == 400 and (codes & _POLICY_CODES or "safety system" in said.lower()):
        return FailureKind.REFUSED, f"refused by policy: {said}{_hint(prompt)}"
    if status in _STOPS:
        return _STOPS[status](said, settings)
    if status == 429 and codes & _NO_CREDIT:
        return FailureKind.STOP, f"the account has no credit left ({said}); top it up"
    if status in _UNSERVED:
        return FailureKind.REJECTED, f"the service answered {status}: {said}"
    return FailureKind.INVALID, f"the service does not accept the request ({status}): {said}"


def _wrong_option(option: str, said: str, settings: Settings) -> tuple[FailureKind, str]:
    """Every other request has the same options, so none would fare better."""
    wrong = (
        f"deployment {settings.deployment_name!r} does not take this {option} ({said}); "
        f"{settings.way_to_model}"
    )
    return FailureKind.STOP, wrong


def _unauthorised(said: str, settings: Settings) -> tuple[FailureKind, str]:
    way = settings.address.key_variable
    if settings.secret_block:
        way = f"the Secret block {settings.secret_block!r}"
    if settings.auth == "entra":
        way = f"the sign-in and its role {settings.address.entra_role!r}"
    return FailureKind.STOP, f"the service does not accept the key or token; check {way} ({said})"


def _forbidden(said: str, settings: Settings) -> tuple[FailureKind, str]:
    if _BLOCKED.search(said):
        blocked = (
            f"the whole resource is blocked ({said}); everything stops: take refused prompts out "
            "of the spec and ask the service's support to lift the block"
        )
        return FailureKind.STOP_RUN, blocked
    forbidden = (
        f"access to deployment {settings.deployment_name!r} is forbidden ({said}); check the "
        "resource's network rules and your role"
    )
    return FailureKind.STOP, forbidden


def _not_found(said: str, settings: Settings) -> tuple[FailureKind, str]:
    missing = (
        f"there is no deployment {settings.deployment_name!r} at this address ({said}); check "
        f"editor.deployment, the endpoint and {settings.address.version_source}"
    )
    return FailureKind.STOP, missing


def _gone(said: str, settings: Settings) -> tuple[FailureKind, str]:
    retired = (
        f"the model of deployment {settings.deployment_name!r} is retired ({said}); deploy a "
        f"newer one and {settings.way_to_model}"
    )
    return FailureKind.STOP, retired


_STOPS: Final = {401: _unauthorised, 403: _forbidden, 404: _not_found, 410: _gone}


def _hint(prompt: str) -> str:
    flagged = flag_words(prompt)
    words = ", ".join(f"{found.instead!r} for {found.word!r}" for found in flagged)
    return f"; try {words}" if flagged else ""


def _message(error: openai.APIStatusError) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, Mapping) else None
    return str(message or error.message).strip()


def _codes(error: openai.APIStatusError) -> frozenset[str]:
    body = error.body if isinstance(error.body, Mapping) else {}
    inner = body.get("inner_error") or body.get("innererror") or {}
    codes = (error.code, body.get("code"), body.get("type"), inner.get("code"))
    return frozenset(str(code).lower() for code in codes if code)


def _cut(text: str) -> str:
    flat = " ".join(text.split()).rstrip(".")
    return flat if len(flat) <= _MOST_OF_A_REASON else f"{flat[:_MOST_OF_A_REASON]}…"


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Return how long a service asks to wait, however long that is; 0 if it does not say.

    Example:
        >>> retry_after_s({"retry-after-ms": "700", "retry-after": "1"})
        0.7
        >>> retry_after_s({"retry-after": "300"})
        300.0
    """
    for name, per_second in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return max(float(headers.get(name, "")) / per_second, 0.0)
        except ValueError:  # missing, or a date, which these services do not send
            continue
    return 0.0


def limit_per_minute(headers: Mapping[str, str]) -> float | None:
    """Return the quota a service tells in its headers; None if it does not."""
    try:
        limit = float(headers.get("x-ratelimit-limit-requests", ""))
    except ValueError:
        return None
    return limit if limit > 0 else None
