"""The picture in an answer: wherever and however it stands there, as the one that was asked for."""

import base64
import binascii
import io
import re
from collections.abc import Callable, Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from kizu.edit.openai_images.said import named_values
from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import UnreadableImageError, decode_image, encode_png

Fetch = Callable[[str], bytes]
"""Returns the file at a URL; raises ValueError with one sentence if it cannot be had."""

_BASE64_NAMES: Final = frozenset({"b64_json", "b64", "base64", "image_base64"})
_URL_NAMES: Final = frozenset({"url", "image_url"})
_DATA_URI: Final = re.compile(r"\s*data:image/[\w.+-]+(?:;[\w=.-]+)*,", re.IGNORECASE)
_MAGIC: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")
_SMALLEST_SHARE: Final = 0.5
"""A picture of less than half the edges that were asked for shows no fine defect any more."""

_MOST_PIXELS: Final = 4 * 8_294_400  # twice the edges of the largest picture any model answers with
_ASPECT_PX: Final = 1.0  # edges are whole pixels, so equal shapes differ by up to one


def picture_in(content: bytes, tree: object, fetch: Fetch) -> bytes:
    """Return the file of the first picture in an answer.

    It may be the answer itself; base64 in one line or many, in either alphabet, with or without
    padding, with or without ``data:image/png;base64,`` before it; or behind a URL. Partial pictures
    of an event stream are none.

    Args:
        content: The answer's body.
        tree: The body as parsed; None if it cannot be.
        fetch: Gets a picture by its URL.

    Raises:
        ValueError: There is none, or it cannot be had.
    """
    if content.startswith(_MAGIC):
        return content
    if text := next(_base64_texts(tree), None):
        return decode_base64(text)
    if url := next(_urls(tree), None):
        return fetch(url)
    raise ValueError("it holds no picture")


def has_picture(content: bytes, tree: object) -> bool:
    """Tell whether an answer holds a picture or leads to one."""
    found = content.startswith(_MAGIC) or next(_base64_texts(tree), next(_urls(tree), None))
    return bool(found)


def decode_base64(text: str) -> bytes:
    r"""Decode base64 as services and gateways write it.

    Raises:
        ValueError: It is none.

    Example:
        >>> decode_base64("data:image/png;base64,-_8\n")
        b'\xfb\xff'
    """
    plain = "".join(_DATA_URI.sub("", text, count=1).split()).translate(_URL_ALPHABET).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"its picture is not base64 ({error})") from error


_URL_ALPHABET: Final = str.maketrans("-_", "+/")


def as_asked(picture: bytes, sent: RgbImage) -> tuple[bytes, str]:
    """Return a picture in the size of the one that was sent, and what had to be done to it.

    A picture that needs nothing is returned as it came. One of another size and the same shape is
    scaled. What is transparent was left as it was, so the sent picture shows through.

    Args:
        picture: The file.
        sent: (H, W, 3) uint8 RGB.

    Raises:
        ValueError: It is no picture, of another shape, far smaller, or far too large.
    """
    try:
        alpha = _alpha(picture)
        pixels = decode_image(picture)
    except UnreadableImageError:
        raise
    except Exception as error:  # whatever a decoder raises, it is this picture's fault
        raise ValueError(f"its picture cannot be read ({type(error).__name__}: {error})") from error
    height, width = sent.shape[:2]
    came = (pixels.shape[1], pixels.shape[0])
    if came == (width, height) and alpha is None:
        return picture, ""
    _check_shape(came, (width, height))
    done = []
    if came != (width, height):
        way = _interpolation(came, width)
        pixels = cv2.resize(pixels, (width, height), interpolation=way).astype(np.uint8)
        done.append(f"scaled from {came[0]}x{came[1]} to {width}x{height}")
    if alpha is not None:
        pixels = _laid_on(sent, pixels, alpha)
        done.append("laid onto the sent picture where it was transparent")
    return encode_png(pixels), ", ".join(done)


def _alpha(picture: bytes) -> NDArray[np.uint8] | None:
    """Return (H, W) uint8, 255 where a picture is opaque; None if it is everywhere."""
    try:
        image = Image.open(io.BytesIO(picture))
    except OSError as error:
        raise UnreadableImageError("it is not an image, or its header is damaged") from error
    with image:
        if image.width * image.height > _MOST_PIXELS:
            raise ValueError(f"the picture is {image.width}x{image.height}, more than any model's")
        if not image.has_transparency_data:
            return None
        alpha = np.asarray(ImageOps.exif_transpose(image.convert("RGBA")).getchannel("A"))
        return None if alpha.min() == _OPAQUE else alpha


_OPAQUE: Final = 255


def _check_shape(came: tuple[int, int], asked: tuple[int, int]) -> None:
    scale = came[0] / asked[0]
    is_same_shape = abs(came[1] - scale * asked[1]) <= _ASPECT_PX * max(scale, 1.0)
    if not is_same_shape or scale < _SMALLEST_SHARE:
        raise ValueError(f"the picture is {came[0]}x{came[1]}, {asked[0]}x{asked[1]} was asked for")


def _interpolation(came: tuple[int, int], width: int) -> int:
    return cv2.INTER_AREA if came[0] > width else cv2.INTER_CUBIC


def _laid_on(sent: RgbImage, on_white: RgbImage, alpha: NDArray[np.uint8]) -> RgbImage:
    """Let the sent picture show through one that the decoder has laid on white.

    Args:
        sent: (H, W, 3) uint8.
        on_white: (H, W, 3) uint8.
        alpha: uint8 on any grid, scaled to theirs.
    """
    opacity = cv2.resize(alpha, sent.shape[1::-1], interpolation=cv2.INTER_AREA)
    clear = 1.0 - opacity[..., None].astype(np.float32) / _OPAQUE
    mixed = on_white.astype(np.float32) - clear * (_OPAQUE - sent.astype(np.float32))
    return np.clip(np.rint(mixed), 0, _OPAQUE).astype(np.uint8)


def _texts(tree: object) -> Iterator[tuple[str, str]]:
    """Yield the texts of an answer with their names; of an event stream, the finished ones'."""
    events = tree if isinstance(tree, list) else [tree]
    for event in events:
        kind = event.get("type") if isinstance(event, dict) else None
        if isinstance(kind, str) and "partial" in kind:
            continue
        for name, value in named_values(event):
            if isinstance(value, str) and value.strip():
                yield name, value


def _base64_texts(tree: object) -> Iterator[str]:
    return (text for name, text in _texts(tree) if name in _BASE64_NAMES or _DATA_URI.match(text))


def _urls(tree: object) -> Iterator[str]:
    return (text.strip() for name, text in _texts(tree) if name in _URL_NAMES)
