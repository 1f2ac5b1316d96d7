"""What a person is told after a build: counts, what is odd, and what to do next."""

import shlex
from collections.abc import Sequence
from typing import Final, NamedTuple

from kizu.agree.verdict import Verdict
from kizu.billing.ledger import Ledger
from kizu.billing.spending import dataset_spending
from kizu.publish.layout import latest_version
from kizu.publish.outcomes import FAILED, UNMADE, Outcome, SampleStatus
from kizu.publish.version import VersionRef
from kizu.settings import Record
from kizu.sources import Inventory, Skipped
from kizu.splits import Groups
from kizu.stages.grounding import AnnotatorChoice
from kizu.store import DamagedFileError, Store
from kizu.tally import StageTally

SUMMARY_FILE: Final = "summary.json"
"""The summary's name among the files of a version's report."""

DRIFT_FROM: Final = 0.1
"""A change of the accepted fraction by more than this is told."""

_DAMAGE_SHOWN: Final = 3  # files named in a summary's note; 'kizu repair' lists all


class Problem(Record):
    """A sample without a verdict, and why."""

    sample_id: str
    reason: str


class BuildSummary(Record):
    """What a build came to.

    Attributes:
        dataset: The dataset's name.
        version: The version that was published, or found unchanged; empty if there was nothing
            to publish.
        latest: The dataset's latest version after the build; empty if there is none.
        is_new: False if it was there already.
        photos: Normal images.
        samples: Planned defect images.
        accepted: Those in the dataset's train and test splits.
        review: Those a person should look at.
        rejected: Those without a visible change.
        refused: Edits the editor will never make.
        failed: Samples a rerun will try again.
        waiting: Those of them that were not tried, because no other could be made either.
        unasked: Samples whose prompt is not asked any more.
        given_up: Why, one sentence per prompt.
        problems: The first of the failed ones.
        skipped: Files that are no usable photo.
        cost_usd: What the dataset's edits cost, now or earlier; None where a price is unknown.
        note: Sentences about missing annotators and decisions that cannot be read, or empty.
        is_grounded: False if no annotator looked at the samples.
        stopped: Why the build stopped before all edits were made, and the way out, or empty.
        paid: What was paid for the dataset over all its builds, in a sentence, or empty.
        certificate: What reviews prove of the accepted labels, in a sentence, or empty.
        is_shifted: True if what they proved does not hold for what is made now.
        dataset_address: Where the version lies.
        report_address: Where the page lies.
        stages: What each stage did in this build; no part of what is stored of the version.
    """

    dataset: str
    version: str
    latest: str = ""
    is_new: bool
    photos: int
    samples: int
    accepted: int
    review: int
    rejected: int
    refused: int
    failed: int
    waiting: int = 0
    unasked: int = 0
    given_up: tuple[str, ...] = ()
    problems: tuple[Problem, ...]
    skipped: tuple[Skipped, ...]
    cost_usd: float | None
    note: str
    is_grounded: bool = True
    stopped: str = ""
    paid: str = ""
    certificate: str = ""
    is_shifted: bool = False
    dataset_address: str
    report_address: str
    stages: tuple[StageTally, ...] = ()

    @property
    def judged(self) -> int:
        """Samples with a verdict."""
        return self.accepted + self.review + self.rejected

    @property
    def accepted_fraction(self) -> float | None:
        """Accepted samples per judged one; None if none was judged."""
        return self.accepted / self.judged if self.judged else None

    @property
    def only_waits(self) -> bool:
        """True if nothing failed and all that is missing comes later, as from a batch."""
        return self.waiting > 0 and self.waiting == self.failed and not self.stopped

    @property
    def headline(self) -> str:
        """One line: what is there, and what is not."""
        judged = f"{self.accepted} accepted, {self.review} to review, {self.rejected} rejected"
        rest = f", {self.refused} refused" if self.refused else ""
        rest += f", {self.unasked} not asked" if self.unasked else ""
        tried = self.failed - self.waiting
        failed = f", {tried} failed" if tried else ""
        waiting = f", {self.waiting} waiting" if self.waiting else ""
        return f"{self.samples} samples: {judged}{rest}{failed}{waiting}"


def last_summary(store: Store, dataset: str) -> BuildSummary | None:
    """Return the summary of a dataset's latest version; None if there is none that can be read."""
    try:
        folder = latest_version(store, dataset)
        if folder is None:
            return None
        return store.read_json_as(folder.report(SUMMARY_FILE), BuildSummary.model_validate)
    except (FileNotFoundError, DamagedFileError):
        return None


def has_drifted(before: BuildSummary | None, now: BuildSummary) -> bool:
    """Tell whether the accepted fraction has changed much since the latest version."""
    was, fraction = before.accepted_fraction if before else None, now.accepted_fraction
    return was is not None and fraction is not None and abs(fraction - was) > DRIFT_FROM


class SamplesFailedError(RuntimeError):
    """A build that left some samples behind; everything else is published."""

    def __init__(self, message: str, summary: BuildSummary | None = None) -> None:
        """Say what failed; the summary is lost when the error travels as text."""
        super().__init__(message)
        self.summary = summary


def summarize(  # noqa: D417 - the others are fields of the summary
    outcomes: Sequence[Outcome],
    inventory: Inventory,
    *,
    dataset: str,
    version: str,
    latest: str,
    is_new: bool,
    note: str,
    is_grounded: bool = True,
    stopped: str = "",
    paid: str = "",
    certificate: str = "",
    is_shifted: bool = False,
    dataset_address: str,
    report_address: str,
) -> BuildSummary:
    """Count what became of every sample.

    Args:
        outcomes: One per planned sample.
        inventory: The photos, and the files left out.
    """
    status = [outcome.status for outcome in outcomes]
    verdicts = [outcome.verdict for outcome in outcomes]
    unasked = [o for o in outcomes if o.status is SampleStatus.UNASKED]
    open_ends = [o for o in outcomes if o.status in FAILED]
    costs = [o.paid_usd for o in outcomes if o.status not in UNMADE]
    return BuildSummary(
        dataset=dataset,
        version=version,
        latest=latest,
        is_new=is_new,
        photos=len(inventory.images),
        samples=len(outcomes),
        accepted=verdicts.count(Verdict.ACCEPT),
        review=verdicts.count(Verdict.REVIEW),
        rejected=verdicts.count(Verdict.REJECT),
        refused=status.count(SampleStatus.REFUSED),
        failed=len(open_ends),
        waiting=status.count(SampleStatus.WAITING),
        unasked=len(unasked),
        given_up=tuple(dict.fromkeys(outcome.reason for outcome in unasked)),
        problems=tuple(Problem(sample_id=o.sample_id, reason=o.reason) for o in open_ends[:20]),
        skipped=inventory.skipped,
        cost_usd=None if None in costs else round(sum(cost or 0.0 for cost in costs), 6),
        note=" ".join([note, *_damaged_decisions(outcomes)]).strip(),
        is_grounded=is_grounded,
        stopped=stopped,
        paid=paid,
        certificate=certificate,
        is_shifted=is_shifted,
        dataset_address=dataset_address,
        report_address=report_address,
    )


def summarize_version(
    store: Store,
    version: VersionRef,
    inventory: Inventory,
    groups: Groups,
    annotators: AnnotatorChoice,
    *,
    stopped: str,
    latest: str,
) -> BuildSummary:
    """Sum up a build that named a version.

    Args:
        store: The store.
        version: The version, which may be empty and not published.
        inventory: The photos, and all files left out.
        groups: Which photos stay together in one split.
        annotators: Who annotated.
        stopped: Why the build stopped early, or empty.
        latest: The version that is the dataset's latest one now, or empty.
    """
    folder, certification = version.folder(), version.open_certification(store)
    return summarize(
        version.open_outcomes(store),
        inventory,
        dataset=version.dataset,
        version="" if version.is_empty else version.version,
        latest=latest,
        is_new=version.is_new,
        note=" ".join(filter(None, [annotators.note, *groups.notes])),
        is_grounded=bool(annotators.versions),
        stopped=stopped,
        paid=dataset_spending(Ledger(store), version.dataset),
        certificate=certification.accepted.sentence,
        is_shifted=bool(certification.accepted.alarms),
        dataset_address="" if version.is_empty else store.address(folder.path("")),
        report_address="" if version.is_empty else store.address(folder.report("index.html")),
    )


def _damaged_decisions(outcomes: Sequence[Outcome]) -> list[str]:
    """Say which decisions cannot be read; their samples are published as to be reviewed."""
    problems = [outcome.decision_problem for outcome in outcomes if outcome.decision_problem]
    more = len(problems) - _DAMAGE_SHOWN
    told = [f"{problem}." for problem in problems[:_DAMAGE_SHOWN]]
    return [*told, f"{more} more decisions are damaged."] if more > 0 else told


class NextStep(NamedTuple):
    """Something to do after a build.

    Attributes:
        sentence: What, and why; empty where another step's sentence says it.
        command: What does it in a terminal, without the store; empty where no command does.
        why: What the command does, in a few words.
    """

    sentence: str
    command: str = ""
    why: str = ""


BUILD_AGAIN: Final = "the same build"
"""Stands for the command that started the build, which a summary does not know."""


def _left_behind(summary: BuildSummary) -> list[NextStep]:
    """Say what became of samples that are not there, and the way out."""
    again = BUILD_AGAIN, "makes only what is missing"
    told: list[NextStep] = []
    if summary.stopped:
        sentence = f"{summary.failed} samples are not made yet: {summary.stopped}."
        told.append(NextStep(sentence, *again))
    elif summary.only_waits:
        reason = summary.problems[0].reason.removeprefix("edit: ")
        told.append(NextStep(f"{summary.waiting} edits wait: {reason}.", *again))
    elif summary.failed:
        sentence = (
            f"{summary.failed} samples failed ({summary.problems[0].reason}). Mend the cause and "
            "build again: only they are made."
        )
        told.append(NextStep(sentence, *again))
    if any(_DAMAGED in text for text in (summary.note, *(p.reason for p in summary.problems))):
        why = "says what is damaged, and has made anew what costs nothing"
        told.append(NextStep("", "kizu repair", why))
    return told


_DAMAGED: Final = " is damaged: "  # as DamagedFileError says it


def next_steps(summary: BuildSummary) -> list[str]:
    """Say what to do now, most urgent first."""
    return [step.sentence for step in what_next(summary) if step.sentence]


def what_next(summary: BuildSummary) -> list[NextStep]:
    """Return what to do now with the commands for it, most urgent first."""
    name = shlex.quote(summary.dataset)
    steps: list[NextStep] = []
    if not summary.version:
        steps.append(NextStep("Nothing is published: no sample came as far as a verdict."))
    elif summary.latest != summary.version:
        latest = f"stays {summary.latest}" if summary.latest else "is not set"
        sentence = (
            f"Version {summary.version} is published, but the latest version {latest}: samples, "
            "photos or the annotator are missing. Set publish.latest to 'always' to take such "
            "versions all the same."
        )
        steps.append(NextStep(sentence))
    steps += _left_behind(summary)
    steps += [NextStep(f"{each.removeprefix('edit: ')}.") for each in summary.given_up]
    if summary.skipped:
        count = len(summary.skipped)
        steps.append(NextStep(f"{count} files were left out; see the list of skipped files."))
    if summary.review:
        sentence = (
            f"Look at the {summary.review} samples to review with 'kizu review {summary.dataset}', "
            "and build again; till then they are published with split 'review', outside train and "
            "test."
        )
        why = f"judge the {summary.review} samples to review"
        steps.append(NextStep(sentence, f"kizu review {name}", why))
        steps.append(NextStep("", BUILD_AGAIN, "takes the decisions in"))
    if summary.rejected:
        sentence = (
            f"{summary.rejected} edits show no change: describe the defect more strongly, or "
            "give it a region."
        )
        steps.append(NextStep(sentence))
    if summary.note and summary.review and not summary.is_grounded:
        sentence = (
            "Nobody could confirm the changes: give the annotator its weights, or set "
            "agree.without_grounding to 'accept' to trust the diff alone."
        )
        steps.append(NextStep(sentence))
    if summary.version:
        steps.append(NextStep("", f"kizu report {name}", "shows every sample in the browser"))
    if summary.accepted:
        sentence = f"Train on {summary.dataset_address}; samples.parquet lists it."
        steps.append(NextStep(sentence, f"kizu open {name}", "prints the folder to train on"))
        why = "hands it to another tool; twelve formats"
        steps.append(NextStep("", f"kizu export {name} out --to coco", why))
    return steps
