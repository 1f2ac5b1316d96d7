"""Tells what a failed call means: refused, to be asked again, perhaps billed, or time to stop.

Where the call was decides what it may have cost. What never left this machine was not served. What
was sent and not answered whole was perhaps served: a time that ran out, a connection that broke,
and every answer that stands for one: 408, 409 and 499, and 5xx, whose sender does not know what
became of the work. Of these, only 503 and 529 say that there was none, unless their words tell of a
connection. All other statuses of errors say that the request was not carried out.

What the words and codes say goes before the status: services and gateways disagree about statuses.
"""

import re
from typing import Final

import httpx2

from kizu.azure_signin import redirect_of
from kizu.bounded_http import BrokenOffError, NotSentError
from kizu.edit.content_filter import flag_words
from kizu.edit.openai_images.connection import Connection
from kizu.edit.openai_images.deployment import DeploymentSettings as Settings
from kizu.edit.openai_images.said import Said, cut, said_in
from kizu.edit.paid import LEAST_LIMIT_PER_MINUTE, CallFailure, FailureKind
from kizu.pauses import asked_pause_s

Verdict = tuple[FailureKind, str]
"""What a failure is, and one sentence with the way out."""

_ACCOUNT: Final = r"\b(?:resource|account|subscription|organi[sz]ation|tenant)\b"
_BLOCKED: Final = re.compile(
    rf"temporarily blocked|{_ACCOUNT}[^.;]{{0,60}}\b(?:blocked|suspended|deactivated|banned"
    r"|terminated|flagged)\b|access (?:was|is|has been) (?:terminated|suspended|revoked)"
    r"|\baccount_?(?:deactivated|suspended|blocked)",
    re.IGNORECASE,
)
_ABUSE: Final = re.compile(r"\babus", re.IGNORECASE)
_NO_CREDIT: Final = re.compile(
    r"insufficient[_ ](?:quota|credit|fund|balance)|billing[_ ](?:hard[_ ])?(?:limit|not[_ ]active)"
    r"|billing details|check your billing|exceeded your (?:current|monthly) quota"
    r"|(?:credit|spend(?:ing)?|budget|balance)\w* (?:limit )?(?:\w+ ){0,3}(?:exceeded|exhausted"
    r"|used up|reached|too low)|(?:out of|no|not enough) credits?\b|payment required",
    re.IGNORECASE,
)
_OPTION: Final = re.compile(
    r"(?:unknown|unsupported|unrecogni[sz]ed|unexpected)[_ ](?:request )?"
    r"(?:param(?:eter)?|argument|keyword|field|propert|option)"
    r"|extra (?:inputs|fields)|additional properties",
    re.IGNORECASE,
)
_VERSION: Final = re.compile(
    r"api[ -]?version\b[^.;]{0,60}(?:not supported|unsupported|invalid|not found|missing|required"
    r"|retired|deprecated)|(?:unsupported|invalid|missing|unknown)[_ ]?api[ _-]?version",
    re.IGNORECASE,
)
_POLICY: Final = re.compile(
    r"content[_ -]?(?:polic|filter|moderat|management policy|safety|restriction)"
    r"|responsible[_ ]?ai|moderation[_ ](?:blocked|failed|flagged|system|refus)"
    r"|safety[_ ](?:system|violation|filter|polic|check|guideline)|usage polic|policy[_ ]violation"
    r"|violat\w+ [\w' ]{0,40}polic|(?:prohibited|inappropriate|harmful) content",
    re.IGNORECASE,
)
_CONNECTION: Final = re.compile(r"\breset|disconnect|terminat|tim(?:ed?|e)[ -]?out", re.IGNORECASE)

_OPTIONS: Final = frozenset({"size", "quality", "input_fidelity", "output_format", "model", "n"})
_UNSERVED: Final = frozenset({425, 429, 503, 529})
_PERHAPS_SERVED: Final = frozenset({408, 409, 499})
_WRONG_PLACE: Final = frozenset({405, 406, 407, 421, 426, 428, 431, 451, 501, 505, 511})
_TOO_MANY: Final = 429
_TOO_LARGE: Final = 413
_CREDIT_STATUS: Final = 402
_SERVER_ERRORS: Final = 500
_NO_ROUTE: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
)
_UNTRUSTED: Final = "CERTIFICATE_VERIFY_FAILED"
_LEAST_HOLD_S: Final = 0.1
_LONGEST_WORDS: Final = 64 * 1024
"""An answer longer than this holds a picture, or is no sentence; nobody looks for words in it."""

_NO_CODE: Final = re.compile(r"[^\w.-]", re.ASCII)
_MOST_OF_A_CODE: Final = 64  # the longest that services are known to send has 36 characters
_NUMBER: Final = re.compile(r"\d{1,9}(?:\.\d+)?", re.ASCII)


def failure_of_answer(
    answer: httpx2.Response, connection: Connection, settings: Settings, prompt: str
) -> CallFailure | None:
    """Tell what an answer that is no edit means; None for one that is to be read.

    Args:
        answer: The whole answer.
        connection: For the service's host, and to keep the key out of the reason.
        settings: For the deployment's name.
        prompt: For the words that may have been refused; what repeats it says nothing.
    """
    if elsewhere := redirect_of(answer, connection.address.endpoint_variable):
        return CallFailure(FailureKind.STOP, elsewhere, cause="redirect")
    content = answer.content if len(answer.content) <= _LONGEST_WORDS else b""
    said = said_in(content)
    shown = cut(connection.scrub(said.message)) or f"{answer.status_code} {answer.reason_phrase}"
    if answer.is_success:
        return _of_success(said, shown, connection, settings, prompt)
    kind, reason = _verdict(answer.status_code, said, shown, settings, prompt)
    pause_s = asked_pause_s(answer.headers, said.message) if kind in _ASKED_AGAIN else 0.0
    is_rate = answer.status_code == _TOO_MANY and kind is FailureKind.REJECTED
    return CallFailure(
        kind,
        reason,
        request_id=request_id(answer.headers, connection),
        hold_s=max(pause_s, _LEAST_HOLD_S) if is_rate else 0.0,
        wait_s=pause_s,
        limit_per_minute=limit_per_minute(answer.headers),
        cause=_cause(answer.status_code, said.code),
    )


_ASKED_AGAIN: Final = (FailureKind.REJECTED, FailureKind.UNKNOWN)


def failure_of_error(error: Exception, connection: Connection) -> CallFailure:
    """Tell what it means that no answer came.

    Args:
        error: What the call raised.
        connection: For the service's host, and to keep the key out of the reason.
    """
    detail = cut(connection.scrub(str(error)))
    if isinstance(error, BrokenOffError):
        what = "took too long" if error.took_too_long else "broke off"
        return CallFailure(
            FailureKind.UNKNOWN,
            f"the call {what} ({detail}); it may have been billed",
            remains=error.received,
            cause=what,
        )
    if not isinstance(error, NotSentError):
        detail = cut(connection.scrub(f"{type(error).__name__}: {error}"))
    elif isinstance(error.__cause__, _NO_ROUTE) and _UNTRUSTED not in detail:
        return CallFailure(
            FailureKind.REJECTED,
            f"{connection.host} cannot be reached ({detail}); check the network and "
            f"{connection.address.endpoint_variable}",
            is_unreachable=True,
            cause="unreachable",
        )
    return CallFailure(
        FailureKind.STOP,
        f"no request can be sent to {connection.host} ({detail}); check "
        f"{connection.address.endpoint_variable}, the key, and what stands between here and there",
        is_unreachable=True,
        cause="not sent",
    )


def limit_per_minute(headers: httpx2.Headers) -> float | None:
    """Return the quota a service tells in its headers; None if it does not, or talks nonsense."""
    found = _NUMBER.fullmatch(headers.get("x-ratelimit-limit-requests", "").strip())
    limit = float(found[0]) if found else 0.0
    return limit if limit >= LEAST_LIMIT_PER_MINUTE else None


def request_id(headers: httpx2.Headers, connection: Connection) -> str | None:
    """Return the service's own name of a call, without the key; None if it gives none."""
    told = headers.get("apim-request-id") or headers.get("x-request-id")
    return cut(connection.scrub(told)) if told else None


def is_refusal(said: Said, prompt: str = "") -> bool:
    """Tell whether an answer says that a policy kept it from being an edit."""
    return said.is_filtered or said.mentions(_POLICY, prompt)


def _of_success(
    said: Said, shown: str, connection: Connection, settings: Settings, prompt: str
) -> CallFailure | None:
    """Look for what is true of every request in an answer that calls itself good."""
    if said.is_page:
        page = (
            f"{connection.host} answers with a web page ({shown}) and not as an image service; "
            "sign in to the network or proxy in between, or check "
            f"{connection.address.endpoint_variable}"
        )
        return CallFailure(FailureKind.STOP, page, cause="web page")
    found = _of_account(said, shown, settings, prompt) if said.is_error else None
    return CallFailure(*found, cause=_cause(200, said.code)) if found else None


def _verdict(status: int, said: Said, shown: str, settings: Settings, prompt: str) -> Verdict:
    if found := _of_account(said, shown, settings, prompt):
        return found
    if is_refusal(said, prompt):
        return FailureKind.REFUSED, f"refused by policy: {shown}{_hint(prompt)}"
    if status == _CREDIT_STATUS:
        return _no_credit(shown)
    if said.param in _OPTIONS and _is_clients_fault(status):
        return _wrong_option(_named(said.param), shown, settings)
    return _of_status(status, said, shown, settings)


def _of_account(said: Said, shown: str, settings: Settings, prompt: str) -> Verdict | None:
    """Return what is true of the account or of every request; None if nothing is said of it."""
    if said.mentions(_BLOCKED, prompt) or (
        said.mentions(_ABUSE, prompt) and not is_refusal(said, prompt)
    ):
        return _blocked(shown)
    if said.mentions(_NO_CREDIT, prompt):
        return _no_credit(shown)
    if said.mentions(_VERSION, prompt):
        return _wrong_version(shown, settings)
    if said.mentions(_OPTION, prompt):
        return _wrong_option(_named(said.param), shown, settings)
    return None


def _of_status(status: int, said: Said, shown: str, settings: Settings) -> Verdict:
    if status in _STOPS:
        return _STOPS[status](shown, settings)
    if status in _WRONG_PLACE or status < 400:
        return _wrong_place(status, shown, settings)
    if status in _UNSERVED and not (status != _TOO_MANY and said.mentions(_CONNECTION)):
        return FailureKind.REJECTED, f"the service answered {status}: {shown}"
    if status in _PERHAPS_SERVED or status >= _SERVER_ERRORS:
        sentence = f"the service answered {status} ({shown}); the call may have been billed"
        return FailureKind.UNKNOWN, sentence
    way_out = "; choose a smaller editor.size" if status == _TOO_LARGE else ""
    sentence = f"the service does not accept the request ({status}): {shown}{way_out}"
    return FailureKind.INVALID, sentence


def _named(param: str) -> str:
    return f"this {_NO_CODE.sub('', param)[:_MOST_OF_A_CODE]}" if param else "an option of ours"


def _is_clients_fault(status: int) -> bool:
    return status < _SERVER_ERRORS and status not in _UNSERVED | _PERHAPS_SERVED


def _blocked(shown: str) -> Verdict:
    return FailureKind.STOP_RUN, (
        f"the whole resource is blocked ({shown}); everything stops: take refused prompts out "
        "of the spec and ask the service's support to lift the block"
    )


def _no_credit(shown: str) -> Verdict:
    return FailureKind.STOP, f"the account has no credit left ({shown}); top it up"


def _wrong_version(shown: str, settings: Settings) -> Verdict:
    return FailureKind.STOP, (
        f"the service does not take this API version ({shown}); set "
        f"{settings.address.version_source} to one that it takes"
    )


def _wrong_option(option: str, shown: str, settings: Settings) -> Verdict:
    """Every other request has the same options, so none would fare better."""
    return FailureKind.STOP, (
        f"deployment {settings.deployment_name!r} does not take {option} ({shown}); "
        f"{settings.way_to_model}"
    )


def _wrong_place(status: int, shown: str, settings: Settings) -> Verdict:
    return FailureKind.STOP, (
        f"what answers at this address is not the image service ({status}: {shown}); check the "
        f"endpoint in {settings.address.endpoint_variable} and the proxies before it"
    )


def _unauthorised(shown: str, settings: Settings) -> Verdict:
    way = settings.address.key_variable
    if settings.secret_block:
        way = f"the Secret block {settings.secret_block!r}"
    if settings.auth == "entra":
        way = f"the sign-in and its role {settings.address.entra_role!r}"
    return FailureKind.STOP, f"the service does not accept the key or token; check {way} ({shown})"


def _forbidden(shown: str, settings: Settings) -> Verdict:
    return FailureKind.STOP, (
        f"access to deployment {settings.deployment_name!r} is forbidden ({shown}); check the "
        "resource's network rules and your role"
    )


def _not_found(shown: str, settings: Settings) -> Verdict:
    return FailureKind.STOP, (
        f"there is no deployment {settings.deployment_name!r} at this address ({shown}); check "
        f"editor.deployment, the endpoint and {settings.address.version_source}"
    )


def _gone(shown: str, settings: Settings) -> Verdict:
    return FailureKind.STOP, (
        f"the model of deployment {settings.deployment_name!r} is retired ({shown}); deploy a "
        f"newer one and {settings.way_to_model}"
    )


_STOPS: Final = {401: _unauthorised, 403: _forbidden, 404: _not_found, 410: _gone}


def _hint(prompt: str) -> str:
    flagged = flag_words(prompt)
    words = ", ".join(f"{found.instead!r} for {found.word!r}" for found in flagged)
    return f"; try {words}" if flagged else ""


def _cause(status: int, code: str) -> str:
    """Return status and code: what is the same for every request that fails like this one."""
    named = _NO_CODE.sub("", code)[:_MOST_OF_A_CODE]
    return f"{status} {named}".rstrip()
