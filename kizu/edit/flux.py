"""FLUX.1 Kontext [pro] of Black Forest Labs, deployed in Microsoft Foundry, as a plug-in.

Where what is said of it comes from:

- Address, sign-in, form fields, quota, largest picture (1 megapixel), longest prompt (5,000
  tokens): "Deploy and use FLUX models in Microsoft Foundry", learn.microsoft.com, 2026-03-23. Its
  examples send one photo and no mask, and ask for 1024x1024.
- Price: Black Forest Labs' price list, docs.bfl.ml/quick_start/pricing, and LiteLLM's page on image
  edits by Azure AI, docs.litellm.ai/docs/providers/azure_ai_img_edit, 2026-10-14. Azure's own is
  not verified.
- Other sizes: those the open-weights Kontext model was made for, as diffusers'
  ``FluxKontextPipeline`` lists them.
- The picture comes as base64 in JSON: programs that use the service. Microsoft's page speaks of a
  URL, which would be fetched.

None of this was tried against the live service.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from kizu.edit.openai_images.deployment import BodyLimits, ServiceAddress, Size, UrlForm
from kizu.edit.openai_images.settings import ImageServiceSettings, check_size
from kizu.edit.openai_images.target import Target
from kizu.edit.prompts import RegionForm
from kizu.edit.request import EditRequest
from kizu.edit.served import Served, ServedCall, ServedModel
from kizu.imaging.geometry import FixedSizes
from kizu.settings import Operational


class FluxModel(StrEnum):
    """The models a spec can name."""

    KONTEXT_PRO = "FLUX.1-Kontext-pro"


_DEFAULT_VERSION: Final = "preview"  # as in Microsoft's examples
DOCUMENTED_SIZE: Final = "1024x1024"
LIST_PRICE_USD: Final = 0.04

_LANDSCAPES: Final = (
    *((1568, 672), (1504, 688), (1456, 720), (1392, 752)),
    *((1328, 800), (1248, 832), (1184, 880), (1104, 944)),
)
SIZES: Final = FixedSizes(
    (*_LANDSCAPES, (1024, 1024), *((height, width) for width, height in _LANDSCAPES))
)
_LIMITS: Final = BodyLimits(
    prompt_characters=5_000,  # 5,000 tokens, each of a character at least
    image_bytes=20_000_000,
    mask_bytes=0,
)
_ADDRESS: Final = ServiceAddress(
    endpoint_variable="AZURE_AI_ENDPOINT",
    key_variable="AZURE_AI_API_KEY",
    version_source="editor.api_version",
    example="https://NAME.services.ai.azure.com",
    entra_role="Cognitive Services User",
)


class FluxSettings(ImageServiceSettings):
    """FLUX.1 Kontext [pro] in Microsoft Foundry: every edit is paid for, once."""

    version: ClassVar[str] = "1"

    name: Literal["flux"] = Field(title="Editor", description="Edits by FLUX.1 Kontext; paid.")
    model: FluxModel = Field(
        FluxModel.KONTEXT_PRO, title="Model", description="The model behind the deployment."
    )
    language: Literal["en"] = Field(
        "en", title="Prompt language", description="FLUX.1 Kontext reads English."
    )
    size: str = Field(
        DOCUMENTED_SIZE,
        pattern=r"^(auto|\d+x\d+)$",
        title="Picture size",
        description="WIDTHxHEIGHT, or 'auto' for the size of about a megapixel that fits a photo "
        "best. Microsoft documents 1024x1024 only.",
    )
    api_version: Annotated[str, Operational()] = Field(
        _DEFAULT_VERSION,
        pattern=r"^[\w-]+$",
        title="API version",
        description="In the request's address.",
    )
    price_usd: Annotated[float, Operational()] = Field(
        LIST_PRICE_USD,
        ge=0,
        title="Price (USD)",
        description="US dollars per image by your contract; the list price if you leave it.",
    )

    @model_validator(mode="after")
    def _fits_model(self) -> Self:
        check_size(self.model, SIZES, self.fixed_size)
        return self

    @classmethod
    def served_models(cls) -> Sequence[ServedModel]:
        """Return the model as the emulator serves it."""
        limit = _LIMITS.prompt_characters
        return [ServedModel(FluxModel.KONTEXT_PRO, SIZES, limit, _serve)]

    @property
    def region_form(self) -> RegionForm:
        """Regions are told in words only."""
        return "none"

    @property
    def model_name(self) -> str:
        """The model's name."""
        return self.model.value

    @property
    def model_sizes(self) -> FixedSizes:
        """The picture sizes that the model takes."""
        return SIZES

    @property
    def default_quota(self) -> float:
        """Images per minute of a new deployment."""
        return 6

    @property
    def body_limits(self) -> BodyLimits:
        """How much the service takes."""
        return _LIMITS

    @property
    def options(self) -> Mapping[str, Any]:
        """Nothing: seed, aspect ratio and format are options of another API."""
        return {}

    @property
    def address(self) -> ServiceAddress:
        """Where the Foundry resource is found."""
        return _ADDRESS

    @property
    def way_to_model(self) -> str:
        """What to do if the deployment has another model."""
        return f"let it be one of {self.model}"

    def told_version(self, environment: Mapping[str, str]) -> str:  # noqa: ARG002 - the base's
        """Return the version in the settings, if it is another than where nothing is said."""
        return "" if self.api_version == _DEFAULT_VERSION else self.api_version

    def url_form(self, target: Target, version: str) -> UrlForm:  # noqa: ARG002 - the base's
        """Name the deployment in the path."""
        return UrlForm(has_deployment=True, api_version=version or self.api_version)

    def most_usd(self, request: EditRequest, size: Size) -> float:  # noqa: ARG002 - the base's
        """Return the price of an image, whatever is on it."""
        return self.price_usd

    def cost_usd(self, usage: Mapping[str, int]) -> float:  # noqa: ARG002 - the base's
        """Return the price of an image."""
        return self.price_usd

    def warnings(self, defects: Sequence[str], today: date) -> list[str]:
        """Tell what was never tried, and of words that are not English."""
        untried = f"{self.model} was tried against the emulator only; buy a single edit first"
        told = [f"{untried} (budget.max_requests: 1)"]
        if self.size != DOCUMENTED_SIZE:
            told.append(
                f"editor.size {self.size} is not documented for {self.model}: an answer of "
                f"another shape would be paid for and be no edit; {DOCUMENTED_SIZE} is safe"
            )
        told += [
            f"defects.{index}: {self.model} reads English; say the defect in English"
            for index, words in enumerate(defects)
            if not _is_latin(words)
        ]
        return [*told, *super().warnings(defects, today)]


def _serve(call: ServedCall) -> Served:  # noqa: ARG001 - a price per image
    return Served(LIST_PRICE_USD)


def _is_latin(text: str) -> bool:
    letters = filter(str.isalpha, text)
    return all(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
