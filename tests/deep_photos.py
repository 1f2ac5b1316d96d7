"""Photographs as inspection cameras and design programs write them: 16 bits, and other colours."""

import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image, ImageCms


def deep_file(values, suffix=".png"):
    """Return (H, W) or (H, W, 3) RGB uint16 values as a PNG or TIFF file."""
    ordered = values[..., ::-1] if values.ndim == 3 else values
    ok, data = cv2.imencode(suffix, ordered.astype(np.uint16))
    assert ok
    return data.tobytes()


def part_of_lot(brightest):
    """Return one part as a 12-bit camera sees it, (48, 64) uint16, with one brightest pixel."""
    y, x = np.mgrid[:48, :64]
    values = (300 + 6 * x + 4 * y + 40 * ((x // 8 + y // 8) % 2)).astype(np.uint16)
    values[0, 0] = brightest
    return values


def swapped_profile():
    """Return a profile whose red is sRGB's blue, and the other way round."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    [count] = struct.unpack(">I", data[128:132])
    names = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}
    for at in range(132, 132 + 12 * count, 12):
        data[at : at + 4] = names.get(bytes(data[at : at + 4]), data[at : at + 4])
    return bytes(data)


def grey_profile(gamma):
    """Return a profile of grey values with a gamma (ICC.1:2001-04, monochrome input profiles)."""
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)  # D50, 1/65536
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags, at = b"", 128 + 4 + 2 * 12
    for name, body in ((b"wtpt", white), (b"kTRC", curve)):
        tags += name + struct.pack(">II", at, len(body))
        at += len(body)
    head = struct.pack(">I4sI4s4s4s", at, bytes(4), 0x02400000, b"mntr", b"GRAY", b"XYZ ")
    head = (head + bytes(12) + b"acsp").ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", 2) + tags + white + curve


def profiled(image, profile, file_format="PNG"):
    """Return a Pillow image as a file with a colour profile."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, icc_profile=profile)
    return buffer.getvalue()


def with_png_profile(data, profile):
    """Return a PNG file with a colour profile put in (PNG specification 11.3.3.3)."""
    body = b"iCCP" + b"profile\0\0" + zlib.compress(profile)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]


def red_block(mode):
    """Return a picture of 40 x 50 pixels in a Pillow mode: black, with a red block."""
    pixels = np.zeros((50, 40, 3), np.uint8)
    pixels[:16, :16] = (200, 0, 0)
    image = Image.fromarray(pixels)
    if mode == "P":
        return image.quantize(4)
    if mode == "RGBA":
        alpha = np.full((50, 40), 255, np.uint8)
        alpha[30:, 20:] = 0
        image.putalpha(Image.fromarray(alpha))
    return image if mode == "RGBA" else image.convert(mode)
