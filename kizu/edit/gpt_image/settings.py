"""Settings of the paid editor. Endpoints and keys are not among them: they never enter a spec."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from kizu.edit.cropping import Framing
from kizu.edit.gpt_image.models import FAMILIES, Family, FamilyFacts, Fidelity, Quality, Size
from kizu.edit.gpt_image.pricing import Prices
from kizu.edit.names import EditorName
from kizu.imaging.geometry import FixedSizes, SizeRule
from kizu.settings import Operational, Settings

_SIZE: Final = re.compile(r"(\d+)x(\d+)")
Provider = Literal["azure", "openai"]
UrlStyle = Literal["auto", "deployment", "v1"]
Language = Literal["en", "ja"]


class AzureSettings(Settings):
    """A gpt-image model on Azure OpenAI or OpenAI: every edit is paid for, once."""

    name: Literal[EditorName.AZURE] = Field(
        title="Editor", description="Edits by a gpt-image model; paid."
    )
    model: Family = Field(
        Family.GPT_IMAGE_1_5,
        title="Model",
        description="The model family behind the deployment; 'generic' for one not listed.",
    )
    deployment: Annotated[str, Operational()] = Field(
        "",
        pattern=r"^[\w.-]*$",
        title="Deployment",
        description="The deployment's name on your resource. Empty: the model's name.",
    )
    quality: Quality = Field(
        Quality.MEDIUM, title="Picture quality", description="More quality costs more tokens."
    )
    input_fidelity: Fidelity | None = Field(
        None,
        title="Input fidelity",
        description="How closely the model keeps to the photo. Empty: high where it is offered.",
    )
    size: str = Field(
        "auto",
        pattern=r"^(auto|\d+x\d+)$",
        title="Picture size",
        description="'auto' takes the accepted size that fits a photo best; or WIDTHxHEIGHT.",
    )
    framing: Framing = Field(
        "auto",
        title="Framing",
        description="'auto' sends a sharp window around the region of a large photo, 'whole' "
        "always the whole photo, scaled down.",
    )
    language: Language = Field(
        "en", title="Prompt language", description="Language of the words around your prompt."
    )
    provider: Annotated[Provider, Operational()] = Field(
        "azure", title="Provider", description="Azure OpenAI, or OpenAI by its base URL."
    )
    url_style: Annotated[UrlStyle, Operational()] = Field(
        "auto",
        title="URL style",
        description="'deployment' has the deployment in the path and needs OPENAI_API_VERSION; "
        "'v1' does not. 'auto' follows OPENAI_API_VERSION.",
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
    prices: Annotated[Prices | None, Operational()] = Field(
        None, title="Prices", description="Your price list. Empty: the model's list prices."
    )

    @model_validator(mode="after")
    def _fits_model(self) -> Self:
        facts = self.facts
        if self.input_fidelity is not None and self.input_fidelity not in facts.fidelities:
            offered = ", ".join(facts.fidelities) or "none"
            raise ValueError(
                f"{self.model} does not take input_fidelity {self.input_fidelity.value!r} "
                f"(it takes: {offered}); leave it out"
            )
        if (size := self.fixed_size) and not accepts(facts.sizes, size):
            raise ValueError(f"{self.model} does not take size {self.size}; {_allowed(facts)}")
        return self

    @property
    def facts(self) -> FamilyFacts:
        """What is known of the model."""
        return FAMILIES[self.model]

    @property
    def fixed_size(self) -> Size | None:
        """The picture size, if the spec fixes it."""
        found = _SIZE.fullmatch(self.size)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def sizes(self) -> SizeRule:
        """The picture sizes that may be sent."""
        size = self.fixed_size
        return FixedSizes((size,)) if size else self.facts.sizes

    @property
    def fidelity(self) -> Fidelity | None:
        """The input fidelity that is sent; None where it must be left out."""
        if self.input_fidelity is not None:
            return self.input_fidelity
        return Fidelity.HIGH if Fidelity.HIGH in self.facts.fidelities else None

    @property
    def deployment_name(self) -> str:
        """The deployment's name."""
        return self.deployment or self.model.value

    @property
    def quota_per_minute(self) -> float:
        """Images per minute the deployment allows, as far as is known before the first call."""
        return self.images_per_minute or self.facts.images_per_minute

    @property
    def price_is_known(self) -> bool:
        """True if the most a call can cost is known before it is made."""
        if self.price_list.per_image_usd is not None:
            return True
        return self.price_list.are_known and bool(self.facts.output_tokens)

    @property
    def price_list(self) -> Prices:
        """The prices that count."""
        return self.prices or self.facts.prices


def accepts(rule: SizeRule, size: Size) -> bool:
    """Tell whether a rule accepts a size.

    Example:
        >>> accepts(FAMILIES[Family.GPT_IMAGE_2].sizes, (1000, 1000))
        False
    """
    if isinstance(rule, FixedSizes):
        return size in rule.sizes
    long, short = max(size), min(size)
    return (
        not any(edge % rule.multiple_px for edge in size)
        and long <= min(rule.max_edge_px, rule.max_aspect * short)
        and rule.min_pixels <= long * short <= rule.max_pixels
    )


def _allowed(facts: FamilyFacts) -> str:
    if isinstance(facts.sizes, FixedSizes):
        return "choose " + ", ".join(f"{width}x{height}" for width, height in facts.sizes.sizes)
    rule = facts.sizes
    return (
        f"edges must be multiples of {rule.multiple_px}, up to {rule.max_edge_px}, at most "
        f"{rule.max_aspect:g}:1, {rule.min_pixels:,} to {rule.max_pixels:,} pixels in all"
    )
