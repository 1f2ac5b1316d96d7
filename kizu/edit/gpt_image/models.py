"""The gpt-image models as data: what each accepts, what it costs, and until when it lives.

Sizes, options and limits: Azure OpenAI's and OpenAI's image guides, and of 2.5 and 2.6 the types of
openai 3.54. Retirement dates: copies of Azure's model retirement schedule, the last of 2026-09-02.
Prices of gpt-image-2 and 2.5: OpenAI's price page as quoted between 2026-09-24 and 2026-10-07. A
deployment's name is the user's; its family is named here.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, Literal

from kizu.edit.gpt_image.pricing import Prices
from kizu.edit.gpt_image.tokens import (
    LANDSCAPE,
    PORTRAIT,
    SQUARE,
    CountTokens,
    Quality,
    grid_rank,
    grid_tokens,
    listed_rank,
    listed_tokens,
)
from kizu.edit.openai_images.deployment import BodyLimits, Size
from kizu.imaging.geometry import FixedSizes, FreeSizes, SizeRule


class Family(StrEnum):
    """The families a spec can name."""

    GPT_IMAGE_1 = "gpt-image-1"
    GPT_IMAGE_1_MINI = "gpt-image-1-mini"
    GPT_IMAGE_1_5 = "gpt-image-1.5"
    GPT_IMAGE_2 = "gpt-image-2"
    GPT_IMAGE_2_5_SUNBURST = "gpt-image-2.5-sunburst"
    GPT_IMAGE_2_5_FLARE = "gpt-image-2.5-flare"
    GPT_IMAGE_2_6_SUNBURST = "gpt-image-2.6-sunburst"
    GPT_IMAGE_2_6_FLARE = "gpt-image-2.6-flare"
    GENERIC = "generic"


class Fidelity(StrEnum):
    """How closely the model looks at the photo that is sent."""

    LOW = "low"
    HIGH = "high"


AutoSize = Literal["fit", "cheapest"]
"""The accepted size that fits a crop best, or the cheapest one that holds it."""


class Complexity(StrEnum):
    """How much the model plans before it draws; more of it changes more than was asked for."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


_THREE_QUALITIES: Final = (Quality.LOW, Quality.MEDIUM, Quality.HIGH)
_NO_PRICES: Final = Prices()
_BODY_LIMITS: Final = BodyLimits(
    prompt_characters=32_000, image_bytes=50_000_000, mask_bytes=4_000_000
)


@dataclass(frozen=True)
class FamilyFacts:
    """What is known of a family.

    Attributes:
        sizes: Picture sizes it accepts.
        images_per_minute: A new deployment's quota.
        price_source: Where the prices were read, or why there are none.
        qualities: Values of ``quality`` it accepts.
        fidelities: Values of ``input_fidelity`` it accepts; empty where it must not be sent.
        complexities: Values of ``complexity`` it accepts; empty where it must not be sent.
        takes_batches: Whether the Batch API is said to serve it.
        takes_markup: Whether a drawing over the photo may say where the defect goes.
        output_tokens: Tokens of a picture; None where not published.
        rank: What sizes are compared by to find the cheapest; None where not known.
        auto_size: What a size of "auto" means.
        prices: The list prices, empty where not known.
        priced_on: Date of the price list; None without one.
        retires_on: When Azure shuts it down, earliest first: copies of its schedule disagree.
            Empty where no date is published.
        reads_closely: Whether every photo is read at high fidelity, whatever is sent.
        formats: Output formats on Azure; kizu asks for the first.
        body_limits: How much one call may send.
    """

    sizes: SizeRule
    images_per_minute: float
    price_source: str
    qualities: tuple[Quality, ...] = _THREE_QUALITIES
    fidelities: tuple[Fidelity, ...] = ()
    complexities: tuple[Complexity, ...] = ()
    takes_batches: bool = False
    takes_markup: bool = False
    output_tokens: CountTokens | None = None
    rank: Callable[[Quality, Size], float] | None = None
    auto_size: AutoSize = "fit"
    prices: Prices = _NO_PRICES
    priced_on: date | None = None
    retires_on: tuple[date, ...] = ()
    reads_closely: bool = False
    formats: tuple[str, ...] = ("png", "jpeg")
    body_limits: BodyLimits = _BODY_LIMITS

    def close_tokens(self, fidelity: Fidelity | None, size: Size) -> int:
        """Return the image tokens that a close look at a photo of a size adds."""
        if self.reads_closely:
            return math.ceil(size[0] * size[1] / _PX_PER_CLOSE_TOKEN)
        if fidelity is not Fidelity.HIGH:
            return 0
        return 4096 if size[0] == size[1] else 6144


_PX_PER_CLOSE_TOKEN: Final = 256
"""Pixels per token of a photo that is read closely: 4096 of 1024x1024 and 6144 of 1536x1024, as
high fidelity adds on gpt-image-1. For later families it is the most that can be expected."""

_THREE_SIZES: Final = FixedSizes((SQUARE, LANDSCAPE, PORTRAIT))
_ANY_SIZE: Final = FreeSizes(
    multiple_px=16, min_pixels=655_360, max_pixels=8_294_400, max_edge_px=3840, max_aspect=3.0
)
_LATER_PRICES: Final = Prices(text_input_usd=5, image_input_usd=8, image_output_usd=30)
_LATER_PRICED_ON: Final = date(2026, 10, 7)
_LATER_PRICE_SOURCE: Final = "OpenAI's price page as public repositories quote it, not Azure's"


def _of_2_5() -> FamilyFacts:
    return FamilyFacts(
        sizes=_ANY_SIZE,
        images_per_minute=5,
        qualities=tuple(Quality),
        takes_markup=True,
        output_tokens=grid_tokens,
        rank=grid_rank,
        auto_size="cheapest",
        prices=_LATER_PRICES,
        priced_on=_LATER_PRICED_ON,
        price_source=_LATER_PRICE_SOURCE,
        reads_closely=True,
    )


def _of_2_6() -> FamilyFacts:
    return FamilyFacts(
        sizes=_ANY_SIZE,
        images_per_minute=5,
        qualities=tuple(Quality),
        complexities=tuple(Complexity),
        takes_markup=True,
        rank=grid_rank,
        auto_size="cheapest",
        price_source="no price list",
        reads_closely=True,
    )


FAMILIES: Final[Mapping[Family, FamilyFacts]] = {
    Family.GPT_IMAGE_1: FamilyFacts(
        sizes=_THREE_SIZES,
        fidelities=(Fidelity.LOW, Fidelity.HIGH),
        takes_batches=True,
        output_tokens=listed_tokens,
        rank=listed_rank,
        images_per_minute=5,
        prices=Prices(text_input_usd=5, image_input_usd=10, image_output_usd=40),
        priced_on=date(2026, 10, 23),
        price_source="OpenAI's model page",
        retires_on=(date(2026, 10, 23),),
    ),
    Family.GPT_IMAGE_1_MINI: FamilyFacts(
        sizes=_THREE_SIZES,
        fidelities=(Fidelity.LOW,),
        takes_batches=True,
        output_tokens=listed_tokens,
        rank=listed_rank,
        images_per_minute=12,
        prices=Prices(text_input_usd=2, image_input_usd=2.5, image_output_usd=8),
        priced_on=date(2026, 10, 23),
        price_source="OpenAI's model page",
        retires_on=(date(2027, 4, 7),),
    ),
    Family.GPT_IMAGE_1_5: FamilyFacts(
        sizes=_THREE_SIZES,
        fidelities=(Fidelity.LOW, Fidelity.HIGH),
        takes_batches=True,
        output_tokens=listed_tokens,
        rank=listed_rank,
        images_per_minute=5,
        prices=Prices(text_input_usd=5, image_input_usd=8, image_output_usd=32),
        priced_on=date(2026, 5, 10),
        price_source="resellers' pages, not Azure's",
        retires_on=(date(2026, 12, 16), date(2027, 6, 16)),
    ),
    Family.GPT_IMAGE_2: FamilyFacts(
        sizes=_ANY_SIZE,
        takes_batches=True,
        output_tokens=grid_tokens,
        rank=grid_rank,
        images_per_minute=12,
        prices=_LATER_PRICES,
        priced_on=_LATER_PRICED_ON,
        price_source=_LATER_PRICE_SOURCE,
        retires_on=(date(2027, 4, 21), date(2027, 10, 21)),
        reads_closely=True,
    ),
    Family.GPT_IMAGE_2_5_SUNBURST: _of_2_5(),
    Family.GPT_IMAGE_2_5_FLARE: _of_2_5(),
    Family.GPT_IMAGE_2_6_SUNBURST: _of_2_6(),
    Family.GPT_IMAGE_2_6_FLARE: _of_2_6(),
    Family.GENERIC: FamilyFacts(sizes=_ANY_SIZE, images_per_minute=5, price_source="no price list"),
}


def retirement_warning(family: Family, today: date) -> str | None:
    """Return a sentence if a family is shut down or soon will be, with what lives on.

    Example:
        >>> print(retirement_warning(Family.GPT_IMAGE_1, date(2026, 11, 23)))
        gpt-image-1 was retired on 2026-10-23 and answers with errors only; deploy one of \
gpt-image-2 (until 2027-04-21 or 2027-10-21), gpt-image-1.5 (until 2026-12-16 or 2027-06-16), \
gpt-image-1-mini (until 2027-04-07) and name it in editor.model
        >>> print(retirement_warning(Family.GPT_IMAGE_1_5, date(2026, 11, 23)))
        gpt-image-1.5 retires on 2026-12-16 or 2027-06-16: copies of Azure's schedule disagree, \
check your resource; deploy one of gpt-image-2 (until 2027-04-21 or 2027-10-21), \
gpt-image-1-mini (until 2027-04-07) and name it in editor.model
    """
    dates = FAMILIES[family].retires_on
    if not dates or (dates[0] - today).days > _SOON_DAYS:
        return None
    what = (
        f"was retired on {dates[-1]} and answers with errors only"
        if dates[-1] <= today
        else f"retires on {_either(dates)}"
    )
    unsure = len(dates) > 1 and dates[-1] > today
    check = ": copies of Azure's schedule disagree, check your resource" if unsure else ""
    living = _alternatives(family, today)
    which = f"one of {living}" if living else "a newer model"
    return f"{family} {what}{check}; deploy {which} and name it in editor.model"


_SOON_DAYS: Final = 60
"""Days before its end in which a model is warned of: time to deploy another one."""


def _alternatives(family: Family, today: date) -> str:
    living = sorted(
        (
            (facts.retires_on[-1], other)
            for other, facts in FAMILIES.items()
            if other is not family
            and facts.retires_on
            and (facts.retires_on[-1] - today).days > _SOON_DAYS
        ),
        reverse=True,
    )
    return ", ".join(
        f"{other} (until {_either(FAMILIES[other].retires_on)})" for _, other in living
    )


def _either(dates: tuple[date, ...]) -> str:
    return " or ".join(map(str, dates))
