"""What a dataset has paid: the ledger's calls as rows, and their sum in a sentence."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pydantic import Field

from kizu.billing.ledger import Ledger, LedgerDamagedError
from kizu.billing.totals import CallFinished, CallStarted, CallStatus, LedgerTotals, Spent
from kizu.settings import Record
from kizu.store.keys import canonical_json

UNDER_WAY = "under way"
CACHED = "cached"


class SpendingRow(Record):
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
        host: The host that was asked.
        emulated: True if that was the emulator, which bills nothing.
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
    host: str = ""
    emulated: bool = False


def spending_rows(ledger: Ledger, dataset: str) -> list[SpendingRow]:
    """Return a dataset's requests, paid ones in order, then those that cost it nothing."""
    paid = [
        _line(number, call, end)
        for number, call, end in ledger.entries()
        if call.dataset == dataset
    ]
    cached = [
        SpendingRow(
            number=0,
            key=note["key"],
            status=CACHED,
            cost_usd=0.0,
            at=_iso(note["at"]),
            emulated=note.get("emulated", False),
        )
        for note in ledger.cached(dataset)
    ]
    return paid + cached


def _line(number: int, call: CallStarted, end: CallFinished | None) -> SpendingRow:
    if end is None:
        return SpendingRow(
            number=number,
            key=call.key,
            status=UNDER_WAY,
            most_usd=call.reserved_usd,
            model=call.model,
            at=_iso(call.at),
            host=call.host,
            emulated=call.emulated,
        )
    is_free = end.status is CallStatus.REJECTED
    return SpendingRow(
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
        host=call.host,
        emulated=call.emulated,
    )


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def summarize_spending(lines: Sequence[SpendingRow]) -> str:
    """Say what was paid; what is not known is said to be unknown, with the most it can be.

    What the emulator answered is told apart, for nobody pays it.

    Example:
        >>> line = SpendingRow(number=1, key="k", status="bought", cost_usd=0.02, at="2026-01-01")
        >>> lost = line.model_copy(update={"status": "unknown", "cost_usd": None, "most_usd": 0.03})
        >>> summarize_spending([line, lost])
        '1 bought, 1 unknown; 0.02 USD paid, up to 0.03 USD more may have been billed'
        >>> summarize_spending([line.model_copy(update={"emulated": True})])
        'nothing was bought; the emulator answered 1 request, 0.02 USD at list price'
    """
    imitated = [line for line in lines if line.emulated]
    paid = _paid_sentence([line for line in lines if not line.emulated])
    return f"{paid}; {_emulated_sentence(imitated)}" if imitated else paid


def _emulated_sentence(lines: Sequence[SpendingRow]) -> str:
    cost = sum(line.cost_usd or 0.0 for line in lines)
    count = sum(line.status != CACHED for line in lines)
    requests = "1 request" if count == 1 else f"{count} requests"
    return f"the emulator answered {requests}, {cost:.2f} USD at list price"


def _paid_sentence(lines: Sequence[SpendingRow]) -> str:
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


def dataset_spending(ledger: Ledger, dataset: str) -> str:
    """Say what a dataset's calls cost; where the ledger is damaged, say that."""
    try:
        return spent_by(ledger.totals(), dataset)
    except LedgerDamagedError as damage:
        return str(damage)


def spent_by(totals: LedgerTotals, dataset: str) -> str:
    """Say what a dataset's calls cost, those of the emulator apart; empty if there are none."""
    paid = spent_sentence(totals.real.dataset(dataset))
    imitated = totals.emulated.dataset(dataset).requests
    free = f"{imitated} answered by the emulator, which is free" if imitated else ""
    return "; ".join(part for part in (paid, free) if part)


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


def calls_in_words(calls: Iterable[CallFinished], *, emulated: bool = False) -> str:
    """Say what some calls that are over cost; empty if none was answered.

    Example:
        >>> bought = CallFinished(status=CallStatus.BOUGHT, cost_usd=0.06, at=0)
        >>> calls_in_words([bought, bought])
        '0.12 USD'
        >>> calls_in_words([bought, CallFinished(status=CallStatus.UNKNOWN, at=0)])
        '0.06 USD and 1 call of unknown cost'
        >>> calls_in_words([bought], emulated=True)
        '0.00 USD (emulator)'
    """
    answered = [call for call in calls if call.status is not CallStatus.REJECTED]
    if not answered or emulated:
        return "0.00 USD (emulator)" if answered else ""
    known = f"{sum(call.cost_usd or 0 for call in answered):.2f} USD"
    unknown = sum(call.cost_usd is None for call in answered)
    calls_word = "call" if unknown == 1 else "calls"
    return f"{known} and {unknown} {calls_word} of unknown cost" if unknown else known


def to_csv(lines: Sequence[SpendingRow]) -> str:
    """Return lines as CSV with a header."""
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(SpendingRow.model_fields), lineterminator="\n")
    writer.writeheader()
    for line in lines:
        writer.writerow({**line.model_dump(), "usage": canonical_json(line.usage)})
    return file.getvalue()
