"""Where the service is and how to sign in: from the environment, never from a spec."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from openai import AzureOpenAI, OpenAI

from kizu.edit.azure.settings import AzureSettings
from kizu.edit.editor import SecretSource, StopEditingError

ENTRA_SCOPE: Final = "https://cognitiveservices.azure.com/.default"
_NO_VERSION: Final = ("", "v1", "preview")

Client = OpenAI | AzureOpenAI
"""``AzureOpenAI`` is an ``OpenAI``; both are named because both are used."""


@dataclass(frozen=True)
class Connection:
    """How to reach one deployment.

    Attributes:
        endpoint: The resource's address, or OpenAI's base URL.
        api_version: For deployment-style URLs; empty for v1.
        is_azure: False for OpenAI itself.
        uses_v1: True for v1 URLs.
        key: The API key; never shown. Empty with a token provider.
        token_provider: Returns Entra ID tokens; None with a key.
    """

    endpoint: str
    api_version: str
    is_azure: bool
    uses_v1: bool
    key: str = field(repr=False)
    token_provider: Callable[[], str] | None = field(default=None, repr=False)

    @classmethod
    def from_environment(
        cls,
        settings: AzureSettings,
        secrets: SecretSource | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> "Connection":
        """Read the standard environment names.

        Args:
            settings: Provider, sign-in and URL style.
            secrets: Where ``settings.secret_block`` is looked up.
            environment: The environment; the process's own where None.

        Raises:
            StopEditingError: Endpoint, version or key is missing.
        """
        found = os.environ if environment is None else environment
        is_azure = settings.provider == "azure"
        endpoint = _endpoint(found, is_azure=is_azure)
        uses_v1 = not is_azure or _uses_v1(settings, endpoint, found)
        version = found.get("OPENAI_API_VERSION", "").strip() if is_azure else ""
        if not uses_v1 and version in _NO_VERSION:
            raise StopEditingError(
                "OPENAI_API_VERSION is not set, which deployment-style URLs need; set it (for "
                "example to 2025-04-01-preview) or use editor.url_style v1"
            )
        if settings.auth == "entra":
            return cls(endpoint, version, is_azure, uses_v1, "", _entra_tokens())
        key = _key(settings, secrets, found, is_azure=is_azure)
        return cls(endpoint, version, is_azure, uses_v1, key)

    def client(self, timeout_s: float) -> OpenAI:
        """Return a client that makes one call at a time: who calls it retries and counts."""
        if self.is_azure and not self.uses_v1:
            return AzureOpenAI(
                azure_endpoint=self.endpoint,
                api_version=self.api_version,
                api_key=self.key or None,
                azure_ad_token_provider=self.token_provider,
                max_retries=0,
                timeout=timeout_s,
            )
        query = {"api-version": "preview"} if self.api_version == "preview" else None
        return OpenAI(
            base_url=self._v1_url(),
            api_key=self.token_provider or self.key,
            default_query=query,
            max_retries=0,
            timeout=timeout_s,
        )

    def scrub(self, text: str) -> str:
        """Return a text without the key, should a service repeat it."""
        return text.replace(self.key, "[key]") if self.key else text

    @property
    def host(self) -> str:
        """The service's host, for messages."""
        return urlsplit(self.endpoint).netloc or self.endpoint

    def _v1_url(self) -> str:
        root = self.endpoint.rstrip("/")
        if not self.is_azure:
            return root
        return root if root.endswith("/openai/v1") else f"{root}/openai/v1"


def _endpoint(environment: Mapping[str, str], *, is_azure: bool) -> str:
    if not is_azure:
        return environment.get("OPENAI_BASE_URL", "").strip() or "https://api.openai.com/v1"
    endpoint = environment.get("AZURE_OPENAI_ENDPOINT", "").strip()
    if not endpoint:
        raise StopEditingError(
            "AZURE_OPENAI_ENDPOINT is not set; set it to your resource's address, for example "
            "https://NAME.openai.azure.com"
        )
    if not urlsplit(endpoint).netloc:
        raise StopEditingError(
            f"AZURE_OPENAI_ENDPOINT is {endpoint!r}, which is no address; it looks like "
            "https://NAME.openai.azure.com"
        )
    return endpoint


def _uses_v1(settings: AzureSettings, endpoint: str, environment: Mapping[str, str]) -> bool:
    if settings.url_style != "auto":
        return settings.url_style == "v1"
    version = environment.get("OPENAI_API_VERSION", "").strip()
    return version in _NO_VERSION or endpoint.rstrip("/").endswith("/openai/v1")


def _key(
    settings: AzureSettings,
    secrets: SecretSource | None,
    environment: Mapping[str, str],
    *,
    is_azure: bool,
) -> str:
    if settings.secret_block:
        return _secret(settings.secret_block, secrets)
    name = "AZURE_OPENAI_API_KEY" if is_azure else "OPENAI_API_KEY"
    key = environment.get(name, "").strip()
    if key:
        return key
    entra = ", or sign in with editor.auth entra" if is_azure else ""
    raise StopEditingError(
        f"{name} is not set; set it where the workers run, name a Prefect Secret block in "
        f"editor.secret_block{entra}"
    )


def _secret(block: str, secrets: SecretSource | None) -> str:
    if secrets is None:
        raise StopEditingError(
            f"editor.secret_block {block!r} is looked up by a flow's worker only; outside of one "
            "set the environment variable instead"
        )
    try:
        key = secrets(block).strip()
    except ValueError:
        key = ""
    if not key:
        raise StopEditingError(
            f"there is no Prefect Secret block {block!r} with a key in it; create it in the UI "
            "under Blocks, or remove editor.secret_block"
        )
    return key


def _entra_tokens() -> Callable[[], str]:
    try:
        from azure.identity import (  # noqa: PLC0415 - an extra; only this sign-in needs it
            DefaultAzureCredential,
            get_bearer_token_provider,
        )
    except ImportError as error:
        raise StopEditingError(
            "editor.auth entra needs the package azure-identity; run: pip install 'kizu[azure]'"
        ) from error
    provider: Callable[[], str] = get_bearer_token_provider(DefaultAzureCredential(), ENTRA_SCOPE)
    return provider
