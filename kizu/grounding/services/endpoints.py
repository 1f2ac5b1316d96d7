"""Where a worker's keys may be sent for grounding: a spec names the endpoint, whoever wrote it."""

import os
import re
from collections.abc import Mapping
from typing import Final

import httpx2

from kizu.azure_signin import SignInError, checked_endpoint
from kizu.grounding.settings import GroundingSettings
from kizu.loopback import is_loopback

ENDPOINT_SETTING: Final = "grounding.endpoint"
ENDPOINTS_VARIABLE: Final = "KIZU_GROUNDING_ENDPOINTS"
"""Holds further endpoints of the worker's, separated by spaces or commas: gateways, for example."""

_AZURE_HOSTS: Final = (
    ".cognitiveservices.azure.com",
    ".openai.azure.com",
    ".services.ai.azure.com",
    ".api.cognitive.microsoft.com",
    ".cognitiveservices.azure.us",
    ".openai.azure.us",
    ".cognitiveservices.azure.cn",
    ".openai.azure.cn",
)
"""Ends of names under which Azure's own AI resources answer; their owners never see the keys."""

_HOST: Final = re.compile(r"[a-z0-9.-]+")
"""A host's name as a client normalizes it; what has other letters is no name of Azure's."""


def service_endpoint(
    settings: GroundingSettings, example: str, environment: Mapping[str, str] | None = None
) -> str:
    """Return the endpoint of a spec, if the worker's key may be sent there.

    Args:
        settings: They name the endpoint.
        example: What a good one looks like.
        environment: The environment; the process's own where None.

    Raises:
        SignInError: It is missing, no address, unencrypted, or neither one of Azure's nor one that
            the worker allows.

    Example:
        >>> ours = GroundingSettings(endpoint="https://ours.openai.azure.com/")
        >>> service_endpoint(ours, "https://NAME.openai.azure.com", {})
        'https://ours.openai.azure.com'
    """
    endpoint = checked_endpoint(settings.endpoint or "", ENDPOINT_SETTING, example)
    allowed = (os.environ if environment is None else environment).get(ENDPOINTS_VARIABLE, "")
    host = httpx2.URL(endpoint).host
    is_azure = bool(_HOST.fullmatch(host)) and host.endswith(_AZURE_HOSTS)
    is_known = is_azure or is_loopback(host)
    if is_known or endpoint in {each.rstrip("/") for each in allowed.replace(",", " ").split()}:
        return endpoint
    raise SignInError(
        f"{ENDPOINT_SETTING} is {endpoint!r}, which is no address of Azure's AI services, and a "
        f"spec alone does not send this machine's key there; if it is yours, set "
        f"{ENDPOINTS_VARIABLE}={endpoint} where kizu or its worker runs"
    )
