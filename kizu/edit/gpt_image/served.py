"""The gpt-image models as the emulator serves them: options, tokens, cost at list price."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from kizu.edit.gpt_image.models import FAMILIES, Family, Fidelity
from kizu.edit.gpt_image.pricing import PARTIAL_TOKENS, Tokens, cost_of
from kizu.edit.gpt_image.tokens import Quality
from kizu.edit.painter import DriftProfile
from kizu.edit.served import Served, ServedCall, ServedModel

_TILE_TOKENS, _BASE_TOKENS = 129, 65
_PIXELS_PER_TOKEN: Final = 1000
"""Pixels of a picture per token, roughly, where the number of tokens is not published."""

_OTHER_FIELDS: Final = frozenset(
    {"output_format", "output_compression", "background", "user", "safety_identifier"}
)
_DRIFTS: Final[Mapping[Family, DriftProfile]] = {
    Family.GPT_IMAGE_1_5: DriftProfile("gpt-image-1.5"),
    Family.GPT_IMAGE_2: DriftProfile("gpt-image-2"),
    Family.GPT_IMAGE_2_5_SUNBURST: DriftProfile("gpt-image-2"),
    Family.GPT_IMAGE_2_5_FLARE: DriftProfile("gpt-image-2"),
    Family.GPT_IMAGE_2_6_SUNBURST: DriftProfile("gpt-image-2"),
    Family.GPT_IMAGE_2_6_FLARE: DriftProfile("gpt-image-2"),
}
"""Families later than gpt-image-2 were never measured; that it redraws as they do is a guess."""


def served_models() -> tuple[ServedModel, ...]:
    """Return every family as a model to serve."""
    return tuple(_served(family) for family in Family)


def _served(family: Family) -> ServedModel:
    facts = FAMILIES[family]
    options = {
        "quality": _default_first(facts.qualities),
        "input_fidelity": facts.fidelities,
        "complexity": facts.complexities,
    }
    return ServedModel(
        name=family.value,
        sizes=facts.sizes,
        prompt_characters=facts.body_limits.prompt_characters,
        serve=partial(_serve, family),
        options={name: values for name, values in options.items() if values},
        other_fields=_OTHER_FIELDS,
        takes_mask=True,
        streams=True,
        takes_markup=facts.takes_markup,
        drift=_DRIFTS.get(family, DriftProfile.NONE),
    )


def _serve(family: Family, call: ServedCall) -> Served:
    tokens = _tokens(family, call)
    inputs = tokens.text_input + tokens.image_input
    facts = {
        "background": "opaque",
        "output_format": "png",
        "quality": call.options["quality"],
        "size": f"{call.size[0]}x{call.size[1]}",
        "usage": {
            "input_tokens": inputs,
            "input_tokens_details": {
                "image_tokens": tokens.image_input,
                "text_tokens": tokens.text_input,
            },
            "output_tokens": tokens.image_output,
            "total_tokens": inputs + tokens.image_output,
        },
    }
    return Served(cost_of(FAMILIES[family].prices, tokens), facts)


def _default_first(qualities: tuple[Quality, ...]) -> tuple[Quality, ...]:
    """Sort qualities as Azure's default, high, goes first."""
    return tuple(sorted(qualities, key=lambda quality: quality is not Quality.HIGH))


def _tokens(family: Family, call: ServedCall) -> Tokens:
    facts = FAMILIES[family]
    width, height = call.size
    count = facts.output_tokens
    output = count(Quality(call.options["quality"]), call.size) if count else None
    if output is None:
        output = width * height // _PIXELS_PER_TOKEN
    fidelity = Fidelity(call.options.get("input_fidelity", Fidelity.LOW))
    tiles = 1 if width == height else 2
    image = _BASE_TOKENS + tiles * _TILE_TOKENS + facts.close_tokens(fidelity, call.size)
    output += PARTIAL_TOKENS * (call.partial_images or 0)
    return Tokens(len(call.prompt.encode()) // 4 + 1, image, output)
