"""What the emulated service does with a request: check it as the real one would, then paint."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image

from kizu.edit.gpt_image.models import FAMILIES, Family, FamilyFacts, Fidelity, Quality
from kizu.edit.gpt_image.pricing import Tokens
from kizu.edit.openai_images.settings import accepts
from kizu.edit.painter import DefectKind, DriftProfile, imitate_drift, kind_from_prompt, paint
from kizu.emulator.multipart import Part
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_image
from kizu.store.keys import sha256_hex

_MIMES: Final = ("image/png", "image/jpeg")
_TILE_TOKENS, _BASE_TOKENS = 129, 65
_PIXELS_PER_TOKEN: Final = 1000
_FIELDS: Final = frozenset(
    {
        *("model", "image", "mask", "prompt", "n", "size", "quality", "input_fidelity"),
        *("output_format", "output_compression", "background", "user", "safety_identifier"),
    }
)
_DRIFTS: Final[Mapping[Family, DriftProfile]] = {
    Family.GPT_IMAGE_1_5: DriftProfile("gpt-image-1.5"),
    Family.GPT_IMAGE_2: DriftProfile("gpt-image-2"),
}


class BadRequest(Exception):  # noqa: N818 - named as HTTP names it
    """A request that the service answers with 400."""

    def __init__(self, message: str, code: str = "invalid_value", param: str = "") -> None:
        """Take what the answer says."""
        super().__init__(message)
        self.code = code
        self.param = param


@dataclass(frozen=True, eq=False)
class Job:
    """A request that passed the checks.

    Attributes:
        family: The model.
        picture: (H, W, 3) uint8.
        region: (H, W) bool where it may edit; None for anywhere.
        prompt: The prompt.
        size: (width, height) asked for.
        quality: The quality asked for.
        fidelity: The input fidelity asked for.
    """

    family: Family
    picture: RgbImage
    region: Mask | None
    prompt: str
    size: tuple[int, int]
    quality: Quality
    fidelity: Fidelity

    @property
    def tokens(self) -> Tokens:
        """Tokens the call is billed for."""
        facts = FAMILIES[self.family]
        width, height = self.size
        rough = width * height // _PIXELS_PER_TOKEN
        output = facts.output_tokens.get((self.quality, self.size), rough)
        tiles = 1 if width == height else 2
        fidelity = facts.fidelity_tokens(self.fidelity, self.size)
        image = _BASE_TOKENS + tiles * _TILE_TOKENS + fidelity
        return Tokens(len(self.prompt.encode()) // 4 + 1, image, output)


def check_request(parts: Sequence[Part], family: Family) -> Job:
    """Check a form as the service does.

    Raises:
        BadRequest: A field is unknown, missing or wrong.
    """
    fields = {part.name: part for part in parts}
    unknown = sorted(set(fields) - _FIELDS)
    if unknown:
        raise BadRequest(f"Unknown parameter: '{unknown[0]}'.", "unknown_parameter", unknown[0])
    facts = FAMILIES[family]
    picture = _picture(fields)
    size = _size(fields, facts)
    return Job(
        family=family,
        picture=picture,
        region=_region(fields, picture),
        prompt=_prompt(fields, facts),
        size=size,
        quality=Quality(_choice(fields, "quality", tuple(facts.qualities), "high")),
        fidelity=Fidelity(_fidelity(fields, facts)),
    )


def _text(fields: Mapping[str, Part], name: str, default: str = "") -> str:
    return fields[name].text if name in fields else default


def _picture(fields: Mapping[str, Part]) -> RgbImage:
    if "image" not in fields:
        raise BadRequest("Missing required parameter: 'image'.", "missing_parameter", "image")
    part = fields["image"]
    if part.mime not in _MIMES:
        raise BadRequest(
            f"Invalid file 'image': unsupported mimetype ('{part.mime}').",
            "unsupported_file_mimetype",
            "image",
        )
    return decode_image(part.data)


def _region(fields: Mapping[str, Part], picture: RgbImage) -> Mask | None:
    if "mask" not in fields:
        return None
    part = fields["mask"]
    with Image.open(io.BytesIO(part.data)) as mask:
        if mask.format != "PNG" or mask.mode not in ("RGBA", "LA"):
            raise BadRequest("Invalid mask image format - mask image needs alpha.", param="mask")
        if mask.size != (picture.shape[1], picture.shape[0]):
            raise BadRequest("Mask size does not match image size.", param="mask")
        if len(part.data) >= FAMILIES[Family.GENERIC].body_limits.mask_bytes:
            raise BadRequest("Mask is larger than 4 MB.", param="mask")
        return np.asarray(np.asarray(mask.getchannel("A")) == 0)


def _prompt(fields: Mapping[str, Part], facts: FamilyFacts) -> str:
    prompt = _text(fields, "prompt")
    if not prompt or len(prompt) > facts.body_limits.prompt_characters:
        raise BadRequest("Invalid 'prompt': string length.", "invalid_prompt", "prompt")
    return prompt


def _size(fields: Mapping[str, Part], facts: FamilyFacts) -> tuple[int, int]:
    text = _text(fields, "size", "1024x1024")
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise BadRequest(f"Invalid value: '{text}'.", param="size")
    size = (int(width), int(height))
    if not accepts(facts.sizes, size):
        raise BadRequest(f"Invalid value: '{text}'.", param="size")
    return size


def _choice(fields: Mapping[str, Part], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = _text(fields, name, default)
    if value not in allowed:
        raise BadRequest(f"Invalid value: '{value}'.", param=name)
    return value


def _fidelity(fields: Mapping[str, Part], facts: FamilyFacts) -> str:
    if "input_fidelity" in fields and not facts.fidelities:
        raise BadRequest(
            "Unknown parameter: 'input_fidelity'.", "unknown_parameter", "input_fidelity"
        )
    return _choice(fields, "input_fidelity", facts.fidelities or ("low",), "low")


def edited_picture(job: Job) -> RgbImage:
    """Paint what the prompt asks for and redraw as the model would; equal jobs, equal pixels."""
    digest = sha256_hex(job.prompt.encode() + job.picture.tobytes())
    seed = int(digest[:15], 16)
    painting = paint(job.picture, _kind(job.prompt), seed, region=job.region)
    return imitate_drift(painting, _DRIFTS.get(job.family, DriftProfile.NONE), seed).image


def _kind(prompt: str) -> DefectKind:
    try:
        return kind_from_prompt(prompt)
    except ValueError:  # the real model understands everything; a scratch stands for it
        return DefectKind.SCRATCH


def answer_body(picture: bytes, job: Job, created: int) -> bytes:
    """Return the JSON of an answer."""
    tokens = job.tokens
    inputs = tokens.text_input + tokens.image_input
    answer: dict[str, Any] = {
        "created": created,
        "background": "opaque",
        "output_format": "png",
        "quality": job.quality.value,
        "size": f"{job.size[0]}x{job.size[1]}",
        "data": [{"b64_json": base64.b64encode(picture).decode("ascii")}],
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
    return json.dumps(answer).encode()
