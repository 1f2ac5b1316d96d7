"""What a browser says of where a request comes from, for what is served on this machine.

Every web page that is open in a browser can send requests to this machine's loopback. They are told
from those of the own page by what browsers send: the host (against DNS rebinding), the origin, and
the site a request comes from. What is no browser sends neither of the last two.
"""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from kizu.loopback import LOOPBACK


def host_name(host: str) -> str:
    """Return the name in a Host header, or in an address without scheme; empty if there is none.

    Example:
        >>> host_name("LOCALHOST:4200"), host_name("[::1]:4200"), host_name("[")
        ('localhost', '::1', '')
    """
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def names_machine(host: str, names: Collection[str]) -> bool:
    """Tell whether a Host header names this machine.

    An address of numbers always does: for DNS rebinding a page needs a name of its own.

    Args:
        host: The header.
        names: Names the machine answers to, in lower case.
    """
    name = host_name(host)
    return name in names or name in LOOPBACK or _is_address(name)


def is_from_other_origin(headers: Headers) -> bool:
    """Tell whether a page of another origin sends a request; "null" is another one."""
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        place = urlsplit(origin)
    except ValueError:
        return True
    own = headers.get("host", "").lower()
    return place.scheme not in {"http", "https"} or place.netloc.lower() != own


def is_from_other_site(headers: Headers) -> bool:
    """Tell whether a browser says that another origin's page causes a request."""
    return headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}


def opens_page(headers: Headers) -> bool:
    """Tell whether a browser is to show the answer as a page of its own, in no frame."""
    return headers.get("sec-fetch-dest") == "document"


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
