"""What each stage of one build did: samples, seconds, US dollars; told when the build ends."""

import logging
from collections.abc import Iterable, Sequence
from typing import Final, Self

from kizu.billing.ledger import Ledger, LedgerDamagedError
from kizu.billing.totals import Spent
from kizu.settings import Record
from kizu.shards import ShardReport

logger = logging.getLogger(__name__)

EDIT: Final = "edit"
"""The stage that asks the editor: the one that may refuse, and that is paid for."""

PUBLISH: Final = "publish"
"""What writing pictures, tables and report is called beside the stages."""


class StageTally(Record):
    """What one stage did in one build.

    Attributes:
        stage: The stage.
        made: Samples it made something for.
        kept: Samples whose output was there already.
        refused: Samples the editor will never make, whether it said so now or earlier.
        failed: Samples it failed for.
        waiting: Samples it did not try, because an earlier stage has nothing for them or the build
            stopped.
        made_megapixels: What the photos of the samples have together that it made something for.
        seconds: How long its tasks took, added up; of several workers more than the clock says.
        usd: What the build spent on it, as it reads; empty for what costs nothing.
    """

    stage: str
    made: int = 0
    kept: int = 0
    refused: int = 0
    failed: int = 0
    waiting: int = 0
    made_megapixels: float = 0.0
    seconds: float = 0.0
    usd: str = ""

    def plus(self, report: ShardReport) -> Self:
        """Return it with what was done for one more shard."""
        return self.model_copy(
            update={
                "made": self.made + report.made,
                "kept": self.kept + report.kept,
                "refused": self.refused + report.refused,
                "failed": self.failed + len(report.failures),
                "waiting": self.waiting + len(report.waiting),
                "made_megapixels": self.made_megapixels + report.made_megapixels,
                "seconds": self.seconds + report.seconds,
            }
        )


def tally_reports(
    stages: Sequence[str],
    reports: Iterable[ShardReport],
    before: Spent | None = None,
    after: Spent | None = None,
) -> list[StageTally]:
    """Add up what stages did for all shards that had work left.

    Args:
        stages: The stages that ran, in their order.
        reports: What tasks did.
        before: What the dataset had spent when the stages began; None where nobody knows.
        after: What it has spent now.
    """
    found = {name: StageTally(stage=name) for name in stages}
    for report in reports:
        found[report.stage] = found[report.stage].plus(report)
    if EDIT in found:
        found[EDIT] = found[EDIT].model_copy(update={"usd": usd_between(before, after)})
    return list(found.values())


def settle(
    stages: Sequence[StageTally],
    *,
    finished: int,
    judged: int,
    refused: int,
    published: int,
    seconds: float,
) -> tuple[StageTally, ...]:
    """Add what the stages were not asked for, and a line for publishing.

    Args:
        stages: What the stages did where there was work left.
        finished: Samples that needed no work: judged or refused before.
        judged: Samples of the build that have a verdict.
        refused: Samples of the build that the editor will never make.
        published: Samples whose pictures were written.
        seconds: How long publishing and the report took.
    """
    refused_now = sum(each.refused for each in stages)
    refused_before = max(0, refused - refused_now)
    kept = max(0, finished - refused_before)
    settled = [
        each.model_copy(
            update={
                "kept": each.kept + kept,
                "refused": refused if each.stage == EDIT else 0,
                "waiting": max(0, each.waiting - (0 if each.stage == EDIT else refused_now)),
            }
        )
        for each in stages
    ]
    wrote = StageTally(
        stage=PUBLISH, made=published, kept=max(0, judged - published), seconds=seconds
    )
    return (*settled, wrote)


def all_kept(stages: Sequence[str], *, judged: int, refused: int) -> tuple[StageTally, ...]:
    """Return what stages did in a build that had nothing to do."""
    found = [
        StageTally(stage=name, kept=judged, refused=refused if name == EDIT else 0)
        for name in (*stages, PUBLISH)
    ]
    return tuple(found)


def spent_so_far(ledger: Ledger | None, dataset: str) -> Spent | None:
    """Return what a dataset has paid, the emulator apart; None where the ledger is damaged.

    Args:
        ledger: The ledger; None where nothing can be bought, so that it is not read.
        dataset: The dataset's name.
    """
    if ledger is None:
        return Spent()
    try:
        return ledger.totals().real.dataset(dataset)
    except LedgerDamagedError:
        return None


def fold_ledger(ledger: Ledger) -> None:
    """Write the ledger's lines once more, many to a file, for those who read all of them.

    It saves only work: no build fails of it, and who buys is told of a damaged ledger.
    """
    try:
        ledger.fold()
    except (LedgerDamagedError, OSError) as trouble:
        logger.warning("the ledger is not folded: %s", trouble)


def usd_between(before: Spent | None, after: Spent | None) -> str:
    """Say what was paid between two sums; empty for nothing.

    Example:
        >>> usd_between(Spent(requests=1, cost_usd=0.04), Spent(requests=3, cost_usd=0.12))
        '0.08'
        >>> lost = Spent(requests=2, cost_usd=0.08, unanswered=1, unanswered_usd=0.03)
        >>> usd_between(Spent(), lost), usd_between(None, lost), usd_between(lost, lost)
        ('0.05-0.08', 'unknown', '')
    """
    if before is None or after is None:
        return "unknown"
    paid = after.plus(before, -1)
    if paid.unpriced > 0:
        return "unknown"
    known = paid.cost_usd - paid.unanswered_usd
    most = known + max(0.0, paid.unanswered_usd)
    if most <= 0 and paid.requests <= 0:
        return ""
    return f"{known:.2f}" if f"{known:.2f}" == f"{most:.2f}" else f"{known:.2f}-{most:.2f}"


COLUMNS: Final = ("made", "kept", "refused", "failed", "waiting", "seconds", "USD")
"""What is told of every stage."""


def tally_rows(stages: Sequence[StageTally]) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of a table; a column of samples that is nought in all is left out.

    Made, kept and failed are always told; the stage stands first.
    """
    counts = [
        name
        for name in COLUMNS[:5]
        if name in ("made", "kept", "failed") or any(getattr(each, name) for each in stages)
    ]
    rows = [
        [
            each.stage,
            *(str(getattr(each, name)) for name in counts),
            f"{each.seconds:.1f}",
            each.usd or "0",
        ]
        for each in stages
    ]
    return ["stage", *counts, *COLUMNS[5:]], rows
