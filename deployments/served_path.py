"""Which file of the store a URL asks for."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

FOLDERS: Final = ("datasets", "reports")
"""The folders of the store that are served."""

# a back-slash, a drive letter or a lone dot means a place on some system, a control character none
_ELSEWHERE: Final = re.compile(r"[\\\x00-\x1f\x7f]|^[A-Za-z]:|^[. ]+$")


def served_path(target: str) -> str | None:
    r"""Return the path that a request asks for, below the served folders; "" for the overview.

    Whatever could lead elsewhere is refused, on whatever system the store lies: ``..``,
    back-slashes, drive letters and control characters, percent-encoded or not.

    Args:
        target: The request's target as it was sent.

    Returns:
        None if nothing of the kind is served.

    Example:
        >>> served_path("/reports/plates/v1/index.html?page=2")
        'reports/plates/v1/index.html'
        >>> served_path("/reports/..%5c..%5cedits")
    """
    try:
        parts = list(_parts(unquote(urlsplit(target).path)))
    except ValueError:  # no URL
        return None
    if any(_ELSEWHERE.search(part) for part in parts):
        return None
    if parts in ([], ["reports"]):
        return ""
    return "/".join(parts) if parts[0] in FOLDERS else None


def _parts(path: str) -> Iterator[str]:
    return (part for part in path.split("/") if part not in ("", "."))
