import io
import struct
import sys
import zlib

import cv2
import numpy as np
import pytest
from deep_photos import (
    deep_file,
    grey_profile,
    part_of_lot,
    profiled,
    red_block,
    swapped_profile,
    with_png_profile,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from kizu.imaging.codecs import (
    PLAIN,
    Decoding,
    UnreadableImageError,
    decode_drawn_mask,
    decode_image,
    decode_mask,
    decode_png,
    decoding_of,
    encode_mask,
    encode_png,
)

ORIENTATION = 0x0112
ALL_PROFILES = Decoding(profiles="all")


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


def planar_tiff(image):
    """Return an (H, W, 3) uint16 picture as a TIFF file with one channel after the other."""
    height, width = image.shape[:2]
    plane = height * width * 2
    after = 8 + 2 + 12 * 10 + 4  # header, ten tags, no further picture
    start = after + 6 + 12 + 12
    tags = [
        (256, 4, [width]),
        (257, 4, [height]),
        (258, 3, [16, 16, 16]),
        (259, 3, [1]),
        (262, 3, [2]),
        (273, 4, [start + row * plane for row in range(3)]),
        (277, 3, [3]),
        (278, 4, [height]),
        (279, 4, [plane] * 3),
        (284, 3, [2]),
    ]
    entries, extra = b"", b""
    for tag, kind, values in tags:
        packed = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            extra, packed = extra + packed, struct.pack("<I", after + len(extra))
        entries += struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head + extra + np.moveaxis(image, 2, 0).astype("<u2").tobytes()


def test_16_bit_channels_that_no_decoder_reads_are_named_instead_of_made_up():
    deep = np.full((40, 50, 3), 40_000, np.uint16)
    with Image.open(io.BytesIO(planar_tiff(deep))) as opened:
        assert opened.size == (50, 40)
    with pytest.raises(UnreadableImageError, match=r"16-bit channels .*planar"):
        decode_image(planar_tiff(deep))


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


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_one_bright_pixel_changes_no_other_where_the_depth_is_told(suffix):
    dark, bright = (deep_file(part_of_lot(value), suffix) for value in (1023, 1024))
    one, other = (decode_image(data, decoding=Decoding(depth_bits=12)) for data in (dark, bright))
    assert np.array_equal(one[1:], other[1:])
    assert one[20, 20, 0] == round(int(part_of_lot(0)[20, 20]) * 255 / 4095)
    by_themselves = [decode_image(data)[1:].mean() for data in (dark, bright)]
    assert by_themselves[0] == pytest.approx(4 * by_themselves[1], rel=0.02)


def test_16_bit_colour_has_the_told_depth_too():
    values = np.zeros((40, 50, 3), np.uint16)
    values[..., 1] = 2048
    decoded = decode_image(deep_file(values, ".tiff"), decoding=Decoding(depth_bits=16))
    assert tuple(decoded[0, 0]) == (0, 8, 0)


def test_a_value_beyond_the_told_depth_is_named_instead_of_clipped():
    with pytest.raises(UnreadableImageError, match=r"4096, more than the 4095 of 12 bits; raise"):
        decode_image(deep_file(part_of_lot(4096)), decoding=Decoding(depth_bits=12))


def test_transparent_16_bit_photos_are_named_where_a_depth_is_told():
    values = np.full((40, 50, 4), 9000, np.uint16)
    ok, data = cv2.imencode(".png", values)
    assert ok
    assert decode_image(data.tobytes()).shape == (40, 50, 3)
    with pytest.raises(UnreadableImageError, match="16-bit channels and transparency"):
        decode_image(data.tobytes(), decoding=Decoding(depth_bits=16))


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_profiles_of_transparent_and_palette_pictures_are_converted_where_told(mode):
    data = profiled(red_block(mode), swapped_profile())
    assert tuple(decode_image(data)[4, 4]) == (200, 0, 0)
    converted = decode_image(data, decoding=ALL_PROFILES)
    assert np.abs(converted[4, 4].astype(int) - (0, 0, 200)).max() <= 2
    assert converted[20, 30].max() <= 2
    assert tuple(converted[45, 35]) == ((255, 255, 255) if mode == "RGBA" else (0, 0, 0))


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_profiles_of_opaque_colour_are_converted_as_ever(mode):
    profile = swapped_profile() if mode == "RGB" else b"broken"
    data = profiled(red_block(mode), profile, "TIFF")
    assert np.array_equal(decode_image(data), decode_image(data, decoding=ALL_PROFILES))
    assert decoding_of(data, ALL_PROFILES) == PLAIN


@pytest.mark.parametrize("deep", [False, True])
def test_profiles_of_grey_pictures_are_converted_where_told(deep):
    values = np.full((40, 50), 64, np.uint8)
    data = profiled(Image.fromarray(values), grey_profile(1.0))
    if deep:
        plain = deep_file(values.astype(np.uint16) * 257)
        data = with_png_profile(plain, grey_profile(1.0))
    assert tuple(decode_image(data)[0, 0]) == (64, 64, 64)
    converted = decode_image(data, decoding=ALL_PROFILES)
    linear = 64 / 255
    expected = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)  # IEC 61966-2-1
    assert np.abs(converted - expected).max() <= 2


def test_the_profile_of_a_16_bit_colour_photo_is_converted_where_told():
    values = np.zeros((40, 50, 3), np.uint16)
    values[..., 0] = 200 * 257
    data = with_png_profile(deep_file(values), swapped_profile())
    assert tuple(decode_image(data)[0, 0]) == (200, 0, 0)
    converted = decode_image(data, decoding=ALL_PROFILES)
    assert np.abs(converted[0, 0].astype(int) - (0, 0, 200)).max() <= 2


def test_only_what_concerns_a_file_is_told_of_it():
    chosen = Decoding(depth_bits=12, profiles="all")
    deep, tinted = deep_file(part_of_lot(900)), profiled(red_block("RGBA"), swapped_profile())
    assert decoding_of(deep, chosen) == Decoding(depth_bits=12)
    assert decoding_of(tinted, chosen) == Decoding(profiles="all")
    for mode in ("RGB", "RGBA", "P", "L", "CMYK"):
        assert decoding_of(saved(red_block(mode), "TIFF"), chosen) == PLAIN
    assert decoding_of(b"no picture", chosen) == PLAIN


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
    with pytest.raises(UnreadableImageError, match="megapixels; scale it down"):
        decode_image(bomb)


def test_a_thumbnail_is_too_small():
    with pytest.raises(UnreadableImageError, match="16x16"):
        decode_image(saved(Image.new("RGB", (16, 16)), "PNG"))


@pytest.mark.parametrize("side", [(1_000_001, 32), (32, 1_000_001)])
def test_a_side_that_no_png_can_have_is_named(side):
    with pytest.raises(UnreadableImageError, match="no side may have more than 1,000,000 pixels"):
        decode_image(saved(Image.new("L", side), "PNG"))


def test_the_longest_side_that_is_taken_can_be_stored():
    row = decode_image(saved(Image.new("L", (1_000_000, 32)), "PNG"))
    assert decode_png(encode_png(row)).shape == (32, 1_000_000, 3)


def test_floating_point_pixels_are_refused_with_a_way_out():
    with pytest.raises(UnreadableImageError, match="8 or 16 bits"):
        decode_image(saved(Image.fromarray(np.zeros((40, 40), np.float32)), "TIFF"))


@given(arrays(np.uint8, (5, 7, 3)))
def test_png_keeps_every_pixel(pixels):
    assert np.array_equal(decode_png(encode_png(pixels)), pixels)


@given(arrays(bool, (5, 7)))
def test_masks_keep_every_pixel(mask):
    assert np.array_equal(decode_mask(encode_mask(mask)), mask)


def test_a_damaged_stored_file_says_what_to_do():
    with pytest.raises(UnreadableImageError, match="build again"):
        decode_png(b"broken")


def tiff_of(rows: int, height: int) -> bytes:
    """A TIFF file that says it is ``height`` high and holds ``rows`` rows."""
    data = bytearray(saved(Image.new("RGB", (64, rows)), "TIFF"))
    at = data.index(struct.pack("<H", 257))  # the tag of its height, whatever its type
    data[at : at + 12] = struct.pack("<HHII", 257, 4, 1, height)
    return bytes(data)


@pytest.mark.parametrize("height", [65, 4096, 1_000_000])
def test_a_header_that_claims_rows_that_are_not_there_costs_nothing(height):
    with pytest.raises(UnreadableImageError, match="damaged or cut off"):
        decode_image(tiff_of(64, height))


def test_a_png_that_claims_more_than_deflate_can_hold_is_not_decoded(monkeypatch, corner):
    data = bytearray(saved(Image.fromarray(corner), "PNG"))
    data[20:24] = struct.pack(">I", 1_500_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", None)
    with pytest.raises(UnreadableImageError, match="its header says 40x1500000"):
        decode_image(bytes(data))


@pytest.mark.parametrize(
    ("file_format", "options", "weight"),
    [
        ("PNG", {}, 1),
        ("JPEG", {}, 1),
        ("JPEG", {"progressive": True}, 2),
        ("WEBP", {"lossless": True}, 2),
        ("AVIF", {"speed": 10}, 2),
        ("TIFF", {"compression": "tiff_lzw"}, 1),
    ],
)
def test_the_most_megapixels_follow_from_the_memory_a_format_takes(file_format, options, weight):
    data = saved(Image.new("RGB", (200, 100), "white"), file_format, **options)
    decode_image(data, max_megapixels=0.02 * weight)
    with pytest.raises(UnreadableImageError, match=r"200x100.*megapixels.*images.max_megapixels"):
        decode_image(data, max_megapixels=0.0199 * weight)


def test_a_limit_may_be_raised_above_that_of_pillow(monkeypatch, corner):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert np.array_equal(decode_image(saved(Image.fromarray(corner), "PNG")), corner)


def test_a_file_larger_than_any_picture_is_not_looked_at():
    with pytest.raises(UnreadableImageError, match="MB"):
        decode_image(bytes(100_000), max_megapixels=0.01)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"GIF89a", "GIF"),
        (b"DDS \x7c\0\0\0", "DDS"),
        (b"8BPS\0\1", "Photoshop"),
        (b"P6\n9 9\n255\n", "netpbm"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    ],
)
def test_a_picture_in_another_format_is_named(start, name):
    with pytest.raises(UnreadableImageError, match=f"it is a {name} file; save it as PNG"):
        decode_image(start + bytes(500))


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"hevx"])
def test_a_heic_picture_names_the_extra_that_reads_it(monkeypatch, brand):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    data = struct.pack(">I", 24) + b"ftyp" + brand + bytes(4) + b"mif1heic" + bytes(200)
    with pytest.raises(UnreadableImageError, match=r"HEIC picture; install kizu\[heic\]"):
        decode_image(data)


def test_a_heic_picture_is_read_where_the_extra_is_installed():
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), (200, 10, 10))).save(buffer)
    assert np.abs(decode_image(buffer.getvalue())[20, 20].astype(int) - (200, 10, 10)).max() < 12


def test_damaged_exif_does_not_lose_the_photo(corner):
    exif = Image.Exif()
    exif[ORIENTATION] = 1
    data = saved(Image.fromarray(corner), "JPEG", exif=exif)
    at = data.index(b"Exif\0\0") + 6
    for place in range(at, at + 20):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        assert decode_image(bytes(broken)).shape == (50, 40, 3)


@given(st.data())
def test_whatever_a_damaged_file_does_to_a_decoder_is_one_sentence(draw):
    pixels = Image.fromarray(np.arange(40 * 40 * 3, dtype=np.uint8).reshape(40, 40, 3))
    file_format = draw.draw(st.sampled_from(["PNG", "JPEG", "TIFF", "BMP", "WEBP", "AVIF"]))
    data = bytearray(saved(pixels, file_format))
    for _ in range(draw.draw(st.integers(1, 8))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    told = ""
    try:
        decode_image(bytes(data), max_megapixels=4)
    except UnreadableImageError as error:
        told = str(error)
    assert told.isprintable()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_turns_it(orientation):
    pixels = np.random.default_rng(0).integers(0, 255, (50, 300, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = saved(Image.fromarray(pixels), "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.array_equal(decode_image(data), np.asarray(upright))


def test_a_stored_file_whose_header_lies_costs_no_memory(monkeypatch):
    data = bytearray(encode_mask(np.ones((40, 40), np.bool_)))
    data[16:24] = struct.pack(">II", 30_000, 30_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    monkeypatch.setattr(cv2, "imdecode", None)
    with pytest.raises(UnreadableImageError, match="build again"):
        decode_mask(bytes(data))


def test_a_drawn_mask_may_be_in_colour_and_small():
    drawn = np.zeros((8, 9, 3), np.uint8)
    drawn[2, 3, 1] = 1
    mask = decode_drawn_mask(saved(Image.fromarray(drawn), "PNG"))
    assert np.argwhere(mask).tolist() == [[2, 3]]


@pytest.mark.parametrize("data", [b"", b"notes", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_a_drawn_mask_that_is_none_says_so(data):
    with pytest.raises(UnreadableImageError):
        decode_drawn_mask(data)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_film_behind_a_jpeg_is_none_of_its_scans(corner, progressive):
    photo = saved(Image.fromarray(corner), "JPEG", progressive=progressive)
    film = b"\0\0\0\x18ftypmp42" + b"\xff\xda\0\x08scan" * 100
    assert np.array_equal(decode_image(photo + film), decode_image(photo))


def test_a_jpeg_of_many_scans_is_refused(corner):
    photo = saved(Image.fromarray(corner), "JPEG", progressive=True)
    scan = photo[photo.rindex(b"\xff\xda") : -2]
    with pytest.raises(UnreadableImageError, match="more than 64 scans"):
        decode_image(photo[:-2] + scan * 64 + b"\xff\xd9")
