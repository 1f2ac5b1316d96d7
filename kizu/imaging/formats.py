"""Which picture formats are read, by their first bytes, and what a header may ask for.

A file says in its header how much memory and time its pixels will take; that is checked before a
decoder is let near them. Formats that nobody here needs have no decoder: there are fifty in Pillow.
"""

import io
import re
import struct
from collections.abc import Callable
from typing import Final

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    features,
)

MIN_SIDE_PX: Final = 32
MAX_SIDE_PX: Final = 1_000_000
"""libpng writes and reads no longer side, and PNG is what pictures are stored as."""

DEFAULT_MAX_MEGAPIXELS: Final = 160.0
"""Above the common largest sensors of inspection cameras (151 megapixels). A picture of this size
takes less than 2 GB to take in, which ``benchmarks/attack/pictures.py`` measures."""

_MEMORY_WEIGHTS: Final = {"WEBP": 2.0, "AVIF": 2.0, "HEIF": 2.0}
"""Decoders that hold a picture twice or more, as ``benchmarks/attack/pictures.py`` measures."""
_PROGRESSIVE_WEIGHT: Final = 2.0  # all coefficients of a JPEG are held, 2 bytes each
_DEEP_WEIGHT: Final = 2.0  # 16 bits a channel
_MOST_SCANS: Final = 64  # of a JPEG: encoders write about ten, and each costs a pass over it
_MOST_BYTES_PER_PIXEL: Final = 6.0  # of a file: 16 bits in three channels, not compressed
_DEFLATE_RATIO: Final = 1032
"""Deflate packs no better (zlib's own documentation); a picture that claims more is not there."""
_RUN_LENGTH_WEIGHT: Final = 20.0  # Pillow unpacks run lengths of a BMP in Python, pixel by pixel

FORMATS: Final = "PNG, JPEG, TIFF, BMP, WebP, AVIF or HEIC"

_FOREIGN: Final = (
    (b"GIF8", "GIF"),
    (b"DDS ", "DDS"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"P1", "netpbm"),
    (b"P2", "netpbm"),
    (b"P3", "netpbm"),
    (b"P4", "netpbm"),
    (b"P5", "netpbm"),
    (b"P6", "netpbm"),
    (b"SIMPLE  =", "FITS"),
    (b"<svg", "SVG"),
)
"""First bytes of pictures that are named and not read."""


class UnreadableImageError(ValueError):
    """A file that cannot be used as a photo; the message says why and names no path."""


def open_picture(data: bytes) -> Image.Image:
    """Read a picture's header; its pixels are not decoded yet.

    Raises:
        UnreadableImageError: It is in no format that is read, or one whose decoder is missing.
        Exception: Its header is damaged; Pillow raises whatever it meets.
    """
    found = _opener(data)
    return found(io.BytesIO(data))


def _opener(data: bytes) -> Callable[[io.BytesIO], Image.Image]:
    for start, opener in _OPENERS:
        if data.startswith(start):
            return opener
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    if (brands := _brands(data)) & (_AVIF_BRANDS | _HEIC_BRANDS):
        return _avif() if brands & _AVIF_BRANDS else _heic()
    name = next((name for start, name in _FOREIGN if data.startswith(start)), None)
    if name:
        raise UnreadableImageError(f"it is a {name} file; save it as {FORMATS}")
    raise UnreadableImageError("it is not an image, or its header is damaged")


_PNG: Final = b"\x89PNG\r\n\x1a\n"
_OPENERS: Final[tuple[tuple[bytes, Callable[[io.BytesIO], Image.Image]], ...]] = (
    (_PNG, PngImagePlugin.PngImageFile),
    (b"\xff\xd8\xff", JpegImagePlugin.JpegImageFile),
    (b"II*\0", TiffImagePlugin.TiffImageFile),
    (b"MM\0*", TiffImagePlugin.TiffImageFile),
    (b"II+\0", TiffImagePlugin.TiffImageFile),
    (b"MM\0+", TiffImagePlugin.TiffImageFile),
    (b"BM", BmpImagePlugin.BmpImageFile),
)
"""Readers by the first bytes of what they read."""
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIC_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
)


def _brands(data: bytes) -> set[bytes]:
    """Return what an ISO base media file says it is; nothing of other files."""
    if data[4:8] != b"ftyp":
        return set()
    size = min(int.from_bytes(data[:4], "big"), _LONGEST_BRANDS)
    return {data[8:12], *(data[at : at + 4] for at in range(16, size - 3, 4))}


_LONGEST_BRANDS: Final = 256  # bytes; files list about five brands of 4


def _avif() -> Callable[[io.BytesIO], Image.Image]:
    if not features.check("avif"):
        raise UnreadableImageError(
            "it is an AVIF picture, which this Pillow was built without; install Pillow's own "
            "wheel, or save it as PNG"
        )
    return AvifImagePlugin.AvifImageFile


def _heic() -> Callable[[io.BytesIO], Image.Image]:
    try:
        from pillow_heif import HeifImageFile  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise UnreadableImageError(
            "it is a HEIC picture; install kizu[heic] to read it, or save it as JPEG or PNG"
        ) from error
    opener: Callable[[io.BytesIO], Image.Image] = HeifImageFile
    return opener


def most_bytes(max_megapixels: float) -> float:
    """Return how large a file may be whose picture is within a limit."""
    return max_megapixels * 1e6 * _MOST_BYTES_PER_PIXEL


def check_file_size(size: int, max_megapixels: float) -> None:
    """Refuse a file that no picture within the limit can fill.

    Args:
        size: Bytes.
        max_megapixels: The limit.

    Raises:
        UnreadableImageError: It is larger.
    """
    if size > (most := most_bytes(max_megapixels)):
        raise UnreadableImageError(
            f"the file has more than {most / 1e6:,.0f} MB, which no picture of {max_megapixels:g} "
            "megapixels needs; scale it down or tile it, or raise images.max_megapixels"
        )


def check_header(
    image: Image.Image, data: bytes, max_megapixels: float, min_side_px: int = MIN_SIDE_PX
) -> None:
    """Refuse a picture whose header asks for more than it may, or for what cannot be there.

    Args:
        image: The picture, opened and not decoded.
        data: Its file.
        max_megapixels: How large it may be. Formats that take twice the memory a pixel may have
            half as many: WebP, AVIF, HEIC, progressive JPEG and 16 bits a channel; run lengths of a
            BMP, which take long, a twentieth.
        min_side_px: How small it may be.

    Raises:
        UnreadableImageError: It is too large, too small, or its data are not all there.
    """
    width, height = image.size
    weight, why = _weight(image, data)
    if width * height * weight > max_megapixels * 1e6:
        raise UnreadableImageError(
            f"it is {width}x{height}{why}, more than {max_megapixels / weight:g} megapixels; scale "
            "it down or tile it, or raise images.max_megapixels"
        )
    if min(width, height) < min_side_px:
        raise UnreadableImageError(
            f"it is {width}x{height}; the shorter side needs {min_side_px} pixels or more"
        )
    _check_there(image, data)
    if max(width, height) > MAX_SIDE_PX:
        raise UnreadableImageError(
            f"it is {width}x{height}; no side may have more than {MAX_SIDE_PX:,} pixels, so cut it "
            "into tiles"
        )


def _weight(image: Image.Image, data: bytes) -> tuple[float, str]:
    """Return how many times the memory of an ordinary picture one takes, and why."""
    image_format = image.format or ""
    if image_format in _MEMORY_WEIGHTS:
        return _MEMORY_WEIGHTS[image_format], f" as {image_format}"
    if image.info.get("progressive"):
        return _PROGRESSIVE_WEIGHT, " as progressive JPEG"
    if image_format == "PNG" and data[24] > 8:  # the bit depth, PNG specification 11.2.2
        return _DEEP_WEIGHT, f" of {data[24]} bits"
    if image_format == "TIFF" and tiff_bits(image) > 8:
        return _DEEP_WEIGHT, f" of {tiff_bits(image)} bits"
    if any(tile[0] == "bmp_rle" for tile in getattr(image, "tile", ())):
        return _RUN_LENGTH_WEIGHT, " in run lengths"
    return 1.0, ""


def tiff_bits(image: Image.Image) -> int:
    """Return the most bits a channel of a TIFF file has."""
    bits = image.tag_v2.get(_BITS_PER_SAMPLE, 8) if hasattr(image, "tag_v2") else 8
    return max(int(each) for each in bits) if isinstance(bits, tuple) else int(bits)


def is_planar(image: Image.Image) -> bool:
    """Tell whether a TIFF file holds one channel after the other, instead of pixel by pixel."""
    tags = getattr(image, "tag_v2", {})
    return tags.get(_PLANAR_CONFIGURATION) == _SEPARATE and len(image.getbands()) > 1


_BITS_PER_SAMPLE: Final = 258  # TIFF tags
_PLANAR_CONFIGURATION: Final = 284
_SEPARATE: Final = 2


def _check_there(image: Image.Image, data: bytes) -> None:
    """Refuse a picture whose data cannot be all there, or take too long to read."""
    width, height = image.size
    damaged = UnreadableImageError(
        f"it is damaged or cut off (its header says {width}x{height}, its data are less)"
    )
    if image.format == "PNG" and width * height * data[24] > 8 * _DEFLATE_RATIO * len(data):
        raise damaged
    if image.format == "JPEG" and _has_many_scans(data):
        raise UnreadableImageError(
            f"it has more than {_MOST_SCANS} scans, which would take too long; save it anew"
        )
    if image.format in ("TIFF", "BMP"):
        covered = sum(
            max(0, x1 - x0) * max(0, y1 - y0)
            for _, (x0, y0, x1, y1), *_ in getattr(image, "tile", ())
        )
        if covered < width * height:
            raise damaged


def _has_many_scans(data: bytes) -> bool:
    """Tell whether a JPEG has more scans than encoders write; what follows its end is not it.

    Phones append films and further pictures, where the bytes of a marker stand by chance.
    """
    if data.count(_START_OF_SCAN) <= _MOST_SCANS:
        return False
    at, scans = len(_START_OF_IMAGE), 0
    for _ in range(_MOST_SEGMENTS):
        marker = _MARKER.search(data, at)
        if marker is None or marker[0] == _END_OF_IMAGE:
            return False
        scans += marker[0] == _START_OF_SCAN
        if scans > _MOST_SCANS:
            return True
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return True  # of so many segments none is a photo's


_START_OF_IMAGE: Final = b"\xff\xd8"
_START_OF_SCAN: Final = b"\xff\xda"
_END_OF_IMAGE: Final = b"\xff\xd9"
_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)
"""A marker of a segment; JPEG puts the others into the data of a scan (ITU-T T.81, B.1.1.2)."""
_MOST_SEGMENTS: Final = 10_000  # a colour profile of 16 MB has 255, and encoders write some tens


def check_stored_png(data: bytes) -> None:
    """Refuse a PNG that kizu wrote and whose header claims more than its data can hold.

    Raises:
        UnreadableImageError: It is damaged.
    """
    if not data.startswith(_PNG) or len(data) < _PNG_HEADER_END:
        raise UnreadableImageError("it is no PNG")
    width, height, bits, colour = struct.unpack(">IIBB", data[16:26])
    if width * height * bits * _PNG_CHANNELS.get(colour, 1) > 8 * _DEFLATE_RATIO * len(data):
        raise UnreadableImageError("its header claims more than its data")


_PNG_HEADER_END: Final = 29
_PNG_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type, PNG specification 11.2.2
