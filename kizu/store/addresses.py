"""URLs of stores and pictures: shown without what opens them, and refused where they carry it.

What a spec or a run's parameters say is kept by Prefect's server and in the store, readable by
everyone who sees them, so no secret may be part of it. fsspec takes every option of a file system
from the environment instead (``FSSPEC_SFTP_PASSWORD``), and the clients of Azure and S3 know their
own variables.
"""

import re
from typing import Final

HIDDEN: Final = "***"
"""Stands where a secret was."""

_SECRET_WORDS: Final = (
    "sig",
    "token",
    "key",
    "passw",
    "pwd",
    "secret",
    "credential",
    "sas",
    "auth",
)
"""Parts of the names of query parameters that hold secrets: of SAS and presigned URLs, of APIs."""

_LOGIN: Final = re.compile(r"(?<=://)[^\s/@:]*:(?!\d{1,5}(?:[/?#]|$))[^\s@]*@")
"""A user with a password; ``abfs://container@account`` and ``http://host:8080`` are none."""

_PARAMETER: Final = re.compile(
    rf"(?P<name>[?&;][^=&?#\s]*(?:{'|'.join(_SECRET_WORDS)})[^=&?#\s]*=)[^&#\s'\"]+", re.IGNORECASE
)


class SecretInUrlError(ValueError):
    """A URL carries a password or a signature, where others would read it."""


def shown_url(text: str) -> str:
    """Return a URL, or a text with URLs in it, as it may be shown and kept.

    Example:
        >>> shown_url("sftp://me:geheim@host/photos")
        'sftp://***@host/photos'
        >>> shown_url("https://a.blob.core.windows.net/c/x.png?sv=1&sig=abc%3D")
        'https://a.blob.core.windows.net/c/x.png?sv=1&sig=***'
        >>> shown_url("abfs://photos@account.dfs.core.windows.net/line 1")
        'abfs://photos@account.dfs.core.windows.net/line 1'
    """
    if "://" not in text:
        return text
    return _PARAMETER.sub(rf"\g<name>{HIDDEN}", _LOGIN.sub(f"{HIDDEN}@", text))


def without_secrets(url: str) -> str:
    """Return a URL that carries no secret.

    Raises:
        SecretInUrlError: It carries one; the message does not.
    """
    shown = shown_url(url)
    if shown != url:
        raise SecretInUrlError(
            f"{shown} carries a password or a signature, which everyone could read who sees the "
            "run; remove it, and give it to the workers by environment variables "
            "(AWS_SECRET_ACCESS_KEY, AZURE_STORAGE_SAS_TOKEN, or FSSPEC_SFTP_PASSWORD and the like)"
        )
    return url
