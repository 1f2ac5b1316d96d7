"""What the emulator must know of a model to answer in its service's place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kizu.edit.painter import DriftProfile
from kizu.imaging.geometry import SizeRule


@dataclass(frozen=True)
class Served:
    """What an answer tells of a served call, and what the call costs.

    Attributes:
        cost_usd: US dollars at list price; None where that is not known.
        facts: Entries of the answer beside its picture, such as the tokens used.
    """

    cost_usd: float | None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ServedCall:
    """A call that passed the checks.

    Attributes:
        prompt: The prompt.
        size: (width, height) of the picture that is asked for.
        options: Values of the model's options.
        partial_images: Unfinished pictures that are streamed before the last; None for no stream.
    """

    prompt: str
    size: tuple[int, int]
    options: Mapping[str, str]
    partial_images: int | None = None


@dataclass(frozen=True)
class ServedModel:
    """A model behind ``images/edits``.

    Attributes:
        name: Its name; a deployment of it is called so by default.
        sizes: Picture sizes it takes.
        options: Values that an option may have, the default first.
        other_fields: Form fields that are taken whatever is in them.
        takes_mask: Whether a mask may be sent.
        streams: Whether answers can be streamed.
        takes_markup: Whether a drawing over the photo may be sent in its place.
        prompt_characters: Longest prompt.
        serve: Tells what a call comes to.
        drift: How it redraws what it is not asked to change.
    """

    name: str
    sizes: SizeRule
    prompt_characters: int
    serve: Callable[[ServedCall], Served]
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    other_fields: frozenset[str] = frozenset()
    takes_mask: bool = False
    streams: bool = False
    takes_markup: bool = False
    drift: DriftProfile = DriftProfile.NONE
