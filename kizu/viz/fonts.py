"""Finds a typeface for a picture's labels, also for Japanese ones."""

from functools import cache
from typing import Final, TypeAlias

from PIL import ImageFont

Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

_JAPANESE_FILES: Final = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKjp-Regular.otf",
    "NotoSansJP-Regular.otf",
    "NotoSansJP-Regular.ttf",
    "ipaexg.ttf",
    "ipagp.ttf",
    "YuGothM.ttc",
    "meiryo.ttc",
    "msgothic.ttc",
    "ヒラギノ角ゴシック W3.ttc",
)
"""File names of common systems; Pillow looks for them in the system's font folders."""


def label_font(text: str, size_px: int) -> Font | None:
    """Return a typeface that has the text's letters, or None where this computer has none.

    Latin text is set in Pillow's own typeface, so it looks the same on every computer.
    """
    return ImageFont.load_default(size_px) if text.isascii() else _japanese_font(size_px)


@cache
def _japanese_font(size_px: int) -> ImageFont.FreeTypeFont | None:
    for name in _JAPANESE_FILES:
        try:
            return ImageFont.truetype(name, size_px)
        except OSError:  # not on this computer
            continue
    return None
