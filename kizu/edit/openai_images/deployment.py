"""A deployment that answers ``images/edits``: what it takes, where it is, its quota.

Endpoints and keys are not among the settings: they never enter a spec.
"""

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from kizu.edit.openai_images.target import Target
from kizu.edit.prompted import PromptedSettings
from kizu.edit.request import EditRequest
from kizu.imaging.geometry import FixedSizes, SizeChoice, SizeRule
from kizu.settings import Operational

Size = tuple[int, int]
"""(width, height) in pixels."""

_SIZE: Final = re.compile(r"(\d+)x(\d+)")


@dataclass(frozen=True)
class ServiceAddress:
    """Where a service is found: what the environment calls it.

    Attributes:
        endpoint_variable: Holds the endpoint.
        key_variable: Holds the API key.
        version_source: What says the API version; named where no deployment is found.
        example: What a good endpoint looks like.
        default_endpoint: The endpoint where the variable is not set; empty if it must be.
        is_azure: Whether it is a resource on Azure, where Entra ID signs in too.
        entra_role: The role that a sign-in by Entra ID needs.
    """

    endpoint_variable: str
    key_variable: str
    version_source: str
    example: str
    default_endpoint: str = ""
    is_azure: bool = True
    entra_role: str = "Cognitive Services OpenAI User"


@dataclass(frozen=True)
class UrlForm:
    """How a deployment is named in an address.

    Attributes:
        has_deployment: True if the deployment is in the path, False for v1 URLs.
        api_version: The API version in the query; empty for none.
    """

    has_deployment: bool
    api_version: str = ""


@dataclass(frozen=True)
class BodyLimits:
    """How much a service takes."""

    prompt_characters: int
    image_bytes: int
    mask_bytes: int


class DeploymentSettings(PromptedSettings):
    """What all calls to a deployment need to know, and what each model says for itself."""

    deployment: Annotated[str, Operational()] = Field(
        "",
        pattern=r"^[\w.-]*$",
        title="Deployment",
        description="The deployment's name on your resource. Empty: the one that the endpoint "
        "names, else the model's name.",
    )
    size: str = Field(
        "auto",
        pattern=r"^(auto|\d+x\d+)$",
        title="Picture size",
        description="'auto' takes the accepted size that fits a photo best; or WIDTHxHEIGHT.",
    )
    auth: Annotated[Literal["key", "entra"], Operational()] = Field(
        "key", title="Sign-in", description="API key, or Microsoft Entra ID (azure-identity)."
    )
    secret_block: Annotated[str, Operational()] = Field(
        "",
        title="Secret block",
        description="Name of the Prefect Secret block with the API key. Empty: the environment.",
    )
    images_per_minute: Annotated[float | None, Operational()] = Field(
        None,
        gt=0,
        title="Images per minute",
        description="The deployment's quota. Empty: that of a new deployment of the model.",
    )
    max_in_flight: Annotated[int, Operational()] = Field(
        64, ge=1, le=1000, title="Most calls at a time", description="Per worker process."
    )
    timeout_s: Annotated[float, Operational()] = Field(
        600, gt=0, title="Timeout (s)", description="A call that takes longer is given up."
    )
    max_attempts: Annotated[int, Operational()] = Field(
        6, ge=1, title="Attempts", description="Calls for one edit before it fails."
    )
    max_wait_s: Annotated[float, Operational()] = Field(
        1800,
        ge=0,
        title="Longest wait (s)",
        description="A service that asks for a longer pause than this fails the edit.",
    )
    stop_after_failures: Annotated[int, Operational()] = Field(
        3,
        ge=1,
        title="Failures before it stops",
        description="Edits that fail alike, one after the other, before no other is asked for.",
    )
    max_refusals: Annotated[int, Operational()] = Field(
        3,
        ge=0,
        title="Refusals of a prompt",
        description="A prompt that was refused so often, and more often than not, is not asked for "
        "other photos. 0 asks on: refusals can get a resource blocked.",
    )

    @property
    def is_paid(self) -> bool:
        """True."""
        return True

    @property
    @abstractmethod
    def model_name(self) -> str:
        """The model's name, as a deployment of it is called by default."""

    @property
    @abstractmethod
    def model_sizes(self) -> SizeRule:
        """The picture sizes that the model takes."""

    @property
    @abstractmethod
    def default_quota(self) -> float:
        """Images per minute of a new deployment."""

    @property
    @abstractmethod
    def body_limits(self) -> BodyLimits:
        """How much the service takes."""

    @property
    @abstractmethod
    def options(self) -> Mapping[str, Any]:
        """What is sent beside model, photo, prompt, number, size and mask."""

    @property
    def wants_batches(self) -> bool:
        """True if edits are to be bought in batches."""
        return False

    @property
    def batch_share(self) -> float:
        """What is billed of the list price in a batch."""
        return 1.0

    @property
    def longest_batch_wait_s(self) -> float:
        """How long a build waits for a batch before it ends."""
        return 0.0

    @property
    def streamed_pictures(self) -> int:
        """How many unfinished pictures are streamed while an edit is made; 0 for no stream."""
        return 0

    @property
    @abstractmethod
    def address(self) -> ServiceAddress:
        """Where the service is found."""

    @abstractmethod
    def told_version(self, environment: Mapping[str, str]) -> str:
        """Return the API version that is set apart from the endpoint; empty if none is."""

    @abstractmethod
    def url_form(self, target: Target, version: str) -> UrlForm:
        """Return how the deployment is named in addresses.

        Args:
            target: What the endpoint says.
            version: The API version, by the endpoint or as told elsewhere; empty if neither does.

        Raises:
            SignInError: They need an API version and none is set, or the endpoint is for others.
        """

    @property
    @abstractmethod
    def way_to_model(self) -> str:
        """What to do if the deployment has another model; ends a sentence."""

    @abstractmethod
    def most_usd(self, request: EditRequest, size: Size) -> float | None:
        """Return the most one call can cost, in US dollars; None where the price is not known."""

    @abstractmethod
    def cost_usd(self, usage: Mapping[str, int]) -> float | None:
        """Return what a call cost by the tokens it used; None where that is not known."""

    @property
    def sizes(self) -> SizeChoice:
        """The picture sizes that may be sent: the spec's, or all of the model."""
        size = self.fixed_size
        return FixedSizes((size,)) if size else self.model_sizes

    @property
    def fixed_size(self) -> Size | None:
        """The picture size, if the spec fixes it."""
        found = _SIZE.fullmatch(self.size)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def deployment_name(self) -> str:
        """The deployment's name."""
        return self.deployment or self.model_name

    @property
    def quota_per_minute(self) -> float:
        """Images per minute the deployment allows, as far as is known before the first call."""
        return self.images_per_minute or self.default_quota
