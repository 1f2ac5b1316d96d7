"""Makes the edits of a shard that the store lacks."""

from typing import cast

from prefect import task
from prefect.blocks.system import Secret

from kizu.billing.admission import CallGate
from kizu.billing.ledger import Ledger
from kizu.cancellation import CancelToken
from kizu.edit.editor import Editor
from kizu.edit.get_or_make import obtain_edit
from kizu.edit.paid import PaidEditor
from kizu.edit.storage import find_edit
from kizu.imaging.codecs import decode_png
from kizu.samples import PlannedSample
from kizu.shards import Shard, ShardRef, ShardReport, StepResult, run_shard
from kizu.spec import DatasetSpec
from kizu.store import Store
from tasks.stage import CACHED_IN_RUN, cancel_token, raise_on_failures

STAGE = "edit"


@task(name="edit", task_run_name="edit {shard.number} of {shard.of}", **CACHED_IN_RUN)
def edit_shard(shard: ShardRef, store_url: str) -> ShardReport:
    """Obtain every edit of a shard; those in the store cost nothing."""
    store, cancel = Store(store_url), cancel_token(Store(store_url))
    opened = shard.open(store)
    editor = opened.spec.editor.make(_secret)
    gate = _gate(editor, opened.spec, store, cancel)

    def obtain(_: Shard, sample: PlannedSample) -> StepResult:
        if record := find_edit(store, sample.request.key):
            if gate is not None:
                gate.note_found(record.key, record.bought_for, emulated=record.emulated)
            return StepResult.KEPT
        photo = decode_png(store.read(sample.normal.path))
        obtain_edit(store, editor, sample.request, photo, sample.region, gate)
        return StepResult.MADE

    threads = len(opened.samples) if gate is not None else 1
    try:
        return raise_on_failures(
            run_shard(STAGE, shard, store, obtain, cancel, threads=threads), cancel
        )
    finally:
        if editor.is_paid:
            editor.close()


def _gate(
    editor: Editor | PaidEditor, spec: DatasetSpec, store: Store, cancel: CancelToken
) -> CallGate | None:
    """Return where a paid editor's edits are paid; None for free ones."""
    if not editor.is_paid:
        return None
    return CallGate(Ledger(store), spec.name, spec.budget, editor.limits, cancel)


def _secret(block: str) -> str:
    """Return what a Secret block holds; raises ValueError if there is none of the name."""
    return str(cast("Secret[str]", Secret.load(block)).get())
