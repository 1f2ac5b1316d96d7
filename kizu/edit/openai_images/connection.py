"""Where the service is and how to sign in: from the environment, never from a spec."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from openai import AzureOpenAI, OpenAI

from kizu.azure_signin import (
    AZURE_SCOPE,
    Credential,
    SignInError,
    checked_endpoint,
    checked_key,
    entra,
    http_client,
)
from kizu.bounded_http import MOST_BYTES
from kizu.edit.editor import SecretSource, StopEditingError
from kizu.edit.openai_images.deployment import DeploymentSettings, ServiceAddress, UrlForm
from kizu.edit.openai_images.target import Target, read_target

Client = OpenAI | AzureOpenAI
"""``AzureOpenAI`` is an ``OpenAI``; both are named because both are used."""


@dataclass(frozen=True)
class Connection:
    """How to reach one deployment.

    Attributes:
        endpoint: The resource's address, or OpenAI's base URL.
        url_form: How the deployment is named in addresses.
        address: What the environment calls it.
        credential: The API key, or an Entra ID sign-in; never shown.
    """

    endpoint: str
    url_form: UrlForm
    address: ServiceAddress
    credential: Credential

    @classmethod
    def from_environment(
        cls,
        settings: DeploymentSettings,
        secrets: SecretSource | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> "Connection":
        """Read the standard environment names.

        Args:
            settings: The service's address, sign-in and URL style.
            secrets: Where ``settings.secret_block`` is looked up.
            environment: The environment; the process's own where None.

        Raises:
            StopEditingError: Endpoint, version or key is missing, the key cannot be one, or the
                endpoint is not one that credentials may be sent to.
        """
        found = os.environ if environment is None else environment
        try:
            target = _target(settings.address, found)
            credential = _credential(settings, secrets, found)
            url_form = _url_form(settings, target, found)
        except SignInError as problem:
            raise StopEditingError(str(problem)) from problem
        return cls(target.endpoint, url_form, settings.address, credential)

    def client(self, timeout_s: float, most_bytes: int = MOST_BYTES) -> OpenAI:
        """Return a client that makes one call at a time: who calls it retries and counts.

        Args:
            timeout_s: How long a whole call may take.
            most_bytes: Most of an answer that is read.
        """
        transport = http_client(self.endpoint, timeout_s, most_bytes)
        version = self.url_form.api_version
        if self.url_form.has_deployment:
            return AzureOpenAI(
                azure_endpoint=self.endpoint,
                api_version=version,
                api_key=self.credential.key or None,
                azure_ad_token_provider=self.credential.token,
                max_retries=0,
                timeout=timeout_s,
                http_client=transport,
            )
        return OpenAI(
            base_url=self._v1_url(),
            api_key=self.credential.token or self.credential.key,
            default_query={"api-version": version} if version else None,
            max_retries=0,
            timeout=timeout_s,
            http_client=transport,
        )

    def scrub(self, text: str) -> str:
        """Return a sentence without the key, should a service repeat it."""
        return self.credential.scrub(text)

    @property
    def host(self) -> str:
        """The service's host, for messages."""
        return urlsplit(self.endpoint).netloc

    def _v1_url(self) -> str:
        if not self.address.is_azure or self.endpoint.endswith("/openai/v1"):
            return self.endpoint
        return f"{self.endpoint}/openai/v1"


def _target(address: ServiceAddress, environment: Mapping[str, str]) -> Target:
    name = address.endpoint_variable
    value = environment.get(name, "").strip() or address.default_endpoint
    target = read_target(value, name)
    return replace(target, endpoint=checked_endpoint(target.endpoint, name, address.example))


def _url_form(
    settings: DeploymentSettings, target: Target, environment: Mapping[str, str]
) -> UrlForm:
    """Return how the deployment is named, by the Target URI and by what else says it."""
    address, told = settings.address, settings.told_version(environment)
    for what, here, there, source in (
        ("deployment", target.deployment, settings.deployment, "editor.deployment"),
        ("API version", target.api_version, told, address.version_source),
    ):
        if here and there and here != there:
            raise SignInError(
                f"{address.endpoint_variable} names the {what} {here!r} and {source} says "
                f"{there!r}; let them agree, or leave {source} out"
            )
    return settings.url_form(target, target.api_version or told)


def with_target(
    settings: DeploymentSettings, environment: Mapping[str, str] | None = None
) -> DeploymentSettings:
    """Return the settings with the deployment that the endpoint names, if they name none."""
    found = os.environ if environment is None else environment
    name = settings.address.endpoint_variable
    try:
        deployment = read_target(found.get(name, ""), name).deployment
    except SignInError:  # told when it is connected to
        return settings
    if settings.deployment or not deployment:
        return settings
    return settings.model_copy(update={"deployment": deployment})


def _credential(
    settings: DeploymentSettings, secrets: SecretSource | None, environment: Mapping[str, str]
) -> Credential:
    if settings.auth == "entra":
        return entra(AZURE_SCOPE, "editor.auth is entra")
    return Credential(key=_key(settings, secrets, environment))


def _key(
    settings: DeploymentSettings, secrets: SecretSource | None, environment: Mapping[str, str]
) -> str:
    if settings.secret_block:
        key = _secret(settings.secret_block, secrets)
        return checked_key(key, f"the Prefect Secret block {settings.secret_block!r}")
    name = settings.address.key_variable
    key = environment.get(name, "").strip()
    if key:
        return checked_key(key, name)
    entra = ", or sign in with editor.auth entra" if settings.address.is_azure else ""
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


def connection_problem(settings: DeploymentSettings) -> str | None:
    """Say what keeps edits from being bought here; None if nothing does, as far as can be told.

    Nothing is sent. A key in a Secret block is looked up by a flow's worker only, and taken to be
    there.
    """
    try:
        _without_block(settings)
    except StopEditingError as problem:
        return str(problem)
    return None


def known_endpoint(settings: DeploymentSettings) -> str:
    """Return the service's endpoint.

    Raises:
        StopEditingError: As ``connection_problem`` says.
    """
    return _without_block(settings).endpoint


def _without_block(settings: DeploymentSettings) -> Connection:
    return Connection.from_environment(settings, lambda _: "a key that is there")
