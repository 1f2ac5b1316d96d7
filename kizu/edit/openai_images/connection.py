"""Where the service is and how to sign in: from the environment, never from a spec."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from openai import AzureOpenAI, OpenAI

from kizu.azure_signin import (
    AZURE_SCOPE,
    Credential,
    SignInError,
    checked_endpoint,
    entra,
    http_client,
)
from kizu.edit.editor import SecretSource, StopEditingError
from kizu.edit.gpt_image.emulation import OPENAI_URL
from kizu.edit.gpt_image.settings import AzureSettings

AZURE_EXAMPLE: Final = "https://NAME.openai.azure.com"
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
        credential: The API key, or an Entra ID sign-in; never shown.
    """

    endpoint: str
    api_version: str
    is_azure: bool
    uses_v1: bool
    credential: Credential

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
            StopEditingError: Endpoint, version or key is missing, or the endpoint is not one that
                credentials may be sent to.
        """
        found = os.environ if environment is None else environment
        is_azure = settings.provider == "azure"
        try:
            endpoint = _endpoint(found, is_azure=is_azure)
            credential = _credential(settings, secrets, found, is_azure=is_azure)
        except SignInError as problem:
            raise StopEditingError(str(problem)) from problem
        uses_v1 = not is_azure or _uses_v1(settings, endpoint, found)
        version = found.get("OPENAI_API_VERSION", "").strip() if is_azure else ""
        if not uses_v1 and version in _NO_VERSION:
            raise StopEditingError(
                "OPENAI_API_VERSION is not set, which deployment-style URLs need; set it (for "
                "example to 2025-04-01-preview) or use editor.url_style v1"
            )
        return cls(endpoint, version, is_azure, uses_v1, credential)

    def client(self, timeout_s: float) -> OpenAI:
        """Return a client that makes one call at a time: who calls it retries and counts."""
        transport = http_client(self.endpoint, timeout_s)
        if self.is_azure and not self.uses_v1:
            return AzureOpenAI(
                azure_endpoint=self.endpoint,
                api_version=self.api_version,
                api_key=self.credential.key or None,
                azure_ad_token_provider=self.credential.token,
                max_retries=0,
                timeout=timeout_s,
                http_client=transport,
            )
        query = {"api-version": "preview"} if self.api_version == "preview" else None
        return OpenAI(
            base_url=self._v1_url(),
            api_key=self.credential.token or self.credential.key,
            default_query=query,
            max_retries=0,
            timeout=timeout_s,
            http_client=transport,
        )

    def scrub(self, text: str) -> str:
        """Return a text without the key, should a service repeat it."""
        key = self.credential.key
        return text.replace(key, "[key]") if key else text

    @property
    def host(self) -> str:
        """The service's host, for messages."""
        return urlsplit(self.endpoint).netloc

    @property
    def endpoint_variable(self) -> str:
        """The environment variable that holds the endpoint."""
        return _endpoint_variable(is_azure=self.is_azure)

    def _v1_url(self) -> str:
        if not self.is_azure or self.endpoint.endswith("/openai/v1"):
            return self.endpoint
        return f"{self.endpoint}/openai/v1"


def _endpoint_variable(*, is_azure: bool) -> str:
    return "AZURE_OPENAI_ENDPOINT" if is_azure else "OPENAI_BASE_URL"


def _endpoint(environment: Mapping[str, str], *, is_azure: bool) -> str:
    name = _endpoint_variable(is_azure=is_azure)
    value = environment.get(name, "").strip()
    if is_azure:
        return checked_endpoint(value, name, AZURE_EXAMPLE)
    return checked_endpoint(value or OPENAI_URL, name, OPENAI_URL)


def _uses_v1(settings: AzureSettings, endpoint: str, environment: Mapping[str, str]) -> bool:
    if settings.url_style != "auto":
        return settings.url_style == "v1"
    version = environment.get("OPENAI_API_VERSION", "").strip()
    return version in _NO_VERSION or endpoint.endswith("/openai/v1")


def _credential(
    settings: AzureSettings,
    secrets: SecretSource | None,
    environment: Mapping[str, str],
    *,
    is_azure: bool,
) -> Credential:
    if settings.auth == "entra":
        return entra(AZURE_SCOPE, "editor.auth is entra")
    return Credential(key=_key(settings, secrets, environment, is_azure=is_azure))


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


def connection_problem(settings: AzureSettings) -> str | None:
    """Say what keeps edits from being bought here; None if nothing does, as far as can be told.

    Nothing is sent. A key in a Secret block is looked up by a flow's worker only, and taken to be
    there.
    """
    try:
        Connection.from_environment(settings, lambda block: block)
    except StopEditingError as problem:
        return str(problem)
    return None
