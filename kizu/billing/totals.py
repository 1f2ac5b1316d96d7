"""The ledger's entries, and the totals they add up to for budgets and quotas."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import Field

from kizu.billing.refusals import PromptAnswers
from kizu.settings import Record

REJECTIONS_REMEMBERED: Final = 20


class CallStatus(StrEnum):
    """What came of a call."""

    BOUGHT = "bought"
    REFUSED = "refused"
    FAILED = "failed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class CallStarted(Record):
    """A paid call that is about to be made.

    Attributes:
        key: The edit's key.
        dataset: The dataset it is made for.
        model: The model family.
        deployment: The deployment, which the quota belongs to.
        reserved_usd: Most it can cost, in US dollars; None where the price is not known.
        at: When, in seconds since 1970, UTC.
        host: The host that is asked.
        emulated: True if that is the emulator, which bills nothing.
        prompt: What names its prompt among those of its model; empty where it has none.
    """

    key: str
    dataset: str
    model: str
    deployment: str
    reserved_usd: float | None
    at: float
    host: str = ""
    emulated: bool = False
    prompt: str = ""

    @property
    def quota(self) -> str:
        """Name of the quota it counts against."""
        return quota_name(self.deployment, emulated=self.emulated)

    @property
    def day(self) -> str:
        """The day it counts for, UTC."""
        return day_of(self.at)


class CallFinished(Record):
    """What came of a call.

    Attributes:
        status: "bought"; "refused" by policy; "failed" for an answer that is no use; "rejected"
            unserved and unbilled; "unknown" if it may have been billed without an answer.
        reason: Why it was not bought; empty if it was.
        cost_usd: US dollars; None where not known.
        usage: Tokens by kind, as billed.
        latency_s: Seconds from sending to the end of the answer.
        request_id: The service's own name of the call.
        at: When it ended, in seconds since 1970.
        hold_s: How long the service wants nothing of this deployment.
        limit_per_minute: The quota as the service tells it.
    """

    status: CallStatus
    reason: str = ""
    cost_usd: float | None = None
    usage: dict[str, int] = Field(default_factory=dict)
    latency_s: float | None = None
    request_id: str | None = None
    at: float
    hold_s: float = 0.0
    limit_per_minute: float | None = None


class Spent(Record):
    """A sum of calls.

    Attributes:
        requests: Calls that were served, may have been, or are under way.
        cost_usd: What those with a known price cost, or at most can have cost.
        unpriced: Those without a known price.
        unanswered: Those that nobody knows the cost of: under way, or lost.
        unanswered_usd: The part of ``cost_usd`` that these can have cost.
    """

    requests: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0
    unanswered: int = 0
    unanswered_usd: float = 0.0

    def plus(self, other: "Spent", sign: int = 1) -> "Spent":
        """Return the sum with another one, or the difference for sign -1."""
        return Spent(
            requests=self.requests + sign * other.requests,
            cost_usd=round(self.cost_usd + sign * other.cost_usd, 9),
            unpriced=self.unpriced + sign * other.unpriced,
            unanswered=self.unanswered + sign * other.unanswered,
            unanswered_usd=round(self.unanswered_usd + sign * other.unanswered_usd, 9),
        )


class QuotaState(Record):
    """What is known of a deployment's quota.

    Attributes:
        last_start: When the last call started, in seconds since 1970.
        pauses: The last pauses that it asked for: when, in seconds since 1970, and for how long.
        hold_until: What earlier kizus kept of these; nobody knows how long that pause was, so it
            does not count.
        limit_per_minute: The quota as the service last told it.
        rejected_at: When calls were rejected for their rate, the last ones.
    """

    last_start: float = 0.0
    hold_until: float = 0.0
    limit_per_minute: float | None = None
    rejected_at: tuple[float, ...] = ()
    pauses: tuple[tuple[float, float], ...] = ()

    def held_until(self, max_wait_s: float) -> float:
        """Return before when the service wants nothing, in seconds since 1970.

        A pause longer than anybody waits holds nobody: who meets it is told so and stops, and the
        next build asks anew.

        Args:
            max_wait_s: Longest pause that is waited for.

        Example:
            >>> QuotaState(pauses=((100.0, 30.0), (101.0, 86_400.0))).held_until(1800)
            130.0
        """
        kept = (at + pause_s for at, pause_s in self.pauses if 0 < pause_s <= max_wait_s)
        return max(kept, default=0.0)


@dataclass
class Account:
    """Sums of calls that one payer pays: real money, or the emulator's.

    Attributes:
        datasets: Sums by dataset.
        days: Sums by day.
    """

    datasets: dict[str, Spent] = field(default_factory=dict)
    days: dict[str, Spent] = field(default_factory=dict)

    def dataset(self, name: str) -> Spent:
        """Return what a dataset has spent."""
        return self.datasets.get(name, Spent())

    def day(self, day: str) -> Spent:
        """Return what was spent on a day."""
        return self.days.get(day, Spent())

    def book(self, call: CallStarted, amount: Spent) -> None:
        """Add what a call counts for."""
        self.datasets[call.dataset] = self.dataset(call.dataset).plus(amount)
        self.days[call.day] = self.day(call.day).plus(amount)

    def to_json(self) -> dict[str, Any]:
        """Return the sums as a JSON object."""
        return {
            "datasets": {name: spent.model_dump() for name, spent in self.datasets.items()},
            "days": {day: spent.model_dump() for day, spent in self.days.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Account":
        """Read what ``to_json`` wrote."""
        return cls(
            datasets={name: Spent.model_validate(s) for name, s in value["datasets"].items()},
            days={day: Spent.model_validate(s) for day, s in value["days"].items()},
        )


@dataclass
class LedgerTotals:
    """The ledger added up to some call.

    Attributes:
        last: Number of the last call.
        under_way: Calls without an end, by number.
        real: What services that bill were asked for.
        emulated: What the emulator was asked for; nobody pays that.
        traffic: Quotas by their names.
        prompts: What became of prompts, by their names.
    """

    last: int = 0
    under_way: dict[int, CallStarted] = field(default_factory=dict)
    real: Account = field(default_factory=Account)
    emulated: Account = field(default_factory=Account)
    traffic: dict[str, QuotaState] = field(default_factory=dict)
    prompts: dict[str, PromptAnswers] = field(default_factory=dict)

    def account(self, *, emulated: bool) -> Account:
        """Return the sums of the emulator's calls, or of those that cost money."""
        return self.emulated if emulated else self.real

    def of(self, quota: str) -> QuotaState:
        """Return what is known of a quota, by its name."""
        return self.traffic.get(quota, QuotaState())

    def answers(self, prompt: str) -> PromptAnswers:
        """Return what became of a prompt, by its name."""
        return self.prompts.get(prompt, PromptAnswers())

    def add(self, number: int, call: CallStarted) -> None:
        """Enter the next call."""
        self.last = number
        self.under_way[number] = call
        self._book(call, counted_cost(call, None))
        known = self.of(call.quota)
        start = max(known.last_start, call.at)
        self.traffic[call.quota] = known.model_copy(update={"last_start": start})

    def end(self, number: int, end: CallFinished) -> None:
        """Enter what came of a call; a second end of a call changes nothing."""
        call = self.under_way.pop(number, None)
        if call is None:
            return
        self._book(call, counted_cost(call, end).plus(counted_cost(call, None), -1))
        self._learn(call.quota, end)
        self._count(call.prompt, end.status)

    def _book(self, call: CallStarted, amount: Spent) -> None:
        self.account(emulated=call.emulated).book(call, amount)

    def _count(self, prompt: str, status: CallStatus) -> None:
        if not prompt or status not in (CallStatus.BOUGHT, CallStatus.REFUSED):
            return
        known, refused = self.answers(prompt), status is CallStatus.REFUSED
        self.prompts[prompt] = PromptAnswers(
            edited=known.edited + (not refused), refused=known.refused + refused
        )

    def _learn(self, quota: str, end: CallFinished) -> None:
        known = self.of(quota)
        news: dict[str, Any] = {}
        if end.limit_per_minute is not None:
            news["limit_per_minute"] = end.limit_per_minute
        if end.hold_s > 0:
            news["pauses"] = (*known.pauses, (end.at, end.hold_s))[-REJECTIONS_REMEMBERED:]
            news["rejected_at"] = (*known.rejected_at, end.at)[-REJECTIONS_REMEMBERED:]
        self.traffic[quota] = known.model_copy(update=news)

    def to_json(self) -> dict[str, Any]:
        """Return the totals as a JSON object."""
        return {
            "last": self.last,
            "under_way": {
                str(number): call.model_dump(mode="json") for number, call in self.under_way.items()
            },
            **self.real.to_json(),
            "emulated": self.emulated.to_json(),
            "traffic": {
                name: known.model_dump(mode="json") for name, known in self.traffic.items()
            },
            "prompts": {name: known.model_dump() for name, known in self.prompts.items()},
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "LedgerTotals":
        """Read what ``to_json`` wrote, or a kizu that told less."""
        emulated = value.get("emulated")
        return cls(
            last=value["last"],
            under_way={
                int(n): CallStarted.model_validate(c) for n, c in value["under_way"].items()
            },
            real=Account.from_json(value),
            emulated=Account.from_json(emulated) if emulated else Account(),
            traffic={name: QuotaState.model_validate(t) for name, t in value["traffic"].items()},
            prompts={
                name: PromptAnswers.model_validate(known)
                for name, known in value.get("prompts", {}).items()
            },
        )


def quota_name(deployment: str, *, emulated: bool) -> str:
    """Name the quota of a deployment; the emulator's deployments have quotas of their own.

    Example:
        >>> quota_name("edits", emulated=True)
        'emulator/edits'
    """
    return f"emulator/{deployment}" if emulated else deployment


def counted_cost(call: CallStarted, end: CallFinished | None) -> Spent:
    """Return what a call counts for: its cost where it is known, else the most it can cost."""
    if end is not None and end.status is CallStatus.REJECTED:
        return Spent()
    is_answered = end is not None and end.status is not CallStatus.UNKNOWN
    known = None if end is None else end.cost_usd
    cost = call.reserved_usd if known is None else known
    return Spent(
        requests=1,
        cost_usd=cost or 0.0,
        unpriced=int(cost is None),
        unanswered=int(not is_answered),
        unanswered_usd=0.0 if is_answered else cost or 0.0,
    )


def day_of(at: float) -> str:
    """Return the UTC day of a time in seconds since 1970.

    Example:
        >>> day_of(0)
        '1970-01-01'
    """
    return datetime.fromtimestamp(at, UTC).date().isoformat()
