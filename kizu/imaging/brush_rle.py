"""Label Studio's run lengths of brush masks: bits, over the four channels of every pixel in turn.

The packing is that of ``@thi.ng/rle-pack``: 32 bits for the number of values, 5 for the bits of a
value less one, four times 4 for the bits of a length less one; then, to the end, one bit that
says "run" or "values", two that choose the length's size, the length less one, and one value or as
many as the length says. Zeros fill the last byte. Label Studio's own reader
and writer of it in Python come with ``label-studio-sdk``, whose dependencies are those of a
service; the slow tests hold ours against them.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import Mask

_CHANNELS: Final = 4
_WORD_BITS: Final = 8
_LENGTH_BITS: Final = (3, 4, 8, 16)
"""The sizes that Label Studio itself writes."""
_HEADER: Final = (_WORD_BITS - 1, 5), *((bits - 1, 4) for bits in _LENGTH_BITS)
_OPAQUE_FROM: Final = 128
"""The alpha from which a pixel belongs: a brush leaves soft edges; half of the pixel decides."""


def encode_brush(mask: Mask) -> list[int]:
    """Encode a (H, W) bool mask as Label Studio encodes a brush mask of 0 and 255.

    Example:
        >>> encode_brush(np.array([[False, True]]))
        [0, 0, 0, 8, 57, 27, 252, 96, 17, 255, 128]
    """
    flat = mask.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
    lengths = np.diff(starts, append=flat.size) * _CHANNELS
    header = ((flat.size * _CHANNELS, 32), *_HEADER)
    parts = [f"{value:0{bits}b}" for value, bits in header]
    for value, length in zip(flat[starts], lengths, strict=True):
        word = "1" * _WORD_BITS if value else "0" * _WORD_BITS
        parts.extend(f"{run}{word}" for run in _runs(int(length)))
    text = "".join(parts)
    text += "0" * (8 - len(text) % 8)  # a byte more where none is needed, as there
    return np.packbits(np.frombuffer(text.encode("ascii"), np.uint8) - ord("0")).tolist()


def _runs(length: int) -> Iterator[str]:
    """Yield what says that a value is repeated: of the sizes, the first that holds the length."""
    size = next((n for n, bits in enumerate(_LENGTH_BITS) if length <= 1 << bits), 3)
    bits = _LENGTH_BITS[size]
    while length > 0:
        taken = min(length, 1 << bits)
        yield f"1{size:02b}{taken - 1:0{bits}b}"
        length -= taken


def decode_brush(rle: list[int], shape: tuple[int, int]) -> Mask:
    """Decode a brush mask as Label Studio exports it.

    Args:
        rle: Bytes.
        shape: (H, W) of the picture in pixels.

    Returns:
        (H, W) bool, true where the brush covers half of a pixel or more.

    Raises:
        ValueError: It is no brush mask of a picture of that size.
    """
    bits = _Bits(rle)
    count, word_bits = bits.number(32), bits.number(5) + 1
    if count != shape[0] * shape[1] * _CHANNELS or word_bits != _WORD_BITS:
        raise ValueError(
            f"its run lengths hold {count} values of {word_bits} bits, its picture has "
            f"{shape[0]}x{shape[1]} pixels of {_CHANNELS} values of {_WORD_BITS}"
        )
    sizes = [bits.number(4) + 1 for _ in range(4)]
    values = np.zeros(count, np.uint8)
    start = 0
    while start < count:
        is_run = bits.number(1)
        length = bits.number(sizes[bits.number(2)]) + 1
        if length > count - start:
            raise ValueError("its run lengths go beyond the end of the picture")
        values[start : start + length] = bits.values(1) if is_run else bits.values(length)
        start += length
    return np.asarray(values[_CHANNELS - 1 :: _CHANNELS].reshape(shape) >= _OPAQUE_FROM)


class _Bits:
    """Reads numbers of so many bits, one after the other."""

    def __init__(self, rle: list[int]) -> None:
        try:
            data = bytes(rle)
        except (TypeError, ValueError) as error:
            raise ValueError("its run lengths are no list of bytes") from error
        self._bits = np.unpackbits(np.frombuffer(data, np.uint8))
        self._text = (self._bits + ord("0")).tobytes()
        self._at = 0

    def number(self, bits: int) -> int:
        """Return the next number."""
        return int(self._text[self._advance(bits)], 2)

    def values(self, count: int) -> NDArray[np.uint8]:
        """Return the next values, (count,) uint8."""
        return np.packbits(self._bits[self._advance(count * _WORD_BITS)])

    def _advance(self, bits: int) -> slice:
        start, self._at = self._at, self._at + bits
        if self._at > self._bits.size:
            raise ValueError("its run lengths are cut off")
        return slice(start, self._at)
