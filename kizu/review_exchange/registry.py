"""The table of annotation tools, and what goes to and comes from all of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias, cast

from kizu.agree.verdict import Verdict
from kizu.imaging.arrays import Mask
from kizu.samples import MOST_NAME_BYTES, fitting

TOOLS: Final[Mapping[str, str]] = {"label-studio": "label_studio", "cvat": "cvat"}
"""Module of this room, by the tool's name."""

PICTURES: Final = "images"
"""The folder of the pictures within an export."""

Choice: TypeAlias = Literal[Verdict.ACCEPT, Verdict.REJECT]
VERDICTS: Final[tuple[Choice, Choice]] = (Verdict.ACCEPT, Verdict.REJECT)
"""What a person chooses from in a tool."""


class ExchangeError(ValueError):
    """Nothing can be exchanged; the message says why and the way out."""


_KEY_AND_ENDING_BYTES: Final = len(".0123456789abcdef.png")


def exchange_name(sample_id: str) -> str:
    """Return what a sample is called in the name of its picture, which has room for a key."""
    return fitting(sample_id, MOST_NAME_BYTES - _KEY_AND_ENDING_BYTES)


@dataclass(frozen=True, eq=False)
class Shown:
    """One sample as it is shown to a person in a tool.

    Attributes:
        sample_id: The sample.
        defect_type: Its class, the name of the shown mask.
        prompt: What was asked for.
        reason: Why it waits.
        key: Names the picture with this mask: what a judgement is matched by.
        label: (H, W) bool, the mask as it is published.
        found: What annotators found, (H, W) bool each, by annotator.
    """

    sample_id: str
    defect_type: str
    prompt: str
    reason: str
    key: str
    label: Mask
    found: Mapping[str, Mask]

    @property
    def file_name(self) -> str:
        """The name of its picture; it carries the key, for tools that bring nothing else back."""
        return f"{exchange_name(self.sample_id)}.{self.key}.png"


@dataclass(frozen=True, eq=False)
class Judged:
    """What a person judged in a tool.

    Attributes:
        task: How the tool names it.
        sample_id: The sample.
        key: ``Shown.key`` of what they saw.
        verdict: What becomes of the sample.
        mask: Gives the mask as they left it, (H, W) bool, for an image of that (H, W) in pixels;
            raises ValueError if it is none of such an image.
        labels: The labels of that mask's parts, as far as they have any.
        note: Why.
        reviewer: Who, if the file says so; else empty.
    """

    task: str
    sample_id: str
    key: str
    verdict: Choice
    mask: Callable[[tuple[int, int]], Mask]
    labels: frozenset[str]
    note: str = ""
    reviewer: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A sample or task that does not go over, and why.

    Attributes:
        name: The sample or task.
        reason: A sentence.
    """

    name: str
    reason: str


class ToolModule(Protocol):
    """A module of this room that speaks a tool's format."""

    def write(self, shown: Iterator[Shown], classes: Sequence[str], folder: Path) -> None:
        """Write what the tool imports, beside the pictures.

        Args:
            shown: The samples, to be run through once; each one's picture is there by then.
            classes: The defect types that may occur, sorted.
            folder: The export's folder.
        """
        ...

    def read(self, data: bytes) -> Iterator[Judged | LeftOut]:
        """Read what the tool exported; tasks that nobody touched bring nothing.

        Args:
            data: The file.

        Raises:
            ExchangeError: It is no such file.
        """
        ...


def tool_module(tool: str) -> ToolModule:
    """Return the module of a tool.

    Raises:
        ExchangeError: There is no such tool.
    """
    if tool not in TOOLS:
        raise ExchangeError(f"there is no review tool {tool!r}; choose one of {', '.join(TOOLS)}")
    return cast("ToolModule", import_module(f"kizu.review_exchange.{TOOLS[tool]}"))


def verdict_of(chosen: Sequence[str]) -> Choice:
    """Return what a person chose.

    Raises:
        ValueError: It is not one of ``VERDICTS``.
    """
    for verdict in VERDICTS:
        if list(chosen) == [verdict.value]:
            return verdict
    said = ", ".join(chosen) or "nothing"
    raise ValueError(f"it is neither accepted nor rejected (chosen: {said}); choose one")
