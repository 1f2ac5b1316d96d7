"""What a call costs: from the tokens it used, or before it from the tokens it will use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from kizu.settings import Settings

_PER_MILLION: Final = 1e-6
_INPUT_TOKENS_LOW: Final = 323
"""Image tokens of one photo at low fidelity: 65 for the picture and 129 per 512-px tile, two at
most once it is scaled to that fidelity's size."""

BATCH_SHARE: Final = 0.5
"""Billed of the list price in a batch: OpenAI's batch guide halves it."""
PARTIAL_TOKENS: Final = 100
"""Output tokens of one unfinished picture of a stream: OpenAI's image guide."""
MOST_PARTIAL_IMAGES: Final = 3
"""Most unfinished pictures the service streams: OpenAI's API reference."""


class Prices(Settings):
    """A price list; what is left empty is unknown, and unknown is never taken for free."""

    text_input_usd: float | None = Field(
        None, ge=0, title="Text input", description="US dollars per million text tokens sent."
    )
    image_input_usd: float | None = Field(
        None, ge=0, title="Image input", description="US dollars per million image tokens sent."
    )
    image_output_usd: float | None = Field(
        None,
        ge=0,
        title="Image output",
        description="US dollars per million image tokens that come back.",
    )
    per_image_usd: float | None = Field(
        None,
        ge=0,
        title="Per image",
        description="US dollars per edited image, if that is how you are billed; it then stands "
        "for everything.",
    )

    @property
    def are_known(self) -> bool:
        """True if a call's cost can be told."""
        rates = (self.text_input_usd, self.image_input_usd, self.image_output_usd)
        return self.per_image_usd is not None or None not in rates


@dataclass(frozen=True)
class Tokens:
    """Tokens of one call."""

    text_input: int
    image_input: int
    image_output: int

    @classmethod
    def from_usage(cls, usage: Mapping[str, int]) -> "Tokens | None":
        """Read the usage of an answer; None if it tells too little."""
        names = ("text_input_tokens", "image_input_tokens", "output_tokens")
        if any(name not in usage for name in names):
            return None
        return cls(*(usage[name] for name in names))


def cost_of(prices: Prices, tokens: Tokens | None) -> float | None:
    """Return what a call cost in US dollars; None where price or tokens are not known.

    Example:
        >>> rates = Prices(text_input_usd=5, image_input_usd=10, image_output_usd=40)
        >>> cost_of(rates, Tokens(text_input=43, image_input=194, image_output=4160))
        0.168555
    """
    if prices.per_image_usd is not None:
        return prices.per_image_usd
    rates = (prices.text_input_usd, prices.image_input_usd, prices.image_output_usd)
    if tokens is None or rates[0] is None or rates[1] is None or rates[2] is None:
        return None
    parts = (tokens.text_input, tokens.image_input, tokens.image_output)
    cost = sum(count * rate for count, rate in zip(parts, rates, strict=True) if rate is not None)
    return round(cost * _PER_MILLION, 9)


def most_tokens(
    prompt: str,
    output_tokens: int | None,
    *,
    close_tokens: int = 0,
    pictures: int = 1,
    partial_tokens: int = 0,
) -> Tokens | None:
    """Return an upper bound of a call's tokens, for reserving its price before it is made.

    Args:
        prompt: The prompt; a token is at least one byte of it.
        output_tokens: Tokens of the picture that comes back; None if not known.
        close_tokens: Image tokens that a close look at one picture adds.
        pictures: Pictures that are sent: the photo, and a drawing over it.
        partial_tokens: Tokens of the unfinished pictures that come before the last.
    """
    if output_tokens is None:
        return None
    image_tokens = pictures * (_INPUT_TOKENS_LOW + close_tokens)
    return Tokens(len(prompt.encode()), image_tokens, output_tokens + partial_tokens)
