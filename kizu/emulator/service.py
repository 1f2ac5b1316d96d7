"""What the emulated service does with a request: check it as the real one would, then paint."""

import base64
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kizu.edit.openai_images.settings import accepts
from kizu.edit.painter import DefectKind, imitate_drift, kind_from_prompt, paint
from kizu.edit.served import Served, ServedCall, ServedModel
from kizu.emulator.multipart import Part
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_image, encode_png
from kizu.store.keys import sha256_hex

_MIMES: Final = ("image/png", "image/jpeg")
_MAX_MASK_BYTES: Final = 4_000_000
_STREAM_FIELDS: Final = frozenset({"stream", "partial_images"})
_PARTIAL_COUNTS: Final = ("0", "1", "2", "3")
_FIELDS: Final = frozenset({"model", "image", "prompt", "n", "size"})


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
        model: The model.
        picture: (H, W, 3) uint8.
        region: (H, W) bool where it may edit; None for anywhere.
        call: Prompt, size and options.
    """

    model: ServedModel
    picture: RgbImage
    region: Mask | None
    call: ServedCall

    @property
    def served(self) -> Served:
        """What the call comes to."""
        return self.model.serve(self.call)


def check_request(parts: Sequence[Part], model: ServedModel) -> Job:
    """Check a form as the service does.

    Raises:
        BadRequest: A field is unknown, missing or wrong.
    """
    fields = {part.name: part for part in parts}
    places = {"mask": model.takes_mask, "markup": model.takes_markup}
    regions = {name for name, is_taken in places.items() if is_taken}
    known = _FIELDS | model.other_fields | set(model.options) | regions
    unknown = sorted(set(fields) - known - (_STREAM_FIELDS if model.streams else set()))
    if unknown:
        raise BadRequest(f"Unknown parameter: '{unknown[0]}'.", "unknown_parameter", unknown[0])
    picture = _picture(fields)
    call = ServedCall(
        prompt=_prompt(fields, model),
        size=_size(fields, model),
        options={name: _choice(fields, name, values) for name, values in model.options.items()},
        partial_images=_partial_images(fields),
    )
    return Job(model, picture, _region(fields, picture), call)


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
    if "mask" in fields and "markup" in fields:
        raise BadRequest("'markup' cannot be combined with 'mask'.", param="markup")
    if "mask" in fields:
        return np.asarray(_alpha(fields["mask"], picture) == 0)
    if "markup" in fields:
        return _marked(_alpha(fields["markup"], picture))
    return None


def _alpha(part: Part, picture: RgbImage) -> NDArray[np.uint8]:
    """Return the transparency, (H, W) uint8, of a picture that lies over the photo."""
    name = part.name
    with Image.open(io.BytesIO(part.data)) as mask:
        if mask.format != "PNG" or mask.mode not in ("RGBA", "LA"):
            said = f"Invalid {name} image format - {name} image needs alpha."
            raise BadRequest(said, "invalid_image_file", param=name)
        if mask.size != (picture.shape[1], picture.shape[0]):
            raise BadRequest(f"{name.title()} size does not match image size.", param=name)
        if len(part.data) >= _MAX_MASK_BYTES:
            raise BadRequest(f"{name.title()} is larger than 4 MB.", param=name)
        return np.asarray(mask.getchannel("A"), np.uint8)


def _marked(alpha: NDArray[np.uint8]) -> Mask | None:
    """Return where a drawing over the photo points: the box around it; None if it is empty."""
    if not (alpha == 0).any():
        raise BadRequest("The markup contains no transparent pixels.", param="markup")
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return None
    region = np.zeros(alpha.shape, bool)
    region[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return region


def _prompt(fields: Mapping[str, Part], model: ServedModel) -> str:
    prompt = _text(fields, "prompt")
    if not prompt or len(prompt) > model.prompt_characters:
        raise BadRequest("Invalid 'prompt': string length.", "invalid_prompt", "prompt")
    return prompt


def _size(fields: Mapping[str, Part], model: ServedModel) -> tuple[int, int]:
    text = _text(fields, "size", "1024x1024")
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise BadRequest(f"Invalid value: '{text}'.", param="size")
    size = (int(width), int(height))
    if not accepts(model.sizes, size):
        raise BadRequest(f"Invalid value: '{text}'.", param="size")
    return size


def _choice(fields: Mapping[str, Part], name: str, allowed: tuple[str, ...]) -> str:
    value = _text(fields, name, allowed[0])
    if value not in allowed:
        raise BadRequest(f"Invalid value: '{value}'.", param=name)
    return value


def _partial_images(fields: Mapping[str, Part]) -> int | None:
    count = _text(fields, "partial_images", "0")
    if count not in _PARTIAL_COUNTS:
        raise BadRequest(f"Invalid value: '{count}'.", param="partial_images")
    streams = _text(fields, "stream", "false") == "true"
    if not streams and count != "0":
        raise BadRequest("'partial_images' needs 'stream'.", param="partial_images")
    return int(count) if streams else None


def edited_picture(job: Job) -> RgbImage:
    """Paint what the prompt asks for and redraw as the model would; equal jobs, equal pixels."""
    prompt = job.call.prompt
    digest = sha256_hex(prompt.encode() + job.picture.tobytes())
    seed = int(digest[:15], 16)
    painting = paint(job.picture, _kind(prompt), seed, region=job.region)
    return imitate_drift(painting, job.model.drift, seed).image


def _kind(prompt: str) -> DefectKind:
    try:
        return kind_from_prompt(prompt)
    except ValueError:  # the real model understands everything; a scratch stands for it
        return DefectKind.SCRATCH


def answer_body(picture: bytes, job: Job, created: int) -> bytes:
    """Return the JSON of an answer."""
    data = [{"b64_json": base64.b64encode(picture).decode("ascii")}]
    return json.dumps({"created": created, "data": data, **job.served.facts}).encode()


def stream_events(picture: bytes, job: Job, created: int) -> Iterator[bytes]:
    """Yield the events of a streamed answer: unfinished pictures, here the photo, then the edit."""
    facts = dict(job.served.facts)
    usage = {"usage": facts.pop("usage")} if "usage" in facts else {}
    unfinished = base64.b64encode(encode_png(job.picture)).decode("ascii")
    for index in range(job.call.partial_images or 0):
        partial = {"b64_json": unfinished, "partial_image_index": index}
        yield _event("image_edit.partial_image", {**partial, "created_at": created, **facts})
    edit = {"b64_json": base64.b64encode(picture).decode("ascii"), "created_at": created}
    yield _event("image_edit.completed", {**edit, **facts, **usage})


def _event(kind: str, fields: Mapping[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
