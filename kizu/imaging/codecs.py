"""Photos as users have them, decoded to one form: 8-bit sRGB, upright, opaque.

Pillow decodes; OpenCV takes over for 16-bit files, which Pillow cuts to 8 bits.
"""

import io
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from kizu.imaging.arrays import FloatMap, Mask, RgbImage

IMAGE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
MIN_SIDE_PX: Final = 32
MAX_PIXELS: Final = 178_956_970
"""Pillow's own bound against decompression bombs, twice its ``MAX_IMAGE_PIXELS``."""

_TIFF_BITS_PER_SAMPLE: Final = 258


class UnreadableImageError(ValueError):
    """A file that cannot be used as a photo; the message says why and names no path."""


def decode_image(data: bytes) -> RgbImage:
    """Decode a photo to upright 8-bit sRGB.

    EXIF orientation is applied, an embedded colour profile is converted to sRGB, grey, palette and
    CMYK become RGB, transparency is laid on white. Files with more than 8 bits are scaled by the
    smallest bit depth that holds their brightest pixel (10, 12, 14 or 16), because cameras store
    12-bit data in 16-bit files. Of several frames the first is taken.

    Args:
        data: The bytes of a PNG, JPEG, WebP, TIFF or BMP file.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        UnreadableImageError: The bytes are empty, cut off, no image, too large or too small.
    """
    if not data:
        raise UnreadableImageError("the file is empty")
    try:
        with Image.open(io.BytesIO(data)) as image:
            _check_size(*image.size)
            image.load()
            return _decode_deep(data) if _is_deep(image, data) else _decode_8bit(image)
    except UnreadableImageError:
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(
            f"it claims more than {MAX_PIXELS:,} pixels; scale it down or tile it"
        ) from error
    except UnidentifiedImageError as error:
        raise UnreadableImageError("it is not an image, or its header is damaged") from error
    except (OSError, SyntaxError, ValueError, cv2.error) as error:
        raise UnreadableImageError(f"it is damaged or cut off ({error})") from error


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadableImageError(
            f"it is {width}x{height}, more than {MAX_PIXELS:,} pixels; scale it down or tile it"
        )
    if min(width, height) < MIN_SIDE_PX:
        raise UnreadableImageError(
            f"it is {width}x{height}; the shorter side needs {MIN_SIDE_PX} pixels or more"
        )


def _decode_8bit(image: Image.Image) -> RgbImage:
    upright = ImageOps.exif_transpose(image)
    return np.array(_on_white(_to_srgb(upright)), dtype=np.uint8)


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):  # a broken profile is no reason to lose the photo
        return image
    return converted if converted is not None else image


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")


def _is_deep(image: Image.Image, data: bytes) -> bool:
    """True for opaque PNG and TIFF files of more than 8 bits per channel."""
    if image.mode == "F":
        raise UnreadableImageError("its pixels are floating point; save it with 8 or 16 bits")
    if image.has_transparency_data:
        return False
    if image.format == "PNG":
        return data[24] > 8  # the header's bit depth, PNG specification 11.2.2
    bits = image.getexif().get(_TIFF_BITS_PER_SAMPLE, 8) if image.format == "TIFF" else 8
    return int(np.max(bits)) > 8  # bits


def _decode_deep(data: bytes) -> RgbImage:
    deep = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    if deep is None or deep.dtype != np.uint16:
        raise UnreadableImageError("its pixel format is not supported; save it with 8 or 16 bits")
    eight = _to_8bit(np.asarray(deep, np.uint16))
    code = cv2.COLOR_GRAY2RGB if eight.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(eight, code), dtype=np.uint8)


def _to_8bit(deep: NDArray[np.uint16]) -> NDArray[np.uint8]:
    brightest = int(deep.max())
    depth = next(bits for bits in (10, 12, 14, 16) if brightest < 2**bits)
    eight: NDArray[np.uint8] = np.rint(deep * (255 / (2**depth - 1))).astype(np.uint8)
    return eight


def encode_png(image: RgbImage | NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """Encode (H, W, 3) RGB or (H, W) grey as a PNG file; equal arrays give equal bytes."""
    array = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    ok, data = cv2.imencode(".png", array, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not ok:
        raise ValueError(f"cannot write an array of shape {image.shape} as PNG")
    return bytes(data.tobytes())


def decode_png(data: bytes) -> RgbImage:
    """Decode an RGB PNG that kizu wrote; (H, W, 3) uint8."""
    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    if array is None:
        raise UnreadableImageError("a stored PNG is damaged; delete it and build again")
    return np.asarray(array, dtype=np.uint8)


def encode_mask(mask: Mask) -> bytes:
    """Encode a (H, W) bool mask as an 8-bit PNG of 0 and 255, as anomalib and MVTec AD read it."""
    return encode_png(mask.astype(np.uint8) * np.uint8(255))


def decode_mask(data: bytes) -> Mask:
    """Decode a mask PNG: every value above 0 belongs, as in anomalib."""
    return np.asarray(_decode_grey(data) > 0)


_MAP_STEPS_PER_UNIT: Final = 256


def encode_map(values: FloatMap) -> bytes:
    """Encode a (H, W) non-negative map as a 16-bit PNG in steps of 1/256; 255.99 is the top."""
    top = np.iinfo(np.uint16).max
    return encode_png(np.clip(np.rint(values * _MAP_STEPS_PER_UNIT), 0, top).astype(np.uint16))


def decode_map(data: bytes) -> FloatMap:
    """Decode a map written by ``encode_map``; (H, W) float32."""
    return np.asarray(_decode_grey(data) / _MAP_STEPS_PER_UNIT, dtype=np.float32)


def _decode_grey(data: bytes) -> NDArray[np.uint8] | NDArray[np.uint16]:
    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if array is None:
        raise UnreadableImageError("a stored PNG is damaged; delete it and build again")
    return array  # type: ignore[return-value] # OpenCV is typed loosely
