"""Faults that the emulator plays, by a script or by chance."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import Final


class Fault(StrEnum):
    """What can go wrong with a call; those after the work is done are billed."""

    RATE_LIMIT = "429"
    RATE_LIMIT_MS = "429 with milliseconds"
    SERVER_ERROR = "500"
    OVERLOADED = "503"
    POLICY = "policy refusal"
    BLOCKED = "resource block"
    RESET = "connection reset"
    WRONG_SIZE = "wrong size"
    NOT_AN_IMAGE = "no image"
    TRUNCATED = "truncated body"
    SLOW = "slow reply"
    STREAM_ENDS = "stream ends early"


BILLED_FAULTS: Final = frozenset(
    {Fault.WRONG_SIZE, Fault.NOT_AN_IMAGE, Fault.TRUNCATED, Fault.SLOW, Fault.STREAM_ENDS}
)
PASSING_FAULTS: Final = (
    Fault.RATE_LIMIT,
    Fault.RATE_LIMIT_MS,
    Fault.SERVER_ERROR,
    Fault.OVERLOADED,
    Fault.RESET,
)
"""Faults that cost nothing and pass: a client that asks again gets its edit."""


@dataclass
class FaultPlan:
    """Which calls fail.

    Attributes:
        script: Faults by number of the call, from 1.
        fraction: Fraction of the other calls that fail.
        chosen: The faults they fail with, in turn.
        seed: Decides which calls those are.
        retry_after_s: What 429 answers ask for.
    """

    script: Mapping[int, Fault] = field(default_factory=dict)
    fraction: float = 0.0
    chosen: tuple[Fault, ...] = PASSING_FAULTS
    seed: int = 0
    retry_after_s: float = 1.0

    def __post_init__(self) -> None:
        """Start the draw."""
        self._random = random.Random(self.seed)  # noqa: S311 - a draw that repeats
        self._drawn = 0
        self._lock = Lock()

    def next(self, number: int) -> Fault | None:
        """Return the fault of a call; None if it goes well."""
        if number in self.script:
            return self.script[number]
        with self._lock:
            if self._random.random() >= self.fraction:
                return None
            self._drawn += 1
            return self.chosen[(self._drawn - 1) % len(self.chosen)]
