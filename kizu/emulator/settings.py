"""How the emulator behaves, and what it counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from kizu.emulator.batches import BatchFault
from kizu.emulator.faults import FaultPlan
from kizu.emulator.service import Job
from kizu.imaging.arrays import RgbImage

KEY: Final = "emulator-key"


@dataclass(frozen=True)
class EmulatorSettings:
    """How the emulator behaves.

    Attributes:
        deployments: Models by deployment name; every model under its own where empty.
        key: The API key, also taken as a bearer token.
        per_minute: The quota; None for no limit.
        told_per_minute: The quota told in headers; None tells none.
        latency_s: How long an answer takes at least.
        slow_s: How long a slow reply takes.
        speed: How many times faster than real time quota and latency pass.
        faults: What goes wrong.
        paint: Turns a job into a picture; the painter where None.
        batch_s: How long a batch takes, divided by ``speed`` as all times.
        batch_faults: What goes wrong with batches, by their number, from 1.
        retired: Deployments whose model is shut down.
    """

    deployments: Mapping[str, str] = field(default_factory=dict)
    key: str = KEY
    per_minute: float | None = None
    told_per_minute: float | None = None
    latency_s: float = 0.0
    slow_s: float = 5.0
    speed: float = 1.0
    faults: FaultPlan = field(default_factory=FaultPlan)
    paint: Callable[[Job], RgbImage] | None = None
    retired: frozenset[str] = frozenset()
    batch_s: float = 0.0
    batch_faults: Mapping[int, BatchFault] = field(default_factory=dict)


@dataclass
class Tally:
    """What the emulator has counted.

    Attributes:
        calls: Calls that came in with a good key for a deployment that is there.
        billed: Those that were served, and so cost money; lines of batches too.
        cost_usd: What they cost at list prices; unknown ones count nothing.
        rejected: Calls rejected for their rate by the limiter.
        statuses: Answers by HTTP status.
        started: When each call came in, seconds on a monotonic clock.
    """

    calls: int = 0
    billed: int = 0
    cost_usd: float = 0.0
    rejected: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    started: list[float] = field(default_factory=list)
