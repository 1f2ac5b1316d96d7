"""Pictures in the terminal: two pixels in every letter, one above the other."""

from typing import Final

from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from kizu.imaging.arrays import RgbImage
from kizu.viz.overlays import fit_image

_UPPER_HALF: Final = "▀"


def can_show_pictures(console: Console) -> bool:
    """Tell whether a console has colours, and letters beyond ASCII."""
    has_colours = console.color_system is not None and not console.no_color
    return has_colours and not console.options.ascii_only


def small_picture(image: RgbImage, columns: int) -> Text:
    """Return a picture as coloured half blocks, its aspect kept: a letter is as high as two wide.

    Args:
        image: (H, W, 3) uint8.
        columns: Letters it is wide at most; it is half as many lines high at most.
    """
    scale = columns / max(image.shape[:2])
    width, height = (max(round(side * scale), 1) for side in image.shape[1::-1])
    rows = fit_image(image, width, height).tolist()
    lines = []
    for row in range(0, height, 2):
        below = rows[row + 1] if row + 1 < height else [None] * width
        lines.append(Text.assemble(*map(_letter, rows[row], below)))
    return Text("\n").join(lines)


def _letter(upper: list[int], lower: list[int] | None) -> tuple[str, Style]:
    """Return a half block in two colours; below the last row there is none."""
    ground = None if lower is None else Color.from_rgb(*lower)
    return _UPPER_HALF, Style(color=Color.from_rgb(*upper), bgcolor=ground)
