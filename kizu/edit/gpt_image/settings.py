"""The gpt-image models as a plug-in."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, JsonValue, model_validator

from kizu.azure_signin import SignInError
from kizu.edit.gpt_image.models import (
    FAMILIES,
    Family,
    FamilyFacts,
    Fidelity,
    Quality,
    retirement_warning,
)
from kizu.edit.gpt_image.pricing import Prices, Tokens, cost_of, most_tokens
from kizu.edit.gpt_image.served import served_models
from kizu.edit.openai_images.deployment import BodyLimits, ServiceAddress, Size, UrlForm
from kizu.edit.openai_images.settings import ImageServiceSettings, check_size
from kizu.edit.request import EditRequest
from kizu.edit.served import ServedModel
from kizu.imaging.geometry import SizeRule
from kizu.settings import Operational

Provider = Literal["azure", "openai"]
UrlStyle = Literal["auto", "deployment", "v1"]

_OPENAI_URL: Final = "https://api.openai.com/v1"
_VERSION_VARIABLE: Final = "OPENAI_API_VERSION"
_NO_VERSION: Final = ("", "v1", "preview")

_ADDRESSES: Final[Mapping[Provider, ServiceAddress]] = {
    "azure": ServiceAddress(
        endpoint_variable="AZURE_OPENAI_ENDPOINT",
        key_variable="AZURE_OPENAI_API_KEY",
        version_source=_VERSION_VARIABLE,
        example="https://NAME.openai.azure.com",
    ),
    "openai": ServiceAddress(
        endpoint_variable="OPENAI_BASE_URL",
        key_variable="OPENAI_API_KEY",
        version_source=_VERSION_VARIABLE,
        example=_OPENAI_URL,
        default_endpoint=_OPENAI_URL,
        is_azure=False,
    ),
}


class GptImageSettings(ImageServiceSettings):
    """A gpt-image model on Azure OpenAI or OpenAI: every edit is paid for, once.

    Keys and stored requests call this editor "azure", as specs did at first: what was bought under
    that name is found again.
    """

    aliases: ClassVar[tuple[str, ...]] = ("azure",)
    version: ClassVar[str] = "1"

    name: Literal["gpt-image"] = Field(
        title="Editor", description="Edits by a gpt-image model; paid."
    )
    model: Family = Field(
        Family.GPT_IMAGE_1_5,
        title="Model",
        description="The model family behind the deployment; 'generic' for one not listed.",
    )
    quality: Quality = Field(
        Quality.MEDIUM, title="Picture quality", description="More quality costs more tokens."
    )
    input_fidelity: Fidelity | None = Field(
        None,
        title="Input fidelity",
        description="How closely the model keeps to the photo. Empty: high where it is offered.",
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
        check_size(self.model, facts.sizes, self.fixed_size)
        return self

    @classmethod
    def served_models(cls) -> Sequence[ServedModel]:
        """Return every model family."""
        return served_models()

    def shaping(self) -> dict[str, Any]:
        """Return what can change a picture, under the name that keys have for this editor."""
        return {**super().shaping(), "name": "azure"}

    def identity(self, *, emulated: bool) -> dict[str, JsonValue]:
        """Return what shapes the picture; the fidelity as it is sent."""
        return {**super().identity(emulated=emulated), "input_fidelity": self.fidelity}

    @property
    def facts(self) -> FamilyFacts:
        """What is known of the model."""
        return FAMILIES[self.model]

    @property
    def fidelity(self) -> Fidelity | None:
        """The input fidelity that is sent; None where it must be left out."""
        if self.input_fidelity is not None:
            return self.input_fidelity
        return Fidelity.HIGH if Fidelity.HIGH in self.facts.fidelities else None

    @property
    def price_list(self) -> Prices:
        """The prices that count."""
        return self.prices or self.facts.prices

    @property
    def unpriced_model(self) -> str | None:
        """The model, if the most a call can cost is not known before it is made."""
        prices = self.price_list
        by_tokens = prices.are_known and bool(self.facts.output_tokens)
        return None if by_tokens or prices.per_image_usd is not None else self.model.value

    @property
    def model_name(self) -> str:
        """The model family's name."""
        return self.model.value

    @property
    def model_sizes(self) -> SizeRule:
        """The picture sizes that the model takes."""
        return self.facts.sizes

    @property
    def default_quota(self) -> float:
        """Images per minute of a new deployment."""
        return self.facts.images_per_minute

    @property
    def body_limits(self) -> BodyLimits:
        """How much the service takes."""
        return self.facts.body_limits

    @property
    def options(self) -> Mapping[str, Any]:
        """Quality, format, and the input fidelity where the model takes one."""
        fidelity = {"input_fidelity": self.fidelity.value} if self.fidelity else {}
        output_format = self.facts.formats[0]
        return {"quality": self.quality.value, "output_format": output_format, **fidelity}

    @property
    def address(self) -> ServiceAddress:
        """Where the provider is found."""
        return _ADDRESSES[self.provider]

    @property
    def way_to_model(self) -> str:
        """What to do if the deployment has another model."""
        return f"name the model behind it in editor.model (now {self.model})"

    def url_form(self, endpoint: str, environment: Mapping[str, str]) -> UrlForm:
        """Follow ``url_style``, or else the environment's API version."""
        if not self.address.is_azure:
            return UrlForm(has_deployment=False)
        version = environment.get(_VERSION_VARIABLE, "").strip()
        is_preview = version == "preview"
        is_v1 = version in _NO_VERSION or endpoint.endswith("/openai/v1")
        if self.url_style == "v1" or (self.url_style == "auto" and is_v1):
            return UrlForm(has_deployment=False, api_version=version if is_preview else "")
        if version in _NO_VERSION:
            raise SignInError(
                "OPENAI_API_VERSION is not set, which deployment-style URLs need; set it (for "
                "example to 2025-04-01-preview) or use editor.url_style v1"
            )
        return UrlForm(has_deployment=True, api_version=version)

    def most_usd(self, request: EditRequest, size: Size) -> float | None:
        """Return the price of the most tokens that one call can use."""
        facts = self.facts
        tokens = most_tokens(
            self.sent_prompt(request),
            facts.output_tokens.get((self.quality, size)),
            fidelity_tokens=facts.fidelity_tokens(self.fidelity, size),
        )
        return cost_of(self.price_list, tokens)

    def cost_usd(self, usage: Mapping[str, int]) -> float | None:
        """Return the price of the tokens that a call used."""
        return cost_of(self.price_list, Tokens.from_usage(usage))

    def warnings(self, defects: Sequence[str], today: date) -> list[str]:
        """Tell of a retired model and an unknown price too."""
        told = [retirement_warning(self.model, today), self._price_warning()]
        return [*filter(None, told), *super().warnings(defects, today)]

    def _price_warning(self) -> str | None:
        if self.unpriced_model is None:
            return None
        return (
            f"the price of {self.model} is not known ({self.facts.price_source}): costs are "
            "shown as unknown until you give editor.prices"
        )
