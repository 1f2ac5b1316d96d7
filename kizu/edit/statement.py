"""What a dataset has paid: the ledger's calls as rows, and their sum in a sentence."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import Field

from kizu.edit.books import Call, CallStatus, End, Spent
from kizu.edit.ledger import Ledger
from kizu.keys import canonical_json
from kizu.settings import Record

UNDER_WAY = "under way"
CACHED = "cached"


class Line(Record):
    """One request of a dataset.

    Attributes:
        number: Number of the call in the store's ledger; 0 for an edit another dataset paid for.
        key: The edit's key.
        status: What came of it; "under way", or "cached" for an edit another dataset paid for.
        reason: Why it was not bought.
        cost_usd: US dollars; None where not known.
        most_usd: Most it can have cost; None where not known.
        usage: Tokens by kind.
        latency_s: How long it took; None where not known.
        model: The model family.
        request_id: The service's own name of the call.
        at: When, in ISO 8601 UTC.
    """

    number: int
    key: str
    status: str
    reason: str = ""
    cost_usd: float | None = None
    most_usd: float | None = None
    usage: dict[str, int] = Field(default_factory=dict)
    latency_s: float | None = None
    model: str = ""
    request_id: str | None = None
    at: str


def lines_of(ledger: Ledger, dataset: str) -> list[Line]:
    """Return a dataset's requests, paid ones in order, then those that cost it nothing."""
    paid = [
        _line(number, call, end)
        for number, call, end in ledger.entries()
        if call.dataset == dataset
    ]
    cached = [
        Line(number=0, key=note["key"], status=CACHED, cost_usd=0.0, at=_iso(note["at"]))
        for note in ledger.cached(dataset)
    ]
    return paid + cached


def _line(number: int, call: Call, end: End | None) -> Line:
    if end is None:
        return Line(
            number=number,
            key=call.key,
            status=UNDER_WAY,
            most_usd=call.reserved_usd,
            model=call.model,
            at=_iso(call.at),
        )
    is_free = end.status is CallStatus.REJECTED
    return Line(
        number=number,
        key=call.key,
        status=end.status.value,
        reason=end.reason,
        cost_usd=0.0 if is_free else end.cost_usd,
        most_usd=0.0 if is_free else call.reserved_usd,
        usage=end.usage,
        latency_s=end.latency_s,
        model=call.model,
        request_id=end.request_id,
        at=_iso(call.at),
    )


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def statement(lines: Sequence[Line]) -> str:
    """Say what was paid; what is not known is said to be unknown, with the most it can be.

    Example:
        >>> line = Line(number=1, key="k", status="bought", cost_usd=0.02, at="2026-01-01")
        >>> lost = line.model_copy(update={"status": "unknown", "cost_usd": None, "most_usd": 0.03})
        >>> statement([line, lost])
        '1 bought, 1 unknown; 0.02 USD paid, up to 0.03 USD more may have been billed'
    """
    if not lines:
        return "nothing was bought"
    counts = Counter(line.status for line in lines)
    listed = ", ".join(f"{count} {status}" for status, count in counts.items())
    paid = sum(line.cost_usd or 0.0 for line in lines)
    open_ends = [line for line in lines if line.cost_usd is None]
    if not open_ends:
        return f"{listed}; {paid:.2f} USD paid"
    if any(line.most_usd is None for line in open_ends):
        return f"{listed}; {paid:.2f} USD paid, the price of {len(open_ends)} calls is unknown"
    most = sum(line.most_usd or 0.0 for line in open_ends)
    return f"{listed}; {paid:.2f} USD paid, up to {most:.2f} USD more may have been billed"


def spent_sentence(spent: Spent) -> str:
    """Say what a sum of calls cost.

    Example:
        >>> spent_sentence(Spent(requests=3, cost_usd=0.07, unanswered=1, unanswered_usd=0.03))
        '3 requests, 0.04 USD; 1 of them without an answer, which may have cost 0.03 USD more'
    """
    if not spent.requests:
        return ""
    known_usd = spent.cost_usd - spent.unanswered_usd
    cost = f"the price of {spent.unpriced} unknown" if spent.unpriced else f"{known_usd:.2f} USD"
    lost = (
        f"; {spent.unanswered} of them without an answer, which may have cost "
        f"{spent.unanswered_usd:.2f} USD more"
    )
    return f"{spent.requests} requests, {cost}{lost if spent.unanswered else ''}"


def to_csv(lines: Sequence[Line]) -> str:
    """Return lines as CSV with a header."""
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(Line.model_fields), lineterminator="\n")
    writer.writeheader()
    for line in lines:
        writer.writerow({**line.model_dump(), "usage": canonical_json(line.usage)})
    return file.getvalue()
