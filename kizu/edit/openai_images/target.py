"""Reads the Target URI that the portal shows of a deployment, which says all about an address."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from kizu.azure_signin import SignInError

_OF_DEPLOYMENT: Final = re.compile(
    r"(?P<base>.*?)/openai/deployments/(?P<deployment>[^/]+)(?:/(?P<operation>[^?#]*))?"
)
_OF_V1: Final = re.compile(r"(?P<base>.*/v1)/(?P<operation>images/[a-z]+)")
_OPERATIONS: Final = ("images/edits", "images/generations")
_DEPLOYMENT: Final = re.compile(r"[\w.-]+")
_VERSION_NAME: Final = "api-version"


@dataclass(frozen=True)
class Target:
    """What an endpoint says of where calls go.

    Attributes:
        endpoint: The resource's address, or the base of v1 URLs; without what follows it.
        deployment: The deployment in it; empty where it names none.
        api_version: The API version in it; empty where it names none.
    """

    endpoint: str
    deployment: str = ""
    api_version: str = ""

    @property
    def is_v1(self) -> bool:
        """True if it is the base of v1 URLs on Azure."""
        return self.endpoint.endswith("/openai/v1")


def read_target(value: str, name: str) -> Target:
    """Take an endpoint apart, be it a resource's address or the Target URI of a deployment.

    What is neither is returned as it is, for `checked_endpoint` to judge.

    Args:
        value: The endpoint.
        name: The variable that holds it; named in errors.

    Raises:
        SignInError: It is the Target URI of something else than pictures.

    Example:
        >>> read_target(
        ...     "https://NAME.openai.azure.com/openai/deployments/my-2/images/edits"
        ...     "?api-version=2025-04-01-preview",
        ...     "AZURE_OPENAI_ENDPOINT",
        ... )
        Target(endpoint='https://NAME.openai.azure.com', deployment='my-2', \
api_version='2025-04-01-preview')
        >>> read_target("https://NAME.services.ai.azure.com/openai/v1/images/generations", "")
        Target(endpoint='https://NAME.services.ai.azure.com/openai/v1', deployment='', \
api_version='')
    """
    text = value.strip()
    try:
        url = urlsplit(text)
        query = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
    except ValueError:
        return Target(text)
    path = url.path.rstrip("/")
    found = _OF_DEPLOYMENT.fullmatch(path) or _OF_V1.fullmatch(path)
    if found is None or url.fragment or "#" in text or set(query) - {_VERSION_NAME}:
        return Target(text)
    parts = found.groupdict()
    operation = parts["operation"]
    if operation and operation not in _OPERATIONS:
        raise SignInError(
            f"{name} is the Target URI of {_shown(operation)}, which answers with no pictures; "
            "take that of an image deployment"
        )
    deployment = unquote(parts.get("deployment") or "")
    if deployment and not _DEPLOYMENT.fullmatch(deployment):
        raise SignInError(
            f"{name} names a deployment that is none; copy the whole Target URI from the portal"
        )
    endpoint = urlunsplit((url.scheme, url.netloc, parts["base"], "", ""))
    return Target(endpoint, deployment, query.get(_VERSION_NAME, "").strip())


def _shown(operation: str) -> str:
    """Return an operation's name, if it looks like one: nothing that may be a secret."""
    return operation if re.fullmatch(r"[a-z]{1,20}(/[a-z]{1,20}){0,2}", operation) else "something"
