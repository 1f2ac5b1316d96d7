import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms

from kizu.imaging.codecs import (
    UnreadableImageError,
    decode_image,
    decode_map,
    decode_mask,
    decode_png,
    encode_map,
    encode_mask,
    encode_png,
)

ORIENTATION = 0x0112


def saved(image: Image.Image, file_format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.fixture
def corner() -> np.ndarray:
    """Black, 40 wide and 50 high, with a red block in the upper left corner."""
    pixels = np.zeros((50, 40, 3), np.uint8)
    pixels[:16, :16] = (200, 0, 0)
    return pixels


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF", "WEBP", "JPEG"])
def test_every_format_is_read_as_rgb(corner, file_format):
    decoded = decode_image(saved(Image.fromarray(corner), file_format))
    assert decoded.shape == (50, 40, 3)
    assert np.abs(decoded[4, 4].astype(int) - (200, 0, 0)).max() < 12
    assert decoded[40, 30].max() < 12


def test_exif_orientation_turns_the_photo_upright(corner):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    decoded = decode_image(saved(Image.fromarray(corner), "PNG", exif=exif))
    assert decoded.shape == (40, 50, 3)
    assert tuple(decoded[4, 45]) == (200, 0, 0)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_16_bit_files_are_turned_upright_too(corner, suffix):
    deep = corner[..., 0].astype(np.uint16) * 257
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    file_format = "PNG" if suffix == ".png" else "TIFF"
    decoded = decode_image(saved(Image.fromarray(deep), file_format, exif=exif))
    assert decoded.shape == (40, 50, 3)
    assert tuple(decoded[4, 45]) == (200, 200, 200)


def test_grey_becomes_rgb(corner):
    decoded = decode_image(saved(Image.fromarray(corner[..., 0]), "PNG"))
    assert tuple(decoded[4, 4]) == (200, 200, 200)


def test_palette_becomes_rgb(corner):
    palette = Image.fromarray(corner).quantize(4)
    assert tuple(decode_image(saved(palette, "PNG"))[4, 4]) == (200, 0, 0)


def test_cmyk_becomes_rgb(corner):
    cmyk = Image.fromarray(corner).convert("CMYK")
    assert tuple(decode_image(saved(cmyk, "TIFF"))[4, 4]) == (200, 0, 0)


def test_transparency_is_laid_on_white(corner):
    alpha = np.zeros((50, 40), np.uint8)
    alpha[:16, :16] = 255
    rgba = Image.fromarray(np.dstack([corner, alpha]))
    decoded = decode_image(saved(rgba, "PNG"))
    assert tuple(decoded[4, 4]) == (200, 0, 0)
    assert tuple(decoded[40, 30]) == (255, 255, 255)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_16_bit_colour_keeps_its_channels(suffix):
    deep = np.zeros((40, 40, 3), np.uint16)
    deep[..., 2] = 65535
    ok, data = cv2.imencode(suffix, deep)
    assert ok
    assert tuple(decode_image(data.tobytes())[0, 0]) == (255, 0, 0)


def test_12_bit_data_in_a_16_bit_file_is_not_black():
    deep = np.full((40, 40), 1000, np.uint16)
    deep[0, 0] = 4095
    ok, data = cv2.imencode(".png", deep)
    assert ok
    decoded = decode_image(data.tobytes())
    assert decoded[0, 0, 0] == 255
    assert decoded[20, 20, 0] == round(1000 * 255 / 4095)


def test_an_embedded_colour_profile_is_converted_to_srgb(corner):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = decode_image(saved(Image.fromarray(corner), "PNG", icc_profile=profile))
    assert np.abs(same.astype(int) - corner).max() <= 2


def test_a_broken_colour_profile_does_not_lose_the_photo(corner):
    decoded = decode_image(saved(Image.fromarray(corner), "PNG", icc_profile=b"broken"))
    assert np.array_equal(decoded, corner)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF", "WEBP", "BMP"])
def test_a_cut_off_file_says_so(file_format):
    noisy = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = saved(Image.fromarray(noisy), file_format)
    with pytest.raises(UnreadableImageError, match="damaged"):
        decode_image(data[: len(data) // 2])


def test_an_empty_file_says_so():
    with pytest.raises(UnreadableImageError, match="empty"):
        decode_image(b"")


def test_a_text_file_is_not_an_image():
    with pytest.raises(UnreadableImageError, match="not an image"):
        decode_image(b"these are notes")


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(UnreadableImageError, match="pixels; scale it down"):
        decode_image(bomb)


def test_a_thumbnail_is_too_small():
    with pytest.raises(UnreadableImageError, match="16x16"):
        decode_image(saved(Image.new("RGB", (16, 16)), "PNG"))


def test_floating_point_pixels_are_refused_with_a_way_out():
    with pytest.raises(UnreadableImageError, match="8 or 16 bits"):
        decode_image(saved(Image.fromarray(np.zeros((40, 40), np.float32)), "TIFF"))


@given(arrays(np.uint8, (5, 7, 3)))
def test_png_keeps_every_pixel(pixels):
    assert np.array_equal(decode_png(encode_png(pixels)), pixels)


@given(arrays(bool, (5, 7)))
def test_masks_keep_every_pixel(mask):
    assert np.array_equal(decode_mask(encode_mask(mask)), mask)


@given(arrays(np.float32, (4, 3), elements=st.floats(0, 250, width=32)))
def test_maps_are_kept_to_a_256th_of_a_unit(values):
    assert np.abs(decode_map(encode_map(values)) - values).max() <= 1 / 512 + 1e-5


def test_a_damaged_stored_file_says_what_to_do():
    with pytest.raises(UnreadableImageError, match="build again"):
        decode_png(b"broken")
