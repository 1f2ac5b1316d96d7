"""The gpt-image models as a plug-in."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, JsonValue, model_validator

from kizu.azure_signin import SignInError
from kizu.edit.gpt_image.models import (
    FAMILIES,
    Complexity,
    Family,
    FamilyFacts,
    Fidelity,
    retirement_warning,
)
from kizu.edit.gpt_image.pricing import (
    BATCH_SHARE,
    MOST_PARTIAL_IMAGES,
    PARTIAL_TOKENS,
    Prices,
    Tokens,
    cost_of,
    most_tokens,
)
from kizu.edit.gpt_image.served import served_models
from kizu.edit.gpt_image.tokens import SQUARE, Quality
from kizu.edit.openai_images.deployment import BodyLimits, ServiceAddress, Size, UrlForm
from kizu.edit.openai_images.markup import MARKUP_VERSION
from kizu.edit.openai_images.settings import ImageServiceSettings, check_size
from kizu.edit.openai_images.target import Target
from kizu.edit.prompts import RegionForm
from kizu.edit.request import EditRequest
from kizu.edit.served import ServedModel
from kizu.edit.sizing import SIZING_VERSION, CheapestSizes
from kizu.imaging.geometry import SizeChoice, SizeRule
from kizu.settings import Operational

LONGEST_BATCH_WAIT_S: Final = 86_400.0
"""A batch is over within a day: OpenAI's batch guide."""

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


_REGION_KEYS: Final[Mapping[RegionForm, str | None]] = {
    "mask": None,
    "markup": f"markup {MARKUP_VERSION}",
    "none": "none",
}
"""What keys call the form of a region; masks are older than this."""


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
    size: str = Field(
        "auto",
        pattern=r"^(auto|fit|cheapest|\d+x\d+)$",
        title="Picture size",
        description="'fit' takes the accepted size that fits a photo best, 'cheapest' the one "
        "that costs least of those that hold it; or WIDTHxHEIGHT. 'auto' is 'fit' up to "
        "gpt-image-2 and 'cheapest' from 2.5 on.",
    )
    quality: Quality = Field(
        Quality.MEDIUM, title="Picture quality", description="More quality costs more tokens."
    )
    input_fidelity: Fidelity | None = Field(
        None,
        title="Input fidelity",
        description="How closely the model keeps to the photo. Empty: high where it is offered.",
    )
    region_as: Literal["auto", RegionForm] = Field(
        "auto",
        title="Region",
        description="How a region is sent beside its words: as a 'mask', as 'markup' drawn over "
        "the photo, or 'none'. 'auto' is markup where the model takes it, else a mask.",
    )
    complexity: Complexity | None = Field(
        None,
        title="Complexity",
        description="How much the model plans; more changes more than was asked for. Empty: low "
        "where it is offered.",
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
    partial_images: Annotated[int, Operational()] = Field(
        0,
        ge=0,
        le=MOST_PARTIAL_IMAGES,
        title="Partial pictures",
        description="Unfinished pictures that are streamed while an edit is made, so that no "
        "gateway takes a long one for idle; each costs 100 tokens. 0 waits without a stream.",
    )
    batch: Annotated[bool, Operational()] = Field(
        default=False,
        title="In batches",
        description="Buy edits through the Batch API, at half the price and within a day. "
        "Never tried against a live service.",
    )
    batch_wait_s: Annotated[float, Operational()] = Field(
        0,
        ge=0,
        le=LONGEST_BATCH_WAIT_S,
        title="Wait for batches (s)",
        description="How long a build waits for a batch. What is not there by then is taken by "
        "the next build.",
    )
    prices: Annotated[Prices | None, Operational()] = Field(
        None, title="Prices", description="Your price list. Empty: the model's list prices."
    )

    @model_validator(mode="after")
    def _fits_model(self) -> Self:
        facts = self.facts
        for option, value, offered in (
            ("quality", self.quality, facts.qualities),
            ("input_fidelity", self.input_fidelity, facts.fidelities),
            ("complexity", self.complexity, facts.complexities),
        ):
            if value is not None and value not in offered:
                names = ", ".join(offered) or "none"
                way_out = "choose one of them" if option == "quality" else "leave it out"
                raise ValueError(
                    f"{self.model} does not take {option} {value.value!r} (it takes: {names}); "
                    f"{way_out}"
                )
        if self.region_as == "markup" and not facts.takes_markup:
            raise ValueError(
                f"{self.model} takes no markup; let editor.region_as be auto, mask or none"
            )
        if self.batch and not facts.takes_batches:
            raise ValueError(
                f"{self.model} is not known to be served in batches; let editor.batch be false"
            )
        if self.size == "cheapest" and facts.rank is None:
            raise ValueError(
                f"what a picture of {self.model} costs by its size is not known; let editor.size "
                "be auto or WIDTHxHEIGHT"
            )
        check_size(self.model, facts.sizes, self.fixed_size)
        return self

    @classmethod
    def served_models(cls) -> Sequence[ServedModel]:
        """Return every model family."""
        return served_models()

    def shaping(self) -> dict[str, Any]:
        """Return what can change a picture, under the name that keys have for this editor.

        What came later is named only where it is not as it always was: a mask for the region, and
        nothing said of complexity.
        """
        fields = {**super().shaping(), "name": "azure", "size": self._size_key}
        del fields["region_as"], fields["complexity"]
        later = {
            "region_as": _REGION_KEYS[self.region_form],
            "complexity": self.sent_complexity and self.sent_complexity.value,
        }
        return {**fields, **{name: value for name, value in later.items() if value is not None}}

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
    def sizes(self) -> SizeChoice:
        """The picture sizes that may be sent, and which of them is chosen."""
        rank = self.facts.rank
        if self._sizing != "cheapest" or rank is None:
            return super().sizes
        return CheapestSizes(self.facts.sizes, partial(rank, self.quality))

    @property
    def _sizing(self) -> str:
        return self.facts.auto_size if self.size == "auto" else self.size

    @property
    def _size_key(self) -> str:
        """The size as keys name it: the best fit was called "auto" when there was no other."""
        names = {"fit": "auto", "cheapest": f"cheapest {SIZING_VERSION}"}
        return names.get(self._sizing, self._sizing)

    @property
    def region_form(self) -> RegionForm:
        """How a region is sent beside its words."""
        if self.region_as != "auto":
            return self.region_as
        return "markup" if self.facts.takes_markup else "mask"

    @property
    def sent_complexity(self) -> Complexity | None:
        """The complexity that is sent; None where it must be left out."""
        if self.complexity is not None:
            return self.complexity
        return Complexity.LOW if self.facts.complexities else None

    @property
    def price_list(self) -> Prices:
        """The prices that count."""
        return self.prices or self.facts.prices

    @property
    def unpriced_model(self) -> str | None:
        """The model, if the most a call can cost is not known before it is made."""
        prices = self.price_list
        by_tokens = prices.are_known and self._output_tokens(SQUARE) is not None
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
        """Quality, format, and what else the model takes of fidelity and complexity."""
        further = {"input_fidelity": self.fidelity, "complexity": self.sent_complexity}
        return {
            "quality": self.quality.value,
            "output_format": self.facts.formats[0],
            **{name: value.value for name, value in further.items() if value is not None},
        }

    @property
    def wants_batches(self) -> bool:
        """True if edits are to be bought in batches."""
        return self.batch

    @property
    def batch_share(self) -> float:
        """Half: what is billed of the list price in a batch."""
        return BATCH_SHARE

    @property
    def longest_batch_wait_s(self) -> float:
        """How long a build waits for a batch before it ends."""
        return self.batch_wait_s

    @property
    def streamed_pictures(self) -> int:
        """How many unfinished pictures are streamed while an edit is made."""
        return self.partial_images

    @property
    def address(self) -> ServiceAddress:
        """Where the provider is found."""
        return _ADDRESSES[self.provider]

    @property
    def way_to_model(self) -> str:
        """What to do if the deployment has another model."""
        return f"name the model behind it in editor.model (now {self.model})"

    def told_version(self, environment: Mapping[str, str]) -> str:
        """Return the API version in the environment; OpenAI's own URLs have none."""
        return environment.get(_VERSION_VARIABLE, "").strip() if self.address.is_azure else ""

    def url_form(self, target: Target, version: str) -> UrlForm:
        """Follow ``url_style``, or else the endpoint, or else the API version."""
        if not self.address.is_azure:
            return UrlForm(has_deployment=False)
        is_v1 = not target.deployment and (version in _NO_VERSION or target.is_v1)
        if self.url_style == "v1" or (self.url_style == "auto" and is_v1):
            is_preview = version == "preview"
            return UrlForm(has_deployment=False, api_version=version if is_preview else "")
        if target.is_v1:
            raise SignInError(
                f"{self.address.endpoint_variable} is for v1 URLs and editor.url_style says "
                "deployment; let the endpoint end before /openai, or let url_style be auto"
            )
        if not version or (version in _NO_VERSION and not target.deployment):
            raise SignInError(
                "OPENAI_API_VERSION is not set, which deployment-style URLs need; set it (for "
                "example to 2025-04-01-preview) or use editor.url_style v1"
            )
        return UrlForm(has_deployment=True, api_version=version)

    def most_usd(self, request: EditRequest, size: Size) -> float | None:
        """Return the price of the most tokens that one call can use."""
        has_markup = self.region_form == "markup" and request.ask.get("region") is not None
        tokens = most_tokens(
            self.sent_prompt(request),
            self._output_tokens(size),
            partial_tokens=PARTIAL_TOKENS * self.partial_images,
            close_tokens=self.facts.close_tokens(self.fidelity, size),
            pictures=2 if has_markup else 1,
        )
        most_usd = cost_of(self.price_list, tokens)
        return most_usd if most_usd is None or not self.batch else round(most_usd * BATCH_SHARE, 9)

    def _output_tokens(self, size: Size) -> int | None:
        count = self.facts.output_tokens
        return count(self.quality, size) if count else None

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
        why = self.facts.price_source
        if self.facts.output_tokens and self.price_list.are_known:
            why = f"the tokens of quality {self.quality.value} are not published"
        return (
            f"the price of {self.model} is not known ({why}): costs are "
            "shown as unknown until you give editor.prices"
        )
