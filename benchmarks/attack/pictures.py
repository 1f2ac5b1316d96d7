"""Damaged pictures of every format that Pillow writes here, given to a build's intake.

    python -m benchmarks.attack.pictures --count 20000

Each goes the way of a normal photo: read, decoded, stored, described. What is promised: it is taken
in or named in a sentence, in less than 10 s of processor time and 2 GiB. To describe a photo, as is
done where pictures are paired with it, is a step of its own, and timed as one.
"""

import argparse
import io
import shutil
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageCms

from benchmarks.attack.bounded import LONGEST_S, attack, table
from kizu.imaging.codecs import decode_png
from kizu.imaging.formats import DEFAULT_MAX_MEGAPIXELS
from kizu.matching import describe_image
from kizu.sources import Skipped, SourceFile, take_in
from kizu.store import Store

SEED: Final = 20
_SIDE_PX: Final = 96
_ICC: Final = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_BOMB_MEGAPIXELS: Final = (20, 79, 159, 161, 1000)  # about what is let in, and half of that

Mutate = Callable[[bytes, np.random.Generator], bytes]


def main() -> None:
    """Give damaged pictures to the intake and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="how many damaged pictures")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--no-bombs", action="store_true", help="damaged pictures alone")
    chosen = parser.parse_args()
    damaged = mutations(chosen.count, chosen.seed)
    harmed = table("damaged pictures", attack(_TAKE_IN, damaged, longest_s=_LONGEST_WALL_S))
    if not chosen.no_bombs:
        harmed += table("bombs", attack(_TAKE_IN, bombs(), longest_s=_LONGEST_WALL_S))
    sys.exit(harmed > 0)


_LONGEST_WALL_S: Final = 240.0  # on a machine that does other things; what counts is its own time
_TAKE_IN: Final = "benchmarks.attack.pictures:take_one_in"


def take_one_in(data: bytes) -> str:
    """Take a file in as a build does; return the sentence if it cannot be used."""
    folder = _folder()
    file = folder / "photo.png"
    file.write_bytes(data)
    store = Store(str(folder / "store"))
    try:
        with _in_time():
            image = take_in(SourceFile("photo.png", str(file)), store)
        if isinstance(image, Skipped):
            _check_is_sentence(image.reason)
            return image.reason
        with _in_time():
            describe_image(decode_png(store.read(image.path)))
    finally:
        shutil.rmtree(folder / "store", ignore_errors=True)
    return ""


@contextmanager
def _in_time() -> Iterator[None]:
    start = time.process_time()
    yield
    if (took_s := time.process_time() - start) > LONGEST_S:
        raise AssertionError(f"it took {took_s:.1f} s of processor time")


def _check_is_sentence(reason: str) -> None:
    if len(reason) > _LONGEST_SENTENCE or not reason.isprintable():
        raise AssertionError(f"no sentence: {reason!r}")


_LONGEST_SENTENCE: Final = 400  # characters


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="kizu-attack-"))


def mutations(count: int, seed: int = SEED) -> Iterator[tuple[str, bytes]]:
    """Yield damaged pictures by name, the same for the same seed."""
    rng = np.random.default_rng(seed)
    files = list(seeds().items())
    for number in range(count):
        name, data = files[int(rng.integers(len(files)))]
        applied = []
        for _ in range(int(rng.integers(1, 4))):
            mutation = _MUTATIONS[int(rng.integers(len(_MUTATIONS)))]
            applied.append(mutation.__name__.strip("_"))
            data = mutation(data, rng)
        yield f"{number} {name} {'+'.join(applied)}", data


def seeds() -> dict[str, bytes]:
    """Return intact pictures by name: formats, modes and compressions that Pillow writes here."""
    files: dict[str, bytes] = {}
    for name, image in _images().items():
        for kind, options in _WRITERS:
            buffer = io.BytesIO()
            try:
                image.save(buffer, kind, **options)
            except (OSError, ValueError, KeyError, SystemError, TypeError):  # not of this mode
                continue
            told = "-".join(str(value)[:12] for value in options.values() if value is not _ICC)
            files[f"{kind}-{name}-{told}"] = buffer.getvalue()
    return files


def _images() -> dict[str, Image.Image]:
    rng = np.random.default_rng(SEED)
    ramp = np.linspace(0, 255, _SIDE_PX)
    pixels = np.stack([np.add.outer(ramp, ramp) / 2, np.add.outer(ramp, -ramp) % 256], axis=-1)
    colour = np.dstack([pixels, rng.integers(0, 255, (_SIDE_PX, _SIDE_PX))]).astype(np.uint8)
    rgb = Image.fromarray(colour)
    clear = rgb.copy()
    clear.putalpha(rgb.convert("L"))
    deep = Image.fromarray(colour[..., 0].astype(np.uint16) * 257)
    lab = ImageCms.profileToProfile(
        rgb, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    modes = {mode: rgb.convert(mode) for mode in ("RGB", "L", "P", "1", "CMYK", "YCbCr", "I", "F")}
    return modes | {"RGBA": clear, "LA": clear.convert("LA"), "I;16": deep, "LAB": lab or rgb}


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation
    exif[0x010F] = "maker"
    exif.get_ifd(0x8769)[0x9003] = "2026:01:01 00:00:00"
    exif.get_ifd(0x8825)[2] = (1.0, 2.0, 3.0)
    return exif.tobytes()


_WRITERS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("PNG", {}),
    ("PNG", {"icc_profile": _ICC, "exif": _exif()}),
    ("JPEG", {"quality": 80}),
    ("JPEG", {"progressive": True, "exif": _exif(), "icc_profile": _ICC}),
    ("MPO", {"save_all": True}),
    ("TIFF", {}),
    ("TIFF", {"exif": _exif(), "icc_profile": _ICC}),
    *(
        ("TIFF", {"compression": f"tiff_{how}"})
        for how in ("lzw", "adobe_deflate", "jpeg", "ccitt")
    ),
    ("TIFF", {"compression": "packbits"}),
    ("TIFF", {"compression": "group4"}),
    ("TIFF", {"compression": "zstd"}),
    ("TIFF", {"compression": "webp"}),
    ("TIFF", {"big_tiff": True}),
    ("BMP", {}),
    ("WEBP", {"lossless": True, "method": 0}),
    ("WEBP", {"quality": 60, "exif": _exif(), "icc_profile": _ICC}),
    ("AVIF", {"speed": 10}),
    ("AVIF", {"speed": 10, "exif": _exif(), "icc_profile": _ICC}),
    *(
        (kind, {})
        for kind in ("GIF", "PPM", "DDS", "TGA", "PCX", "ICO", "ICNS", "SGI", "IM", "MSP")
    ),
    *((kind, {}) for kind in ("JPEG2000", "EPS", "PDF", "SPIDER", "XBM", "QOI", "BLP")),
)


def _flip_bits(data: bytes, rng: np.random.Generator) -> bytes:
    out = bytearray(data)
    for at in rng.integers(0, max(len(out), 1), int(rng.integers(1, 24))) if out else ():
        out[at] ^= 1 << int(rng.integers(8))
    return bytes(out)


def _flip_early_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    out = bytearray(data)
    for at in rng.integers(0, max(1, min(len(out), 400)), int(rng.integers(1, 6))) if out else ():
        out[at] = int(rng.integers(256))
    return bytes(out)


def _cut_off(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: int(rng.integers(0, len(data) + 1))]


def _cut_out(data: bytes, rng: np.random.Generator) -> bytes:
    start, end = sorted(int(at) for at in rng.integers(0, len(data) + 1, 2))
    return data[:start] + data[end:]


def _repeat_a_part(data: bytes, rng: np.random.Generator) -> bytes:
    start, end = sorted(int(at) for at in rng.integers(0, len(data) + 1, 2))
    return data[:end] + data[start:end] * int(rng.integers(1, 40)) + data[end:]


def _append_another(data: bytes, rng: np.random.Generator) -> bytes:
    files = list(_seeds().values())
    return data + files[int(rng.integers(len(files)))]


def _lie_in_a_number(data: bytes, rng: np.random.Generator) -> bytes:
    """Put an extreme number where a length, a size or an offset may be."""
    if len(data) < 12:
        return data
    at = int(rng.integers(0, min(len(data), 4000) - 8))
    number = _EXTREMES[int(rng.integers(len(_EXTREMES)))]
    kind = ("<I", ">I", "<H", ">H", "<Q")[int(rng.integers(5))]
    size = struct.calcsize(kind)
    return data[:at] + struct.pack(kind, number % 256**size) + data[at + size :]


_EXTREMES: Final = (0, 1, 255, 65535, 65536, 100_000, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63)


def _lie_about_size(data: bytes, rng: np.random.Generator) -> bytes:
    """Write another width or height wherever the true one stands."""
    kind = ("<I", ">I", "<H", ">H")[int(rng.integers(4))]
    lie = int(rng.choice([0, 1, 97, 4096, 16383, 65535, 2**20, 3 * 2**20, 2**31 - 1]))
    there = struct.pack(kind, _SIDE_PX)
    wrong = struct.pack(kind, lie % 256 ** len(there))
    return _mended(data.replace(there, wrong, int(rng.integers(1, 4))))


def _shuffle_chunks(data: bytes, rng: np.random.Generator) -> bytes:
    """Leave out, repeat and swap the chunks of a PNG, with their checksums right."""
    chunks = _png_chunks(data)
    if not chunks:
        return _cut_out(data, rng)
    order = rng.integers(0, len(chunks), int(rng.integers(1, 2 * len(chunks) + 2)))
    return data[:8] + b"".join(chunks[int(at)] for at in (0, *order))


def _damage_inside_chunks(data: bytes, rng: np.random.Generator) -> bytes:
    """Damage what is in a PNG's chunks, with their checksums right."""
    return _mended(_flip_early_bytes(data, rng))


def _add_a_text_bomb(data: bytes, rng: np.random.Generator) -> bytes:
    """Put a text or profile of megabytes into a PNG, packed to kilobytes."""
    if not data.startswith(b"\x89PNG"):
        return data
    body = zlib.compress(bytes(int(rng.choice([10**5, 10**6, 10**7]))))
    kind = (b"zTXt", b"iCCP", b"iTXt")[int(rng.integers(3))]
    prefix = {b"zTXt": b"k\0\0", b"iCCP": b"k\0\0", b"iTXt": b"k\0\1\0\0\0"}[kind]
    return data[:33] + _chunk(kind, prefix + body) * int(rng.integers(1, 80)) + data[33:]


def _loop_in_exif(data: bytes, rng: np.random.Generator) -> bytes:
    """Let offsets of a TIFF structure point back at its beginning."""
    at = data.find(b"II*\0")
    at = data.find(b"MM\0*") if at < 0 else at
    if at < 0:
        return data
    out = bytearray(data)
    for place in rng.integers(at + 4, min(len(out), at + 300), 6):
        out[place : place + 4] = struct.pack("<I", int(rng.integers(0, 40)))
    return bytes(out)


_MUTATIONS: Final[tuple[Mutate, ...]] = (
    _flip_bits,
    _flip_early_bytes,
    _cut_off,
    _cut_out,
    _repeat_a_part,
    _append_another,
    _lie_in_a_number,
    _lie_about_size,
    _shuffle_chunks,
    _damage_inside_chunks,
    _add_a_text_bomb,
    _loop_in_exif,
)
_seeds = cache(seeds)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_chunks(data: bytes) -> list[bytes]:
    chunks, at = [], 8
    while data.startswith(b"\x89PNG") and at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        chunks.append(data[at : at + 12 + size])
        at += 12 + size
    return chunks


def _mended(data: bytes) -> bytes:
    """Return a PNG with the right checksums; other files as they are."""
    chunks = _png_chunks(data)
    if not chunks:
        return data
    return data[:8] + b"".join(_chunk(chunk[4:8], chunk[8:-4]) for chunk in chunks)


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yield small files that are large pictures, or that take long."""
    for megapixels in _BOMB_MEGAPIXELS:
        side = int((megapixels * 1e6) ** 0.5)
        for bits, colour in ((8, 2), (8, 6), (8, 0), (8, 3), (16, 2), (16, 6), (16, 0), (1, 0)):
            yield f"PNG {megapixels} MP {bits} bits {colour}", png_bomb(side, side, bits, colour)
        yield f"PNG {megapixels} MP in one row", png_bomb(side * side // 32, 32, 8, 2)
        yield f"PNG {megapixels} MP with a profile", png_bomb(side, side, 8, 2, _ICC)
    for scans in (20, 60, 200, 5000):
        yield f"JPEG of {scans} scans", _scans(scans)
    yield "BMP in run lengths", _run_lengths(6000, 30_000)
    yield "BMP in run lengths, line by line", _run_lengths(5_000_000, 40)
    for kind, options in (
        ("JPEG", {"progressive": True}),
        ("JPEG", {}),
        ("WEBP", {"lossless": True, "method": 0}),
        ("AVIF", {"speed": 10}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ):
        for side in (8_900, 12_600):
            buffer = io.BytesIO()
            Image.new("RGB", (side, side), (90, 120, 200)).save(buffer, kind, **options)
            yield f"{kind} {side} x {side} {options}", buffer.getvalue()


def png_bomb(width: int, height: int, bits: int, colour: int, profile: bytes = b"") -> bytes:
    """Return a black PNG of a size, packed as far as deflate packs."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row, packer = bytes(1 + (width * bits * channels + 7) // 8), zlib.compressobj(1)
    rows = height if width * height < 1e6 * DEFAULT_MAX_MEGAPIXELS else 1  # the header tells
    packed = b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = [_chunk(b"IHDR", header)]
    if profile:
        parts.append(_chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile)))
    if colour == 3:
        parts.append(_chunk(b"PLTE", bytes(range(48))))
    parts += [_chunk(b"IDAT", packed), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _scans(count: int) -> bytes:
    """Return a large progressive JPEG whose last scan comes again and again."""
    buffer = io.BytesIO()
    Image.new("L", (8000, 8000), 120).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def _run_lengths(width: int, height: int) -> bytes:
    """Return a BMP of 8 bits whose every line is one that ends at once."""
    data = b"\0\0" * height + b"\0\1"
    palette = b"".join(bytes((level, 0, level, 0)) for level in range(256))
    offset = 54 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + info + palette + data


if __name__ == "__main__":
    main()
