"""Who we are to Azure and OpenAI, and where credentials may go: over https, or to this machine."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Final

import httpx2

AZURE_SCOPE: Final = "https://cognitiveservices.azure.com/.default"
"""What a token for Azure's AI services is good for."""

_LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_MAYBE_A_KEY: Final = re.compile(r"[\w+/=-]{32,}", re.ASCII)


class SignInError(Exception):
    """Credentials are missing, or must not go where they should; the message says the way out."""


@dataclass(frozen=True)
class Credential:
    """Exactly one of a key and a source of bearer tokens.

    Attributes:
        key: The API key; never shown. Empty with a token source.
        token: Returns a token that is good now; None with a key.
    """

    key: str = field(default="", repr=False)
    token: Callable[[], str] | None = field(default=None, repr=False)


def key_or_entra(
    key_variable: str, scope: str, environment: Mapping[str, str] | None = None
) -> Credential:
    """Return the key in an environment variable, or else an Entra ID sign-in.

    Args:
        key_variable: Name of the environment variable.
        scope: What tokens must be good for, such as `AZURE_SCOPE`.
        environment: The environment; the process's own where None.

    Raises:
        SignInError: If there is no key, and azure-identity is missing.
    """
    key = (os.environ if environment is None else environment).get(key_variable, "").strip()
    return Credential(key=key) if key else entra(scope, f"{key_variable} is not set")


def entra(scope: str, reason: str) -> Credential:
    """Return an Entra ID sign-in; nothing is sent before its first token is asked for.

    The token source raises SignInError if it gets none.

    Args:
        scope: What tokens must be good for, such as `AZURE_SCOPE`.
        reason: Why there is no key; begins the error's sentence.

    Raises:
        SignInError: If azure-identity is missing.
    """
    try:
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - an extra, as the next
        from azure.identity import (  # noqa: PLC0415 - an extra; only this sign-in needs it
            DefaultAzureCredential,
            get_bearer_token_provider,
        )
    except ImportError as error:
        raise SignInError(
            f"{reason}, and signing in with Entra ID needs the package azure-identity; run: "
            "pip install 'kizu[azure]'"
        ) from error
    provider = get_bearer_token_provider(DefaultAzureCredential(), scope)

    def token() -> str:
        try:
            return provider()
        except AzureError as error:
            said = str(error).partition("\n")[0].rstrip(".")
            raise SignInError(
                f"{reason}, and Entra ID gives no token ({said}); run az login, or give the "
                "machine a managed identity or a service principal's AZURE_CLIENT_ID"
            ) from error

    return Credential(token=token)


def checked_endpoint(value: str, name: str, example: str) -> str:
    """Return an address that credentials may be sent to, without a slash at its end.

    Args:
        value: The address: https, or http on loopback.
        name: The variable or setting that holds it; named in errors.
        example: What a good one looks like.

    Raises:
        SignInError: If it is missing, no address, unencrypted, or holds more than an address. What
            may be a secret is not repeated.

    Example:
        >>> checked_endpoint("http://127.0.0.1:8075/", "AZURE_OPENAI_ENDPOINT", "https://NAME")
        'http://127.0.0.1:8075'
    """
    text = value.strip()
    if not text:
        raise SignInError(
            f"{name} is not set; set it to your resource's address, for example {example}"
        )
    url = _parsed(text)
    if url is None:
        raise SignInError(f"{name} is {_shown(text)}, which is no address; it looks like {example}")
    if problem := _problem_of(url, text):
        raise SignInError(f"{name} is {_origin(url)!r} {problem}")
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its form alone; no name is looked up."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _LOOPBACK)


def http_client(endpoint: str, timeout_s: float) -> httpx2.Client:
    """Return a client that takes credentials to the endpoint and nowhere else.

    It follows no redirect. What goes to this machine unencrypted bypasses the proxies of the
    environment, which would carry it over the network.

    Args:
        endpoint: As `checked_endpoint` returned it.
        timeout_s: How long each step of a call may take.
    """
    import openai  # noqa: PLC0415 - takes a second to import, and planning needs no client

    is_encrypted = httpx2.URL(endpoint).scheme == "https"
    return openai.DefaultHttpxClient(
        follow_redirects=False, trust_env=is_encrypted, timeout=timeout_s
    )


def redirect_of(response: httpx2.Response, name: str) -> str | None:
    """Return a sentence if a response sends us elsewhere, which `http_client` does not follow.

    Args:
        response: The response.
        name: The variable or setting that holds the endpoint.
    """
    if response.next_request is None:
        return None
    origin, target = _origin(response.url), _origin(response.next_request.url)
    return (
        f"{origin} redirects to {target}, and credentials are not sent on; set {name} to the "
        "address of the service itself"
    )


def _parsed(text: str) -> httpx2.URL | None:
    """Read an address as the client that will call it does; None if it is none."""
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        return None
    is_address = url.scheme in {"http", "https"} and bool(url.host)
    has_stray_password = "@" in text and not url.userinfo
    return url if is_address and not has_stray_password else None


def _problem_of(url: httpx2.URL, text: str) -> str | None:
    """Say how the sentence about an endpoint that is an address ends; None if it is good."""
    if url.userinfo:
        return (
            "with a user name or password before it; take them out: kizu signs in with a key or "
            "Entra ID"
        )
    if "?" in text or "#" in text:
        return "with a query or fragment; cut it off at the ? or #"
    if url.scheme == "http" and not is_loopback(url.host):
        return (
            "and credentials must not travel unencrypted; use https (plain http is for this "
            "machine only: localhost, 127.0.0.1 or [::1])"
        )
    return None


def _origin(url: httpx2.URL) -> str:
    """Return scheme, host and port: what holds no secret."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _shown(text: str) -> str:
    """Return what may be shown of a text that is no address; it may be a key in the wrong place."""
    if "@" in text or _MAYBE_A_KEY.search(text):
        return f"a text of {len(text)} characters"
    return repr(re.split(r"[?#]", text)[0])
