"""How long a service asks to be left alone, in all the ways in which services say so."""

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_S: Final = 366 * 86_400.0
"""What asks for more, as 99999999999 s, is noise: no quota's period is longer than a year."""

_NUMBER: Final = r"\d{1,15}(?:\.\d{1,9})?"
_UNITS_S: Final = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART: Final = (
    rf"{_NUMBER}\s*(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h|days?|d)"
)
_PARTS: Final = re.compile(rf"({_NUMBER})\s*(ms|milli|s|m|h|d)[a-z]*", re.IGNORECASE | re.ASCII)
_DURATION: Final = re.compile(rf"(?:{_PART}\s*)+", re.IGNORECASE | re.ASCII)
_PLAIN: Final = re.compile(_NUMBER, re.ASCII)
_IN_WORDS: Final = re.compile(
    rf"\b(?:re)?try(?:\s+again)?\s+(?:after|in)\s+((?:{_PART}\s*)+|{_NUMBER})",
    re.IGNORECASE | re.ASCII,
)
_RESET: Final = re.compile(r"(?:x-)?rate-?limit-reset(?:-(\w+))?")
_PREFIXES: Final = ("x-ratelimit", "x-rate-limit", "ratelimit")
_EPOCH_S: Final = 1e9  # a count of seconds as large as this is a date, 2001 or later


def asked_pause_s(headers: Mapping[str, str], message: str = "", now: float | None = None) -> float:
    """Return how long a service asks to wait, in seconds; 0 if it does not say.

    In this order: ``retry-after-ms``, ``retry-after`` (seconds, a duration or a date), the words
    "retry after N seconds" or "try again in N" of the message, and the headers that tell when a
    quota is whole again, of those quotas that are used up. What is no positive time, or longer than
    a year, is noise.

    Args:
        headers: The answer's headers, names in lower case.
        message: What it says in words.
        now: Seconds since 1970, for dates; by default the answer's own date, or else this clock.

    Example:
        >>> asked_pause_s({"retry-after-ms": "700", "retry-after": "1"})
        0.7
        >>> asked_pause_s({}, "Rate limit reached. Please try again in 1m30s.")
        90.0
        >>> asked_pause_s({"x-ratelimit-reset-tokens": "250ms", "retry-after": "nan"})
        0.25
    """
    clock = _clock(headers) if now is None else now
    words = _IN_WORDS.search(message)
    asked = (
        _span_s(headers.get("retry-after-ms", ""), per_second=1000),
        _after_s(headers.get("retry-after", ""), clock),
        _span_s(words[1]) if words else 0.0,
        _reset_s(headers, clock),
    )
    return next((pause_s for pause_s in asked if 0 < pause_s <= LONGEST_S), 0.0)


def _clock(headers: Mapping[str, str]) -> float:
    return _date(headers.get("date", "")) or time.time()


def _after_s(value: str, now: float) -> float:
    """Read a duration, or a date in words or in seconds since 1970."""
    asked_s = _span_s(value)
    if asked_s > _EPOCH_S:
        return asked_s - now
    date = None if asked_s else _date(value)
    return date - now if date else asked_s


def _date(value: str) -> float | None:
    try:
        date = parsedate_to_datetime(value.strip())
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):  # as the parser says "no date"
        return None


def _span_s(value: str, per_second: float = 1) -> float:
    """Read "8", "8.5", "250ms", "1m30s" or "2 minutes"; 0 for anything else."""
    text = value.strip()
    if _PLAIN.fullmatch(text):
        return float(text) / per_second
    if not _DURATION.fullmatch(text):
        return 0.0
    found = _PARTS.findall(text)
    return sum(float(count) * _UNITS_S[_unit(name)] for count, name in found)


def _unit(name: str) -> str:
    return "ms" if name.lower() in ("ms", "milli") else name.lower()


def _reset_s(headers: Mapping[str, str], now: float) -> float:
    """Return when the quotas that are used up are whole again."""
    found = [(_RESET.fullmatch(name.lower()), value) for name, value in headers.items()]
    return max(
        (_after_s(value, now) for name, value in found if name and _is_used_up(headers, name[1])),
        default=0.0,
    )


def _is_used_up(headers: Mapping[str, str], quota: str | None) -> bool:
    suffix = f"-{quota}" if quota else ""
    told = [headers.get(f"{prefix}-remaining{suffix}", "") for prefix in _PREFIXES]
    return all(not left or _span_s(left) < 1 for left in told)
