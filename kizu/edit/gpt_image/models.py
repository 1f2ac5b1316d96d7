"""The gpt-image models as data: what each accepts, what it costs, and until when it lives.

Sizes, options and limits: Azure OpenAI's and OpenAI's image guides. Retirement dates: Azure's model
retirement schedule of 2026-09-02. A deployment's name is the user's; its family is named here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from kizu.edit.gpt_image.pricing import Prices
from kizu.edit.openai_images.deployment import BodyLimits, Size
from kizu.imaging.geometry import FixedSizes, FreeSizes, SizeRule


class Family(StrEnum):
    """The families a spec can name."""

    GPT_IMAGE_1 = "gpt-image-1"
    GPT_IMAGE_1_MINI = "gpt-image-1-mini"
    GPT_IMAGE_1_5 = "gpt-image-1.5"
    GPT_IMAGE_2 = "gpt-image-2"
    GENERIC = "generic"


class Quality(StrEnum):
    """How much work the model puts into a picture; it decides most of the price."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Fidelity(StrEnum):
    """How closely the model looks at the photo that is sent."""

    LOW = "low"
    HIGH = "high"


_BODY_LIMITS: Final = BodyLimits(
    prompt_characters=32_000, image_bytes=50_000_000, mask_bytes=4_000_000
)


@dataclass(frozen=True)
class FamilyFacts:
    """What is known of a family.

    Attributes:
        sizes: Picture sizes it accepts.
        qualities: Values of ``quality`` it accepts.
        fidelities: Values of ``input_fidelity`` it accepts; empty where it must not be sent.
        formats: Output formats on Azure; kizu asks for the first.
        output_tokens: Tokens of a picture by quality and size; empty where not published.
        images_per_minute: A new deployment's quota.
        prices: The list prices, empty where not known.
        priced_on: Date of the price list; None without one.
        price_source: Where the prices were read.
        retires_on: When Azure shuts it down; None where no date is published.
        body_limits: How much one call may send.
    """

    sizes: SizeRule
    qualities: tuple[Quality, ...]
    fidelities: tuple[Fidelity, ...]
    output_tokens: Mapping[tuple[Quality, Size], int]
    images_per_minute: float
    prices: Prices
    priced_on: date | None
    price_source: str
    retires_on: date | None
    formats: tuple[str, ...] = ("png", "jpeg")
    body_limits: BodyLimits = _BODY_LIMITS

    def fidelity_tokens(self, fidelity: Fidelity | None, size: Size) -> int:
        """Return the image tokens that an input fidelity adds to a photo of a size."""
        if fidelity is not Fidelity.HIGH:
            return 0
        return 4096 if size[0] == size[1] else 6144


_SQUARE, _LANDSCAPE, _PORTRAIT = (1024, 1024), (1536, 1024), (1024, 1536)
_THREE_SIZES: Final = FixedSizes((_SQUARE, _LANDSCAPE, _PORTRAIT))
_ANY_SIZE: Final = FreeSizes(
    multiple_px=16, min_pixels=655_360, max_pixels=8_294_400, max_edge_px=3840, max_aspect=3.0
)
_ALL_QUALITIES: Final = tuple(Quality)

_OUTPUT_TOKENS: Final[Mapping[tuple[Quality, Size], int]] = {
    (Quality.LOW, _SQUARE): 272,
    (Quality.LOW, _PORTRAIT): 408,
    (Quality.LOW, _LANDSCAPE): 400,
    (Quality.MEDIUM, _SQUARE): 1056,
    (Quality.MEDIUM, _PORTRAIT): 1584,
    (Quality.MEDIUM, _LANDSCAPE): 1568,
    (Quality.HIGH, _SQUARE): 4160,
    (Quality.HIGH, _PORTRAIT): 6240,
    (Quality.HIGH, _LANDSCAPE): 6208,
}

FAMILIES: Final[Mapping[Family, FamilyFacts]] = {
    Family.GPT_IMAGE_1: FamilyFacts(
        sizes=_THREE_SIZES,
        qualities=_ALL_QUALITIES,
        fidelities=(Fidelity.LOW, Fidelity.HIGH),
        output_tokens=_OUTPUT_TOKENS,
        images_per_minute=5,
        prices=Prices(text_input_usd=5, image_input_usd=10, image_output_usd=40),
        priced_on=date(2026, 10, 23),
        price_source="OpenAI's model page",
        retires_on=date(2026, 10, 23),
    ),
    Family.GPT_IMAGE_1_MINI: FamilyFacts(
        sizes=_THREE_SIZES,
        qualities=_ALL_QUALITIES,
        fidelities=(Fidelity.LOW,),
        output_tokens=_OUTPUT_TOKENS,
        images_per_minute=12,
        prices=Prices(text_input_usd=2, image_input_usd=2.5, image_output_usd=8),
        priced_on=date(2026, 10, 23),
        price_source="OpenAI's model page",
        retires_on=date(2027, 4, 7),
    ),
    Family.GPT_IMAGE_1_5: FamilyFacts(
        sizes=_THREE_SIZES,
        qualities=_ALL_QUALITIES,
        fidelities=(Fidelity.LOW, Fidelity.HIGH),
        output_tokens=_OUTPUT_TOKENS,
        images_per_minute=5,
        prices=Prices(text_input_usd=5, image_input_usd=8, image_output_usd=32),
        priced_on=date(2026, 5, 10),
        price_source="resellers' pages, not Azure's",
        retires_on=date(2027, 6, 16),
    ),
    Family.GPT_IMAGE_2: FamilyFacts(
        sizes=_ANY_SIZE,
        qualities=_ALL_QUALITIES,
        fidelities=(),
        output_tokens={},
        images_per_minute=12,
        prices=Prices(),
        priced_on=None,
        price_source="no verified price list",
        retires_on=date(2027, 10, 21),
    ),
    Family.GENERIC: FamilyFacts(
        sizes=_ANY_SIZE,
        qualities=_ALL_QUALITIES,
        fidelities=(),
        output_tokens={},
        images_per_minute=5,
        prices=Prices(),
        priced_on=None,
        price_source="no price list",
        retires_on=None,
    ),
}


def retirement_warning(family: Family, today: date) -> str | None:
    """Return a sentence if a family is shut down or soon will be, with what lives on.

    Example:
        >>> print(retirement_warning(Family.GPT_IMAGE_1, date(2026, 11, 23)))
        gpt-image-1 was retired on 2026-10-23 and answers with errors only; deploy one of \
gpt-image-2 (until 2027-10-21), gpt-image-1.5 (until 2027-06-16), gpt-image-1-mini (until \
2027-04-07) and name it in editor.model
    """
    retires_on = FAMILIES[family].retires_on
    if retires_on is None or (retires_on - today).days > _SOON_DAYS:
        return None
    what = (
        f"was retired on {retires_on} and answers with errors only"
        if retires_on <= today
        else f"retires on {retires_on}"
    )
    return f"{family} {what}; deploy one of {_alternatives(today)} and name it in editor.model"


_SOON_DAYS: Final = 60


def _alternatives(today: date) -> str:
    living = sorted(
        (
            (facts.retires_on, family)
            for family, facts in FAMILIES.items()
            if facts.retires_on and (facts.retires_on - today).days > _SOON_DAYS
        ),
        reverse=True,
    )
    return ", ".join(f"{family} (until {retires_on})" for retires_on, family in living)
