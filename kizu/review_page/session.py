"""A review under way: the queue, who has what before them, and decisions on their way to the store.

Everything that matters is in the store before anybody is told of it: draws before their samples are
shown, decisions before they are confirmed. What is in memory alone can be lost at any time.
"""

from collections import Counter
from collections.abc import Collection
from threading import Lock
from typing import Any, Final, Literal

from pydantic import Field

from kizu.agree.verdict import Reason, Verdict
from kizu.imaging.run_lengths import mask_of_runs
from kizu.outputs import SampleOutputs
from kizu.publish.certification import draw_next
from kizu.publish.frames import PublishedFrame
from kizu.publish.samples import made_label
from kizu.review import Decision, Drawn, open_draws, record_decision
from kizu.review_page.candidates import (
    BuildSample,
    decided_folders,
    numbers_by_id,
    open_build,
)
from kizu.review_page.leases import Leases
from kizu.review_page.pictures import describe_sample
from kizu.review_page.queue import (
    DRAWN_AS,
    Section,
    Task,
    next_tasks,
    review_order,
)
from kizu.settings import Record
from kizu.spec import DatasetSpec
from kizu.store import Store

MOST_NOTE_CHARACTERS: Final = 2000
"""A page of text; what is longer is no note but a mistake."""


class UnknownSampleError(LookupError):
    """A sample that is not in the build, or was not judged."""


class Wanted(Record):
    """A decision as the page sends it.

    Attributes:
        number: The sample's place in the build.
        version: Its version, as the page was told it: another build has others at that place.
        verdict: What becomes of it.
        note: Why.
        mask: ``run_lengths`` of the defect as they leave it; None where the published label is
            right.
        seen: Key of the decision that they saw on it; empty if they saw none.
    """

    number: int
    version: str
    verdict: Literal[Verdict.ACCEPT, Verdict.REJECT]
    note: str = Field(default="", max_length=MOST_NOTE_CHARACTERS)
    mask: list[int] | None = None
    seen: str = ""


class Stored(Record):
    """What came of a wanted decision.

    Attributes:
        number: The sample's place in the build.
        stored: Whether it is in the store.
        decision: The last decision that is; None if there is none.
        problem: Why it is not stored: "decided_meanwhile", "nothing_marked", "built_anew", or a
            sentence.
    """

    number: int
    stored: bool
    decision: Decision | None
    problem: str = ""


class ReviewSession:
    """The review of a dataset's last build, for any number of people at a time."""

    def __init__(self, store: Store, dataset: str, *, reviewer: str = "") -> None:
        """Open the build, and draw the samples whose review would prove something next.

        Args:
            store: The store.
            dataset: The dataset.
            reviewer: The name of who opens the page, where it does not know one.

        Raises:
            DatasetError: The dataset was never built here.
        """
        self.store = store
        self.dataset = dataset
        self.reviewer = reviewer
        self.build = open_build(store, dataset)
        candidates = self.build.candidates
        outcomes = [each.outcome for each in self.build.samples]
        draw_next(store, dataset, self.build.agree, outcomes)
        draws = open_draws(store, dataset)
        self._order = review_order(candidates, draws)
        self._sections = {entry.number: entry.section for entry in self._order}
        self._candidates = {each.number: each for each in candidates}
        self._folders = {each.number: each.decisions for each in candidates}
        self._numbers = numbers_by_id(candidates)
        self._decided = decided_folders(store, candidates)
        self._leases = Leases()
        self._lock = Lock()

    @property
    def spec(self) -> DatasetSpec:
        """What the dataset was built from."""
        return self.build.samples[0].shard.spec

    def sample(self, number: int) -> BuildSample:
        """Return a judged sample by its place in the build.

        Raises:
            UnknownSampleError: There is none.
        """
        if number not in self._folders:
            raise UnknownSampleError(f"{self.dataset} has no judged sample of number {number}")
        return self.build.samples[number]

    def number_of(self, sample_id: str) -> int:
        """Return a judged sample's place in the build, by its name.

        Raises:
            UnknownSampleError: There is none.
        """
        if sample_id not in self._numbers:
            raise UnknownSampleError(f"{self.dataset} has no judged sample {sample_id!r}")
        return self._numbers[sample_id]

    def describe(self, number: int) -> dict[str, Any]:
        """Return everything that the page says of a sample, by its place in the build.

        Raises:
            UnknownSampleError: There is none.
        """
        found = self.sample(number)
        verdict, reason = self._candidates[number].verdict, Reason(found.outcome.reason)
        return {
            "number": number,
            "version": found.version,
            "section": self._sections.get(number, ""),
            **describe_sample(found.outputs(self.store), verdict, reason),
        }

    def _section(self, number: int) -> Section | None:
        """Return the part of the queue a sample is in; None if it is in none."""
        return self._sections.get(number)

    def tasks(
        self, page: str, most: int, *, shown: Collection[int] = (), skipped: Collection[int] = ()
    ) -> list[Task]:
        """Return what comes next for an open page, which holds these samples from now on.

        Args:
            page: Names the open page.
            most: How many tasks are wanted.
            shown: Samples it shows now; it holds them too.
            skipped: Samples it has passed over; they come last.
        """
        with self._lock:
            held = self._leases.held_by_others(page)
            passed, out = frozenset(skipped), held | frozenset(shown)

            def is_open(number: int) -> bool:
                return self._folders[number] not in self._decided and number not in out

            tasks = next_tasks(self._order, lambda one: is_open(one) and one not in passed, most)
            if len(tasks) < most:
                again = next_tasks(self._order, lambda one: is_open(one) and one in passed, most)
                tasks += again[: most - len(tasks)]
            coming = (number for task in tasks for number in task.numbers)
            self._leases.hold(page, (*shown, *coming))
            return tasks

    def decide(self, wanted: Wanted, reviewed_by: str) -> Stored:
        """Store a decision, unless somebody has decided on the sample meanwhile.

        Args:
            wanted: The decision.
            reviewed_by: Who decides.

        Raises:
            UnknownSampleError: There is no such sample.
        """
        found = self.sample(wanted.number)
        if found.version != wanted.version:
            return Stored(number=wanted.number, stored=False, decision=None, problem="built_anew")
        outputs = found.outputs(self.store)
        with self._lock:
            last = outputs.decision
            if last is not None:
                self._decided.add(self._folders[wanted.number])
            if (last.key if last else "") != wanted.seen:
                return Stored(
                    number=wanted.number, stored=False, decision=last, problem="decided_meanwhile"
                )
            try:
                decision = self._record(outputs, wanted, reviewed_by)
            except ValueError as error:
                return Stored(number=wanted.number, stored=False, decision=last, problem=str(error))
            self._decided.add(self._folders[wanted.number])
        return Stored(number=wanted.number, stored=True, decision=decision)

    def _record(self, outputs: SampleOutputs, wanted: Wanted, reviewed_by: str) -> Decision:
        frame = PublishedFrame(outputs)
        shown = made_label(outputs)
        accepts = wanted.verdict is Verdict.ACCEPT
        mask = None
        if accepts and wanted.mask is not None:
            mask = mask_of_runs(wanted.mask, frame.shape)
        if accepts and not (shown if mask is None else mask).any():
            raise ValueError("nothing_marked")
        section = self._section(wanted.number)
        return record_decision(
            outputs,
            wanted.verdict,
            reviewed_by,
            note=wanted.note,
            mask=mask,
            shown=shown,
            drawn=DRAWN_AS[section] if section else Drawn.CHOSEN,
        )

    def progress(self) -> dict[str, dict[str, int]]:
        """Return how many samples each part of the queue has, and how many are decided."""
        total = Counter(entry.section for entry in self._order)
        with self._lock:
            done = Counter(
                entry.section
                for entry in self._order
                if self._folders[entry.number] in self._decided
            )
        return {each: {"total": total[each], "decided": done[each]} for each in Section}
