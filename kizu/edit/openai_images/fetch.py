"""Gets a picture that an answer only names the address of, without a key and within bounds."""

from typing import Final

import httpx2

from kizu.bounded_http import BoundedClient
from kizu.edit.openai_images.said import cut

_LONGEST_S: Final = 60.0  # a picture of some megabytes takes seconds


def fetch_picture(url: str, endpoint: str, timeout_s: float, most_bytes: int) -> bytes:
    """Return the file at an address.

    It is asked for without credentials, over https or from the service's own host, and no redirect
    is followed.

    Args:
        url: The address; what follows its path may be a secret and is in no error.
        endpoint: The service's own address.
        timeout_s: How long it may take at most.
        most_bytes: Most bytes of it.

    Raises:
        ValueError: It cannot be had; the message names its host.
    """
    home = httpx2.URL(endpoint)
    try:
        address = home.join(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise ValueError("its picture has no address that can be read") from error
    host, is_home = cut(address.host), address.host == home.host
    if address.scheme != "https" and not (is_home and address.scheme == home.scheme):
        raise ValueError(
            f"its picture is at a {address.scheme} address of {host!r}, not over https"
        )
    limit_s = min(timeout_s, _LONGEST_S)
    try:
        with BoundedClient(limit_s, most_bytes, is_encrypted=address.scheme == "https") as client:
            answer = client.get(address)
    except Exception as error:  # whatever the address does to the client, it is this picture's
        raise ValueError(
            f"its picture at {host!r} cannot be had ({type(error).__name__})"
        ) from error
    if not answer.is_success or answer.extensions["is_cut"]:
        came = answer.status_code if not answer.is_success else "too large"
        raise ValueError(f"its picture at {host!r} cannot be had ({came})")
    return answer.content
