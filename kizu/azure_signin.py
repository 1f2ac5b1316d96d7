"""Who we are to Azure and OpenAI, and where credentials may go: over https, or to this machine."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import httpx2

from kizu.bounded_http import MOST_BYTES, BoundedClient
from kizu.loopback import is_loopback

AZURE_SCOPE: Final = "https://cognitiveservices.azure.com/.default"
"""What a token for Azure's AI services is good for."""

SHORTEST_KEY: Final = 8
"""Keys of these services have 32 characters and more; one of a few would be taken out of every text
that is shown, letter by letter."""

_TOKEN: Final = re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){1,4}", re.ASCII)  # a JSON Web Token's look
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

    def scrub(self, text: str) -> str:
        """Return a sentence without the key or a token, should a service repeat it.

        What is paid for, or read again by a program, must not come through here.

        Example:
            >>> Credential(key="s3cr3t-k3y").scrub("wrong key s3cr3t-k3y")
            'wrong key [key]'
        """
        for secret in {self.key, quote(self.key, safe="")} - {""}:
            text = text.replace(secret, "[key]")
        return _TOKEN.sub("[token]", text)


def checked_key(value: str, name: str) -> str:
    r"""Return a key that can be sent.

    Args:
        value: The key; white space around it is dropped.
        name: What holds it; named in errors.

    Raises:
        SignInError: It is shorter than any key, in quotes, or holds what no header takes. It is not
            repeated.

    Example:
        >>> checked_key(" s3cr3t-k3y\n", "A_KEY")
        's3cr3t-k3y'
    """
    key = value.strip()
    strange = next((character for character in key if not " " <= character <= "~"), None)
    if strange is not None:
        raise SignInError(
            f"{name} holds a character that no key has (U+{ord(strange):04X}); copy the key anew, "
            "without quotes or line breaks"
        )
    if key[:1] == key[-1:] and key[:1] in ("'", '"'):
        raise SignInError(f"{name} is in quotes, which are not part of a key; take them away")
    if len(key) < SHORTEST_KEY:
        raise SignInError(
            f"{name} has {len(key)} characters, fewer than the {SHORTEST_KEY} a key has at least; "
            "copy the whole key (where a gateway takes any key, give it a longer one)"
        )
    return key


def key_or_entra(
    key_variable: str, scope: str, environment: Mapping[str, str] | None = None
) -> Credential:
    """Return the key in an environment variable, or else an Entra ID sign-in.

    Args:
        key_variable: Name of the environment variable.
        scope: What tokens must be good for, such as `AZURE_SCOPE`.
        environment: The environment; the process's own where None.

    Raises:
        SignInError: If the key cannot be one, or there is none and azure-identity is missing.
    """
    key = (os.environ if environment is None else environment).get(key_variable, "").strip()
    if key:
        return Credential(key=checked_key(key, key_variable))
    return entra(scope, f"{key_variable} is not set")


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


def http_client(endpoint: str, timeout_s: float, most_bytes: int = MOST_BYTES) -> BoundedClient:
    """Return a client that takes credentials to the endpoint and nowhere else.

    It follows no redirect. What goes to this machine unencrypted bypasses the proxies of the
    environment, which would carry it over the network.

    Args:
        endpoint: As `checked_endpoint` returned it.
        timeout_s: How long a whole call may take.
        most_bytes: Most of an answer that is read.
    """
    is_encrypted = httpx2.URL(endpoint).scheme == "https"
    return BoundedClient(timeout_s, most_bytes, is_encrypted=is_encrypted)


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
