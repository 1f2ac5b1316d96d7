"""Photos as users have them, decoded to one form: 8-bit sRGB, upright, opaque.

Pillow decodes; OpenCV takes over for 16-bit files, which Pillow cuts to 8 bits. What a header asks
for is checked first (``formats``), and pixels are converted in strips, so that the memory a picture
takes follows from its size alone.

``Decoding`` has what a dataset may choose. Its defaults never change: an edit was bought for the
photo as they read it.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.formats import (
    DEFAULT_MAX_MEGAPIXELS,
    UnreadableImageError,
    check_file_size,
    check_header,
    check_stored_png,
    is_planar,
    open_picture,
    tiff_bits,
)
from kizu.sentences import words_of

__all__ = [
    "IMAGE_SUFFIXES",
    "PLAIN",
    "Decoding",
    "Profiles",
    "UnreadableImageError",
    "decode_drawn_mask",
    "decode_grey",
    "decode_image",
    "decode_mask",
    "decode_png",
    "decoding_of",
    "encode_mask",
    "encode_png",
    "is_deep",
]

IMAGE_SUFFIXES: Final = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".tif",
    ".tiff",
    ".bmp",
    ".avif",
    ".heic",
    ".heif",
)

_LEFT_RIGHT: Final = 1  # as OpenCV numbers them
_TOP_BOTTOM: Final = 0
_BOTH: Final = -1


def _flip(image: RgbImage, which: int) -> RgbImage:
    """Mirror in place: a large picture takes no second one's memory."""
    return np.asarray(cv2.flip(image, which, dst=image), np.uint8)


def _transpose(image: RgbImage) -> RgbImage:
    return np.asarray(cv2.transpose(image), np.uint8)


_STRIP_PIXELS: Final = 1 << 16  # converted at a time; the 256 kB that Pillow holds stay in cache
_ORIENTATION: Final = 0x0112  # the EXIF tag
_UPRIGHT: Final[dict[int, Callable[[RgbImage], RgbImage]]] = {
    2: lambda image: _flip(image, _LEFT_RIGHT),
    3: lambda image: _flip(image, _BOTH),
    4: lambda image: _flip(image, _TOP_BOTTOM),
    5: _transpose,
    6: lambda image: _flip(_transpose(image), _LEFT_RIGHT),
    7: lambda image: _flip(_transpose(image), _BOTH),
    8: lambda image: _flip(_transpose(image), _TOP_BOTTOM),
}
"""What brings a picture upright, by its EXIF orientation."""


Profiles: TypeAlias = Literal["opaque", "all"]
"""Whose embedded colour profile is converted; see ``Decoding``."""


@dataclass(frozen=True)
class Decoding:
    """How photo files become 8-bit sRGB.

    Attributes:
        depth_bits: Of files with more than 8 bits a channel, the depth that counts as white: its
            largest value becomes 255 in every photo. None for that which holds the brightest pixel
            of each photo by itself.
        profiles: Whose embedded colour profile is converted to sRGB: "opaque" for that of 8-bit RGB
            and CMYK pictures, "all" also for that of grey, palette, transparent and 16-bit ones.
    """

    depth_bits: int | None = None
    profiles: Profiles = "opaque"

    def told(self) -> dict[str, int | str]:
        """Return what is not as by default, as JSON; ``Decoding(**told)`` is the same again.

        Example:
            >>> Decoding().told(), Decoding(depth_bits=12).told()
            ({}, {'depth_bits': 12})
        """
        default = asdict(PLAIN)
        return {name: value for name, value in asdict(self).items() if value != default[name]}


PLAIN: Final = Decoding()
"""As photos are read where nothing is chosen."""


def is_deep(data: bytes) -> bool:
    """Tell by a file's header whether ``depth_bits`` scales it: more than 8 bits a channel.

    Args:
        data: The file's bytes; one that cannot be decoded is not deep.
    """
    try:
        with warnings.catch_warnings(), open_picture(data) as image:
            warnings.simplefilter("ignore")
            return _is_deep(image, data)
    except Exception:  # noqa: BLE001 - Pillow raises whatever a damaged header makes it meet
        return False


def decoding_of(data: bytes, decoding: Decoding) -> Decoding:
    """Return what of a decoding concerns a file, by its header; ``PLAIN`` where nothing does.

    Args:
        data: The file's bytes; of a damaged one nothing is told, ``decode_image`` does.
        decoding: What was chosen.
    """
    if decoding == PLAIN:
        return PLAIN
    try:
        with warnings.catch_warnings(), open_picture(data) as image:
            warnings.simplefilter("ignore")
            is_deep = _has_deep_channels(image, data)
            is_plain = image.mode in _PLAIN_PROFILES and not is_deep
            has_profile = bool(image.info.get("icc_profile")) and not is_plain
    except Exception:  # noqa: BLE001 - Pillow raises whatever a damaged header makes it meet
        return PLAIN
    return replace(
        decoding,
        depth_bits=decoding.depth_bits if is_deep else None,
        profiles=decoding.profiles if has_profile else PLAIN.profiles,
    )


def decode_image(
    data: bytes, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS, decoding: Decoding = PLAIN
) -> RgbImage:
    """Decode a photo to upright 8-bit sRGB.

    EXIF orientation is applied, grey, palette and CMYK become RGB, transparency is laid on white.
    Of several frames the first is taken. By default the colour profile of RGB and CMYK pictures is
    converted to sRGB, and files with more than 8 bits are scaled by the smallest bit depth that
    holds their brightest pixel (10, 12, 14 or 16), because cameras store 12-bit data in 16-bit
    files; ``decoding`` may say otherwise.

    Args:
        data: The bytes of a PNG, JPEG, WebP, TIFF, BMP, AVIF or HEIC file.
        max_megapixels: How large it may be (``formats.check_header``).
        decoding: What a dataset chose.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        UnreadableImageError: The bytes are empty, cut off, no image, too large or too small, or
            have values beyond the depth that was chosen.
    """
    if not data:
        raise UnreadableImageError("the file is empty")
    check_file_size(len(data), max_megapixels)
    try:
        with warnings.catch_warnings():  # Pillow's, on damage that the error tells, or that is none
            warnings.simplefilter("ignore")
            return _decode(data, max_megapixels, decoding)
    except UnreadableImageError:
        raise
    except MemoryError as error:
        raise UnreadableImageError("there is not enough memory to decode it") from error
    except Exception as error:  # decoders raise whatever a damaged file makes them trip over
        raise UnreadableImageError(f"it is damaged or cut off ({_in_one_line(error)})") from error


_LONGEST_CAUSE: Final = 200  # characters; a decoder may quote the file


def _in_one_line(error: Exception) -> str:
    told = (each if each.isprintable() else "?" for each in words_of(error))
    return "".join(told)[:_LONGEST_CAUSE]


def _decode(data: bytes, max_megapixels: float, decoding: Decoding) -> RgbImage:
    with open_picture(data) as image:
        check_header(image, data, max_megapixels)
        image.load()
        is_deep = _is_deep(image, data)
        if decoding.depth_bits and not is_deep and _has_deep_channels(image, data):
            raise UnreadableImageError(
                "it has 16-bit channels and transparency, which images.depth_bits does not scale; "
                "save it without transparency"
            )
        orientation = 1 if is_deep else _orientation(image)
        to_srgb = _srgb_transform(image, decoding, is_deep=is_deep)
        pixels = None if is_deep else _decode_8bit(image, to_srgb)
    if pixels is None:  # Pillow's pixels are freed before OpenCV makes its own
        return _decode_deep(data, decoding.depth_bits, to_srgb)
    turn = _UPRIGHT.get(orientation)
    return turn(pixels) if turn else pixels


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; EXIF that is damaged is no reason to lose the photo."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - Pillow raises whatever it trips over
        return 1
    return orientation if isinstance(orientation, int) else 1


def _decode_8bit(image: Image.Image, to_srgb: Callable[[Image.Image], Image.Image]) -> RgbImage:
    """Return a picture's pixels as they lie in the file, (H, W, 3) uint8."""
    width, height = image.size
    pixels = np.empty((height, width, 3), np.uint8)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        pixels[top : top + rows] = np.asarray(_on_white(to_srgb(strip)))
    return pixels


_PLAIN_PROFILES: Final = ("RGB", "CMYK")
"""Modes whose profile is always converted."""
_COLOURS: Final = {
    **{mode: mode for mode in _PLAIN_PROFILES},
    "RGBA": "RGB",
    "P": "RGB",
    "PA": "RGB",
    "L": "L",
    "LA": "L",
    "I;16": "L",
    "I;16B": "L",
}
"""What a profile speaks of, by a picture's mode: its colours without their transparency."""


def _srgb_transform(
    image: Image.Image, decoding: Decoding, *, is_deep: bool
) -> Callable[[Image.Image], Image.Image]:
    """Return what converts a picture by its colour profile; a broken one is passed over."""
    profile, colours = image.info.get("icc_profile"), _COLOURS.get(image.mode)
    is_plain = image.mode in _PLAIN_PROFILES and not is_deep
    if not profile or colours is None or not (is_plain or decoding.profiles == "all"):
        return _as_it_is
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, target, colours, "RGB")
    except Exception:  # noqa: BLE001 - a broken profile is no reason to lose the photo
        return _as_it_is
    return transform.apply if is_plain else lambda strip: _convert(strip, transform, colours)


def _convert(
    strip: Image.Image, transform: ImageCms.ImageCmsTransform, colours: str
) -> Image.Image:
    """Convert the colours of a picture and keep its transparency."""
    converted = transform.apply(strip.convert(colours))
    if strip.has_transparency_data:
        converted.putalpha(strip.convert("RGBA").getchannel("A"))
    return converted


def _as_it_is(image: Image.Image) -> Image.Image:
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")


def _is_deep(image: Image.Image, data: bytes) -> bool:
    """Tell whether OpenCV is to decode: opaque PNG and TIFF files of more than 8 bits a channel.

    Raises:
        UnreadableImageError: Neither decoder reads such pixels as they are.
    """
    if image.mode == "F":
        raise UnreadableImageError("its pixels are floating point; save it with 8 or 16 bits")
    if image.has_transparency_data or not _has_deep_channels(image, data):
        return False
    if image.format == "TIFF" and is_planar(image):  # OpenCV returns memory that it never wrote
        raise UnreadableImageError(
            f"its {tiff_bits(image)}-bit channels lie one after the other (planar); save it with "
            "interleaved channels"
        )
    return True


def _has_deep_channels(image: Image.Image, data: bytes) -> bool:
    """Tell whether a PNG or TIFF file has more than 8 bits a channel."""
    if image.format == "PNG":
        return data[24] > 8  # the header's bit depth, PNG specification 11.2.2
    return image.format == "TIFF" and tiff_bits(image) > 8


def _decode_deep(
    data: bytes, depth_bits: int | None, to_srgb: Callable[[Image.Image], Image.Image]
) -> RgbImage:
    deep = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    if deep is None or deep.dtype != np.uint16:
        raise UnreadableImageError("its pixel format is not supported; save it with 8 or 16 bits")
    code = cv2.COLOR_GRAY2RGB if deep.ndim == 2 else cv2.COLOR_BGR2RGB
    height, width = deep.shape[:2]
    pixels = np.empty((height, width, 3), np.uint8)
    to_8bit = _eight_bits(int(deep.max()), depth_bits)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = to_8bit[deep[top : top + rows]]
        if to_srgb is not _as_it_is:
            ordered = strip if strip.ndim == 2 else cv2.cvtColor(strip, code)
            pixels[top : top + rows] = np.asarray(to_srgb(Image.fromarray(ordered)))
        else:
            pixels[top : top + rows] = cv2.cvtColor(strip, code)
    return pixels


def _eight_bits(brightest: int, depth_bits: int | None) -> NDArray[np.uint8]:
    """Return the 8-bit value of each 16-bit one, by a bit depth or that which holds the brightest.

    Raises:
        UnreadableImageError: The depth does not hold the brightest.
    """
    depth = depth_bits or next(bits for bits in (10, 12, 14, 16) if brightest < 2**bits)
    if brightest >= 2**depth:
        raise UnreadableImageError(
            f"its brightest value is {brightest}, more than the {2**depth - 1} of {depth} bits; "
            "raise images.depth_bits"
        )
    levels = np.arange(2**depth)
    eight: NDArray[np.uint8] = np.rint(levels * (255 / (2**depth - 1))).astype(np.uint8)
    return eight


def encode_png(image: RgbImage | NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """Encode (H, W, 3) RGB or (H, W) grey as a PNG file; equal arrays give equal bytes."""
    array = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    ok, data = cv2.imencode(".png", array, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    del array  # as large as the picture
    if not ok:
        raise ValueError(f"cannot write an array of shape {image.shape} as PNG")
    return bytes(data.tobytes())


def decode_png(data: bytes) -> RgbImage:
    """Decode an RGB PNG that kizu wrote; (H, W, 3) uint8."""
    return _decode_stored(data, cv2.IMREAD_COLOR_RGB)


def encode_mask(mask: Mask) -> bytes:
    """Encode a (H, W) bool mask as an 8-bit PNG of 0 and 255, as anomalib and MVTec AD read it."""
    return encode_png(mask.astype(np.uint8) * np.uint8(255))


def decode_mask(data: bytes) -> Mask:
    """Decode a mask PNG: every value above 0 belongs, as in anomalib."""
    return np.asarray(decode_grey(data) > 0)


def decode_drawn_mask(data: bytes) -> Mask:
    """Decode a mask that a user drew, (H, W) bool: every value above 0 belongs, in any channel.

    Raises:
        UnreadableImageError: It cannot be read, or is larger than a photo may be.
    """
    try:
        with warnings.catch_warnings(), open_picture(data) as image:
            warnings.simplefilter("ignore")
            check_header(image, data, DEFAULT_MAX_MEGAPIXELS, min_side_px=1)
        drawn = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except UnreadableImageError:
        raise
    except Exception as error:  # decoders raise whatever a damaged file makes them trip over
        raise UnreadableImageError(f"it is damaged or cut off ({_in_one_line(error)})") from error
    if drawn is None:
        raise UnreadableImageError("it is damaged or cut off; save it as PNG")
    mask = np.asarray(drawn > 0)
    return mask if mask.ndim == 2 else np.asarray(mask.any(axis=2))


def decode_grey(data: bytes) -> NDArray[np.uint8]:
    """Decode an 8-bit grey PNG that kizu wrote; (H, W) uint8."""
    return _decode_stored(data, cv2.IMREAD_GRAYSCALE)


def _decode_stored(data: bytes, how: int) -> NDArray[np.uint8]:
    """Decode a PNG that kizu wrote; what damage makes of its header costs no memory."""
    try:
        check_stored_png(data)
        array = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    except (UnreadableImageError, cv2.error):
        array = None
    if array is None:
        raise UnreadableImageError("a stored PNG is damaged; delete it and build again")
    return array  # type: ignore[return-value] # OpenCV is typed loosely
