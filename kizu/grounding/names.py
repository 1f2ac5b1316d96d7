"""How the names of text-grounding systems combine to an annotator's."""

from dataclasses import dataclass
from typing import Final

from kizu.grounding.registry import DEMO_PREFIX, DETECTORS, SEGMENTERS, TEXT_SEGMENTERS

NO_GROUNDING: Final = "none"

DEFAULT_ANNOTATOR: Final = "grounding-dino+sam"


@dataclass(frozen=True)
class AnnotatorName:
    """A parsed annotator name; at most one of detector and text_segmenter is set."""

    detector: str | None = None
    segmenter: str | None = None
    text_segmenter: str | None = None


def parse_annotator_name(name: str) -> AnnotatorName:
    """Return the parts of `none`, `detector`, `detector+segmenter` or a text segmenter's name.

    Raises:
        ValueError: If no system has that name; it lists the choices.

    >>> parse_annotator_name("grounding-dino + sam").segmenter
    'sam'
    """
    first, plus, second = (part.strip() for part in name.partition("+"))
    if not plus and first == NO_GROUNDING:
        return AnnotatorName()
    if not plus and first in TEXT_SEGMENTERS:
        return AnnotatorName(text_segmenter=first)
    if first in DETECTORS and (second in SEGMENTERS or not plus):
        return AnnotatorName(detector=first, segmenter=second or None)
    raise ValueError(f"unknown annotator {name!r}; {_choices()}")


def annotator_names() -> tuple[str, ...]:
    """Return every name an annotator can have, the common ones first.

    >>> annotator_names()[:3]
    ('grounding-dino+sam', 'none', 'clipseg')
    """
    alone = (NO_GROUNDING, *TEXT_SEGMENTERS, *DETECTORS)
    pairs = (f"{detector}+{segmenter}" for detector in DETECTORS for segmenter in SEGMENTERS)
    return tuple(dict.fromkeys((DEFAULT_ANNOTATOR, *alone, *pairs)))


def uses_demo_weights(name: str) -> bool:
    """Return whether a part of the annotator runs on the weights that come with kizu.

    >>> uses_demo_weights("grounding-dino+demo-sam")
    True
    """
    return any(part.strip().startswith(DEMO_PREFIX) for part in name.split("+"))


def _choices() -> str:
    alone = (NO_GROUNDING, *TEXT_SEGMENTERS)
    return (
        f"choose {', '.join(alone)}, or a detector ({', '.join(DETECTORS)}), alone or with "
        f"a segmenter ({', '.join(SEGMENTERS)}) as in grounding-dino+sam"
    )
