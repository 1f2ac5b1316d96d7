"""What made a picture, in the words of IPTC: https://cv.iptc.org/newscodes/digitalsourcetype."""

from enum import StrEnum
from typing import Final

IPTC_TERMS: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class DigitalSource(StrEnum):
    """How a picture with a defect came about."""

    MODEL = "trainedAlgorithmicMedia"
    MODEL_COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
    DRAWN_COMPOSITE = "compositeSynthetic"
    CAPTURE_COMPOSITE = "compositeCapture"


MADE_BY_MODEL: Final = frozenset({DigitalSource.MODEL, DigitalSource.MODEL_COMPOSITE})
"""What laws on the marking of AI-generated pictures are about."""


def published_source(
    edit: DigitalSource | None, *, composited: bool, emulated: bool
) -> DigitalSource | None:
    """Tell what a published picture is.

    Args:
        edit: What the editor's own pictures are; None where that is not known.
        composited: Whether it is the photo with the change pasted in.
        emulated: Whether the emulator painted it in the model's place.
    """
    if edit is DigitalSource.MODEL and emulated:
        return DigitalSource.DRAWN_COMPOSITE
    return DigitalSource.MODEL_COMPOSITE if edit is DigitalSource.MODEL and composited else edit
