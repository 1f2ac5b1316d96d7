"""Shows what has a figure, one below the other."""

from typing import Final, Protocol

from PIL import Image

_GAP_PX: Final = 8
_PAPER: Final = (250, 250, 248)


class HasFigure(Protocol):
    """Anything with a picture to look at: a published sample, one just made, a labelled pair."""

    def figure(self) -> Image.Image:
        """Return the picture."""
        ...


def show(*things: HasFigure) -> Image.Image:
    """Return the figures of samples as one picture, one below the other.

    Args:
        things: Samples of a dataset, as ``*dataset[:5]``; what ``make_sample`` and ``label_pair``
            return.

    Raises:
        ValueError: Nothing is given.
    """
    if not things:
        raise ValueError("there is nothing to show; give samples, as show(*dataset[:5])")
    figures = [thing.figure() for thing in things]
    width = max(figure.width for figure in figures)
    height = sum(figure.height + _GAP_PX for figure in figures) - _GAP_PX
    sheet, top = Image.new("RGB", (width, height), _PAPER), 0
    for figure in figures:
        sheet.paste(figure, (0, top))
        top += figure.height + _GAP_PX
    return sheet
