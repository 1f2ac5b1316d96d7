"""The edit: the picture with the defect, bought or painted once per request."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kizu.billing.admission import CallGate
from kizu.billing.batch import BatchOrder, BatchPurchase, batch_limits
from kizu.billing.ledger import Ledger
from kizu.billing.purchase import EditJob
from kizu.billing.spending import calls_in_words
from kizu.edit.batched import BatchingEditor
from kizu.edit.editor import Editor
from kizu.edit.paid import EditorLimits, PaidEditor
from kizu.edit.storage import find_replies
from kizu.samples import PlannedSample
from kizu.shards import Refusal, Shard, StepResult
from kizu.stages.base import ShardWork, Stage, StageRun
from kizu.stages.inputs import SampleInputs
from kizu.stages.obtain import make_edit, obtain_edit, plan_job
from kizu.store import Store


class EditStage(Stage):
    """Obtains every edit; those in the store cost nothing.

    Its outputs lie under ``edits/``, apart from those of the other stages: they cost money, and
    kizu never deletes them.
    """

    name = "edit"
    noun = "edits"

    def key_inputs(self, sample: SampleInputs) -> dict[str, Any]:
        """Return the request: nobody knows the picture before it is made."""
        return sample.sample.request.model_dump(mode="json")

    def is_done(self, sample: SampleInputs) -> bool:
        """Tell whether there is an edit or a refusal."""
        return sample.edit is not None

    def step(self, sample: SampleInputs, work: ShardWork) -> StepResult:
        """Obtain the edit; a refusal is neither made nor kept."""
        result, edit = super().step(sample, work), sample.edit
        if edit is None or edit.has_picture:
            return result
        if result is StepResult.MADE:
            work.refusals.append(Refusal(sample_id=sample.sample.sample_id, reason=edit.reason))
        return StepResult.REFUSED

    @contextmanager
    def open(self, shard: Shard, run: StageRun) -> Iterator[ShardWork]:
        """Load the editor; a paid one gets a gate, and all samples of the shard at a time."""
        editor = shard.spec.editor.make(run.secrets)
        if not editor.is_paid:
            yield ShardWork(lambda sample: _obtain(sample, editor, None))
            return
        ledger, spec = Ledger(run.store), shard.spec

        def gate_of(limits: EditorLimits) -> CallGate:
            return CallGate(
                ledger,
                spec.name,
                spec.budget,
                limits,
                run.cancel,
                is_only_prompt=len(spec.defects) == 1 and not spec.defects[0].wordings,
            )

        gate, batch = gate_of(editor.limits), None
        gates = [gate]
        if isinstance(editor, BatchingEditor):
            orders = [_order(run.store, shard, sample, editor) for sample in shard.samples]
            gates.append(gate_of(batch_limits(gate.limits)))
            batch = BatchPurchase(run.store, gates[-1], editor, orders)

        def make(sample: SampleInputs) -> None:
            if batch is not None and batch.is_needed:
                sample.edit = batch.obtain(sample.sample.request.key)
            else:
                _obtain(sample, editor, gate)

        def paid() -> str:
            calls = [call for each in gates for call in each.ended]
            return calls_in_words(calls, emulated=gate.limits.emulated)

        try:
            yield ShardWork(
                make=make,
                keep=lambda sample: _note_found(sample, gate),
                threads=len(shard.samples),
                paid=paid,
            )
        finally:
            editor.close()


EDIT: Final = EditStage()


def _obtain(sample: SampleInputs, editor: Editor | PaidEditor, gate: CallGate | None) -> None:
    planned = sample.sample
    if gate is not None and not any(find_replies(sample.store, planned.request.key)):
        gate.check_prompt(planned.prompt)  # before the photo is decoded
    asked = planned.request, sample.normal, planned.region
    if gate is None and not editor.is_paid and not sample.edit_problem:
        sample.edit = make_edit(sample.store, editor, *asked)  # it was looked for already
    else:
        sample.edit = obtain_edit(sample.store, editor, *asked, gate, planned.prompt)


def _note_found(sample: SampleInputs, gate: CallGate) -> None:
    """Put into the ledger that an edit was found, and who paid for it."""
    if (edit := sample.edit) is not None:
        gate.note_found(edit.key, edit.bought_for, emulated=edit.emulated)


def _order(
    store: Store, shard: Shard, planned: PlannedSample, editor: BatchingEditor
) -> BatchOrder:
    def job() -> EditJob:
        photo = SampleInputs(store, shard, planned).normal  # read anew: nobody holds all photos
        return plan_job(store, editor, planned.request, photo, planned.region, planned.prompt)

    return BatchOrder(planned.request.key, job)
