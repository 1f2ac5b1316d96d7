"""Who we are to Azure: a key from the environment, or an Entra ID sign-in."""

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kizu.ground.errors import GroundingUnavailable

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class AzureCredential:
    """Exactly one of a key and a source of bearer tokens."""

    key: str | None = field(default=None, repr=False)
    token: Callable[[], str] | None = None


def azure_credential(key_variable: str, scope: str, system: str) -> AzureCredential:
    """Return the key in an environment variable, or else an Entra ID token source.

    Args:
        key_variable: Name of the environment variable.
        scope: What the token is for, such as `https://cognitiveservices.azure.com/.default`.
        system: Who needs it; named in errors.

    Raises:
        GroundingUnavailable: If there is neither.
    """
    key = os.environ.get(key_variable, "").strip()
    if key:
        return AzureCredential(key=key)
    try:
        identity = importlib.import_module("azure.identity")
    except ImportError:
        raise GroundingUnavailable(
            f"{system}: no credentials; set the environment variable {key_variable}, or install "
            "azure-identity to sign in with Entra ID"
        ) from None
    provider = identity.get_bearer_token_provider(identity.DefaultAzureCredential(), scope)
    return AzureCredential(token=provider)


def checked_endpoint(endpoint: str | None, system: str) -> str:
    """Return the endpoint without a slash at its end.

    Raises:
        GroundingUnavailable: If it is missing, or would send credentials unencrypted.
    """
    parts = urlsplit(endpoint or "")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not is_safe or not parts.hostname:
        raise GroundingUnavailable(
            f"{system}: the endpoint is {endpoint!r}; set ground.endpoint to the resource's URL, "
            "https://NAME.cognitiveservices.azure.com"
        )
    return (endpoint or "").rstrip("/")
