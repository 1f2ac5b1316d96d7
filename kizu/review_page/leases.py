"""Who has which sample before them, so that two people do not judge the same one."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

LEASE_S: Final = 180.0
"""A page asks at least once a minute, also in the background, where browsers let timers run that
often; after three missed ones its samples go to others."""


@dataclass(frozen=True)
class _Hold:
    numbers: frozenset[int]
    until_s: float


class Leases:
    """Samples that open pages hold; kept in memory, for a lost lease costs a look and no more."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody holds anything.

        Args:
            clock: Tells the time in seconds.
        """
        self._clock = clock
        self._holds: dict[str, _Hold] = {}

    def held_by_others(self, page: str) -> frozenset[int]:
        """Return the samples that other pages hold."""
        now = self._clock()
        self._holds = {who: hold for who, hold in self._holds.items() if hold.until_s > now}
        held = (hold.numbers for who, hold in self._holds.items() if who != page)
        return frozenset().union(*held)

    def hold(self, page: str, numbers: Iterable[int]) -> None:
        """Give samples to a page, and take back those that it held before."""
        self._holds[page] = _Hold(frozenset(numbers), self._clock() + LEASE_S)
