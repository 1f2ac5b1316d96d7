"""The names of the text-grounding systems and how they combine."""

from dataclasses import dataclass
from typing import Final

NO_GROUNDING: Final = "none"
DETECTOR_NAMES: Final = (
    "grounding-dino",
    "mm-grounding-dino",
    "llmdet",
    "owlv2",
    "florence2",
    "glip",
    "azure-vision",
    "gpt-vision",
    "demo-grounding-dino",
)
OUTSIDE_NAMES: Final = ("glip", "azure-vision", "gpt-vision")  # run in no process of ours
SEGMENTER_NAMES: Final = ("sam", "sam-hq", "sam2", "segment-anything", "demo-sam")
TEXT_SEGMENTER_NAMES: Final = ("clipseg", "sam3")
DEMO_PREFIX: Final = "demo-"
DEMO_NOTICE: Final = "demonstration weights, five words, synthetic defects"


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
    if not plus and first in TEXT_SEGMENTER_NAMES:
        return AnnotatorName(text_segmenter=first)
    if first in DETECTOR_NAMES and (second in SEGMENTER_NAMES or not plus):
        return AnnotatorName(detector=first, segmenter=second or None)
    raise ValueError(f"unknown annotator {name!r}; {_choices()}")


def uses_demo_weights(name: str) -> bool:
    """Return whether a part of the annotator runs on the weights that come with kizu.

    >>> uses_demo_weights("grounding-dino+demo-sam")
    True
    """
    return any(part.strip().startswith(DEMO_PREFIX) for part in name.split("+"))


def _choices() -> str:
    alone = (NO_GROUNDING, *TEXT_SEGMENTER_NAMES)
    return (
        f"choose {', '.join(alone)}, or a detector ({', '.join(DETECTOR_NAMES)}), alone or with "
        f"a segmenter ({', '.join(SEGMENTER_NAMES)}) as in grounding-dino+sam"
    )
