"""The gpt-image models as the emulator serves them: options, tokens, cost at list price."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from kizu.edit.gpt_image.models import FAMILIES, Family, Fidelity, Quality
from kizu.edit.gpt_image.pricing import Tokens, cost_of
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
}


def served_models() -> tuple[ServedModel, ...]:
    """Return every family as a model to serve."""
    return tuple(_served(family) for family in Family)


def _served(family: Family) -> ServedModel:
    facts = FAMILIES[family]
    options = {
        "quality": tuple(reversed(facts.qualities)),
        "input_fidelity": facts.fidelities,
    }
    return ServedModel(
        name=family.value,
        sizes=facts.sizes,
        prompt_characters=facts.body_limits.prompt_characters,
        serve=partial(_serve, family),
        options={name: values for name, values in options.items() if values},
        other_fields=_OTHER_FIELDS,
        takes_mask=True,
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


def _tokens(family: Family, call: ServedCall) -> Tokens:
    facts = FAMILIES[family]
    width, height = call.size
    rough = width * height // _PIXELS_PER_TOKEN
    output = facts.output_tokens.get((Quality(call.options["quality"]), call.size), rough)
    fidelity = Fidelity(call.options.get("input_fidelity", Fidelity.LOW))
    tiles = 1 if width == height else 2
    image = _BASE_TOKENS + tiles * _TILE_TOKENS + facts.fidelity_tokens(fidelity, call.size)
    return Tokens(len(call.prompt.encode()) // 4 + 1, image, output)
