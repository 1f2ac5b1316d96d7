"""Content keys: the same request or stage input has the same key on every machine, for ever.

A key is the SHA-256 of canonical JSON (sorted names, no spaces, UTF-8, no NaN), so it depends on
nothing but the values, and anyone can recompute it with standard tools.
"""

import hashlib
import json
from typing import Any, Final

_CANONICAL: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def canonical_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a JSON value in its one canonical form.

    Args:
        value: A JSON value: dicts with text keys, lists, text, finite numbers, booleans, None.

    Returns:
        Text that is equal for equal values.

    Raises:
        ValueError: A number is NaN or infinite.
        TypeError: The value is no JSON value.

    Example:
        >>> canonical_json({"b": 1, "a": [True, "傷"]})
        '{"a":[true,"傷"],"b":1}'
    """
    return _CANONICAL.encode(value)


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of bytes as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def content_key(kind: str, /, **parts: Any) -> str:  # noqa: ANN401 - any JSON values
    """Return the key of something of a kind, made from its parts.

    Args:
        kind: What the key is for ("edit", "diff"); equal parts of different kinds differ in key.
        **parts: JSON values the thing is made from, an algorithm version among them.

    Example:
        >>> content_key("edit", prompt="a scratch", variant=0)[:12]
        '8342eae1b27e'
    """
    return sha256_hex(canonical_json({"kind": kind, **parts}).encode())


def fraction_of(key: str) -> float:
    """Map a key to a number in [0, 1), evenly: a stable draw that needs no random state.

    Example:
        >>> fraction_of("8" + "0" * 63)
        0.5
    """
    return int(key[:13], 16) / 16**13
