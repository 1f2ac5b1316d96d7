"""How far each planned sample came, and the version that follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Any, Final

from pydantic import Field

from kizu.agree.proof import Proof, Stratum, score_of, settle_judged, stratum_of
from kizu.agree.verdict import WITHOUT_DIFF, Agreement, Reason, Verdict
from kizu.diff import Status
from kizu.edit.storage import EditRecord
from kizu.outputs import SampleOutputs
from kizu.review import decision_folder
from kizu.samples import PlannedSample
from kizu.settings import Record
from kizu.shards import Fate, last_failure
from kizu.sources import NormalImage
from kizu.spec import DatasetSpec
from kizu.spec.publishing import Negative
from kizu.splits import NO_FOLD, NO_GROUPS, Groups
from kizu.stages import DIFF, LAST_STAGES, STAGES
from kizu.store import DamagedFileError, Store
from kizu.store.keys import content_key
from kizu.versions import SCHEMA_VERSION


class SampleStatus(StrEnum):
    """How far a sample came."""

    JUDGED = "judged"
    REFUSED = "refused"
    FAILED = "failed"
    WAITING = "waiting"
    UNASKED = "unasked"
    UNFINISHED = "unfinished"


FAILED: Final = (SampleStatus.FAILED, SampleStatus.WAITING, SampleStatus.UNFINISHED)
"""Where a sample stands that a rerun tries again."""


UNMADE: Final = (SampleStatus.FAILED, SampleStatus.WAITING, SampleStatus.UNASKED)
"""Where a sample stands that has no edit."""


_DRIFT_FIGURES: Final = (
    "shift_x_px",
    "shift_y_px",
    "warp_rms_px",
    "tone_delta_e",
    "relight_delta_e",
)
"""Of the drift's figures, those that a model or setting of another kind moves most."""

NONE_UNPUBLISHED: Final[Mapping[str, str]] = {}


class Outcome(Record):
    """How far one planned sample came.

    Attributes:
        sample_id: The sample.
        defect_type: Its class.
        status: How far it came.
        reason: Why no further; the verdict's reason if it was judged.
        verdict: The verdict if it was judged, a person's where there is one.
        edit_key: Key of the edit.
        normal_sha256: SHA-256 of its normal image's file.
        prompt: What was asked for.
        model: The model that made the edit.
        score: How sure the sample is, 0 to 1; None if there is nothing to tell it by.
        figures: What the verdict follows from, by name, with some of the comparison's.
        stratum: Which samples it is proven with, as long as no maker is trusted.
        made_by: Its maker, as reviews know it; see ``SampleOutputs.made_by``.
        certified: Whether a proven bound covers it.
        pairing: What is published of a picture that existed before: its name, who paired it, the
            score, what was said of it; empty for edits on request.
        output_keys: Keys of what the last stages made, which stand for everything it was made
            from; empty without.
        decision_key: Key of what a person decided on it; empty where nobody did.
        decisions: Folder of the decisions on it; empty where there is nothing to decide on.
        cost_usd: What the edit cost; None if unknown or not made.
        host: The host that made the edit; empty for this machine.
        emulated: True if that was the emulator, which bills nothing.
        decision_problem: What is wrong with what a person decided on it, and the way out.
        in_test: Whether its group was drawn into the test split.
        group: The name of the photos that it stays together with.
        fold: The fold that they were drawn into; ``NO_FOLD`` where none were asked for.
        negatives: What of the rejected samples is published as negatives.
        rows_key: Key of everything its rows and files follow from, but for what is proven and the
            split; empty where that is not known.
    """

    sample_id: str
    defect_type: str
    status: SampleStatus
    reason: str
    verdict: Verdict | None
    edit_key: str
    normal_sha256: str = ""
    prompt: str = ""
    model: str = ""
    score: float | None = None
    figures: dict[str, float | None] = Field(default_factory=dict)
    stratum: Stratum = Stratum.NONE
    made_by: str = ""
    certified: bool = False
    pairing: tuple[str | float | None, ...] = ()
    output_keys: tuple[str, ...]
    decision_key: str = ""
    decisions: str = ""
    cost_usd: float | None
    host: str = ""
    emulated: bool = False
    decision_problem: str = ""
    in_test: bool = False
    group: str = ""
    fold: int = NO_FOLD
    negatives: tuple[Negative, ...] = ()
    rows_key: str = ""

    @property
    def negative(self) -> Negative | None:
        """As which negative it is published; None for all that are not."""
        if self.verdict is not Verdict.REJECT:
            return None
        kind: Negative = "unchanged" if self.reason == Reason.NO_VISIBLE_CHANGE else "wrong"
        return kind if kind in self.negatives else None

    @property
    def photo(self) -> str:
        """The photograph that it is an edit of; edits of one are not independent of each other."""
        return self.normal_sha256

    @property
    def paid_usd(self) -> float | None:
        """What was paid for the edit: nothing to the emulator."""
        return 0.0 if self.emulated else self.cost_usd

    @property
    def is_certified(self) -> bool:
        """Whether a proven bound covers its label, or a person looked at it and accepted it."""
        if self.decision_problem:
            return False
        return self.verdict is Verdict.ACCEPT if self.decision_key else self.certified

    @property
    def settled_stratum(self) -> Stratum:
        """Which samples it is proven with, now that it is known which makers are trusted."""
        is_trusted = self.reason == Reason.DIFF_ONLY_TRUSTED
        return Stratum.ACCEPTED if is_trusted else self.stratum

    @property
    def content(self) -> list[Any] | None:
        """What of this is published: no words about failures, no times; None if nothing is."""
        if self.status is SampleStatus.JUDGED:
            made_by = [self.cost_usd, self.host, self.emulated]
            decided = [self.decision_key] if self.decision_key else []
            proven = ["certified"] if self.certified and not self.decision_key else []
            proven += [self.reason] if self.reason == Reason.DIFF_ONLY_TRUSTED else []
            made_from = [self.edit_key, *self.pairing, *self.output_keys]
            return [self.sample_id, *made_from, *made_by, *decided, *proven]
        return [self.sample_id, "refused"] if self.status is SampleStatus.REFUSED else None


def sample_outcome(outputs: SampleOutputs, unpublished: str = "") -> Outcome:
    """Look up how far a sample came; damage that cannot be mended here costs that sample alone.

    Args:
        outputs: The sample.
        unpublished: Why it could not be published although it was judged; empty if it could.
    """
    if unpublished:
        return _outcome(outputs, None, problem=unpublished)
    try:
        return _outcome(outputs, outputs.agreement)
    except DamagedFileError as damage:
        return _outcome(outputs, None, problem=str(damage))


def _outcome(outputs: SampleOutputs, agreement: Agreement | None, problem: str = "") -> Outcome:
    edit = outputs.edit
    status, reason = _status(edit, outputs.settled.reason if agreement else None)
    if agreement and is_published_as_edited(outputs, agreement):
        problem = outputs.picture_problem()
    if problem and edit:
        agreement, status, reason = None, SampleStatus.UNFINISHED, problem
    sample = outputs.sample
    reason = reason or outputs.edit_problem
    if not reason:
        status, reason = _left_behind(outputs.store, sample.sample_id, status)
    return Outcome(
        sample_id=sample.sample_id,
        defect_type=sample.defect_type,
        status=status,
        reason=reason,
        verdict=outputs.final_verdict if agreement else None,
        edit_key=sample.request.key,
        normal_sha256=sample.normal.sha256,
        prompt=sample.prompt,
        model=edit.model if edit else "",
        **(_judged(outputs, agreement) if agreement else {}),
        pairing=_pairing(sample),
        output_keys=last_keys(outputs) if agreement else (),
        decision_key=outputs.decision_key if agreement else "",
        decisions=decision_folder(outputs) if agreement else "",
        cost_usd=edit.cost_usd if edit else None,
        host=edit.host if edit else "",
        emulated=edit.emulated if edit else False,
        decision_problem=outputs.decision_problem if agreement else "",
        in_test=sample.group.is_test(outputs.shard.spec.publish.test_fraction),
        group=sample.group.name,
        fold=sample.group.fold(outputs.shard.spec.publish.folds),
        negatives=outputs.shard.spec.publish.negatives,
        rows_key=_rows_key(outputs, status, reason, is_judged=agreement is not None),
    )


def _rows_key(outputs: SampleOutputs, status: SampleStatus, reason: str, *, is_judged: bool) -> str:
    """Return a key of everything that a sample's rows and files follow from.

    What is proven and the split may change without another picture or region to write; they are
    filled in where rows are taken over.
    """
    spec, edit = outputs.shard.spec, outputs.edit
    asked = {
        "schema": SCHEMA_VERSION,
        "dataset": spec.name,
        "sample": outputs.sample.model_dump(mode="json", exclude={"in_group"}),
        "edit": edit.model_dump(mode="json") if edit else None,
    }
    if not is_judged:
        return content_key("rows", **asked, status=status.value, reason=reason)
    return content_key(
        "rows",
        **asked,
        category=spec.images.category,
        composite=spec.publish.composite,
        annotators=list(outputs.shard.annotators),
        keys={stage.name: stage.key(outputs) for stage in STAGES},
        made_by=outputs.made_by,
        decision=outputs.decision_key,
    )


def _judged(outputs: SampleOutputs, agreement: Agreement) -> dict[str, Any]:
    """Return what is known of a judged sample."""
    diff = DIFF.result(outputs)
    measured = agreement.figures.model_dump()
    if diff.status is not Status.NO_NORMAL:
        drift = asdict(diff.drift_metrics)
        measured |= {name: drift[name] for name in _DRIFT_FIGURES}
        measured |= {
            "match_rate": diff.match_rate,
            "registration_residual_px": diff.registration_residual_px,
        }
    return {
        "score": score_of(agreement),
        "figures": measured,
        "stratum": stratum_of(agreement, outputs.shard.spec.agree),
        "made_by": outputs.made_by,
        "certified": outputs.settled.certified,
    }


def _pairing(sample: PlannedSample) -> tuple[str | float | None, ...]:
    if sample.picture is None:
        return ()
    picture = sample.picture
    return (picture.name, picture.paired_by, picture.score, sample.prompt, *sample.phrases)


def last_keys(outputs: SampleOutputs) -> tuple[str, ...]:
    """Return the keys of what the last stages make of a sample."""
    return tuple(stage.key(outputs) for stage in LAST_STAGES)


def with_proof(outcome: Outcome, proof: Proof) -> Outcome:
    """Return an outcome of ``sample_outcome`` with what is proven; nothing is read again."""
    if outcome.verdict is None:
        return outcome
    settled = settle_judged(
        outcome.verdict,
        Reason(outcome.reason),
        outcome.stratum,
        outcome.score,
        outcome.made_by,
        proof,
    )
    verdict = outcome.verdict if outcome.decision_key else settled.verdict
    told = {"verdict": verdict, "reason": settled.reason.value, "certified": settled.certified}
    return outcome.model_copy(update=told)


def is_published_as_edited(outputs: SampleOutputs, agreement: Agreement) -> bool:
    """Tell whether the editor's own picture is published, and so must be there undamaged."""
    if outputs.sample.picture is not None:
        return True
    as_it_is = agreement.reason in (Reason.NO_VISIBLE_CHANGE, *WITHOUT_DIFF)
    return as_it_is or not outputs.shard.spec.publish.composite


def _status(edit: EditRecord | None, reason: Reason | None) -> tuple[SampleStatus, str]:
    """Tell how far a sample came, and why where the records know it."""
    if reason is not None:
        return SampleStatus.JUDGED, reason
    if edit is None:
        return SampleStatus.FAILED, ""
    if not edit.has_picture:
        return SampleStatus.REFUSED, edit.reason
    return SampleStatus.UNFINISHED, ""


def _left_behind(store: Store, sample_id: str, status: SampleStatus) -> tuple[SampleStatus, str]:
    """Tell why nothing came of a sample, and whether that is its own."""
    failure = last_failure(store, sample_id)
    if failure is None:
        return status, "it was not tried yet"
    if status is SampleStatus.FAILED and failure.fate is not Fate.FAILED:
        is_pending = failure.fate is Fate.PENDING
        status = SampleStatus.WAITING if is_pending else SampleStatus(failure.fate.value)
    return status, f"{failure.stage}: {failure.reason}"


def version_name(
    spec: DatasetSpec,
    normals: Sequence[NormalImage],
    outcomes: Sequence[Outcome],
    groups: Groups = NO_GROUPS,
) -> str:
    """Name a version by its content: the same content is the same version on every machine.

    Everything in ``samples``, ``instances`` and ``provenance`` follows from what is hashed here.
    """
    return content_key(
        "version",
        schema=SCHEMA_VERSION,
        recipe=spec.recipe(),
        normals=[[image.name, image.sha256, image.pixels_sha256] for image in normals],
        groups={sha256: [group.name, group.key] for sha256, group in groups.of.items()},
        samples=[content for outcome in outcomes if (content := outcome.content)],
    )[:12]


def is_empty(outcomes: Sequence[Outcome]) -> bool:
    """Tell whether no sample was judged: there is nothing to publish."""
    return all(outcome.status is not SampleStatus.JUDGED for outcome in outcomes)


def may_become_latest(
    spec: DatasetSpec, outcomes: Sequence[Outcome], left_out: int, *, lost_annotator: bool = False
) -> bool:
    """Tell whether a version may become the dataset's latest one.

    Args:
        spec: The dataset.
        outcomes: How far the samples of the build came.
        left_out: Samples that the build did not try, and photos that could not be read.
        lost_annotator: True if an annotator is missing that the present latest version had.
    """
    tried = not left_out and not lost_annotator
    complete = tried and all(outcome.status not in FAILED for outcome in outcomes)
    return not is_empty(outcomes) and (complete or spec.publish.latest == "always")
