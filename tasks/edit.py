"""Makes the edits of a shard that the store lacks."""

from typing import cast

from prefect import task
from prefect.blocks.system import Secret

from kizu.edit.archive import find_edit
from kizu.edit.editor import Editor, load_editor
from kizu.edit.ledger import Ledger
from kizu.edit.obtain import obtain_edit
from kizu.edit.paid import PaidEditor
from kizu.edit.planning import PlannedSample
from kizu.edit.till import Till
from kizu.images import decode_png
from kizu.shards import Done, Shard, ShardRef, ShardReport, run_shard
from kizu.spec import DatasetSpec
from kizu.stops import StopSign
from kizu.store import Store
from tasks.options import ONCE_PER_RUN, checked, run_sign

STAGE = "edit"


@task(name="edit", task_run_name="edit {shard.number} of {shard.of}", **ONCE_PER_RUN)
def edit_shard(shard: ShardRef, store_url: str) -> ShardReport:
    """Obtain every edit of a shard; those in the store cost nothing."""
    store, sign = Store(store_url), run_sign(Store(store_url))
    opened = shard.open(store)
    editor = load_editor(opened.spec.editor.name, opened.spec.editor, _secret)
    till = _till(editor, opened.spec, store, sign)

    def obtain(_: Shard, sample: PlannedSample) -> Done:
        if record := find_edit(store, sample.request.key):
            if till is not None:
                till.note_found(record.key, record.bought_for, emulated=record.emulated)
            return Done.KEPT
        photo = decode_png(store.read(sample.normal.path))
        obtain_edit(store, editor, sample.request, photo, sample.region, till)
        return Done.MADE

    threads = len(opened.samples) if till is not None else 1
    try:
        return checked(run_shard(STAGE, shard, store, obtain, sign, threads=threads), sign)
    finally:
        if isinstance(editor, PaidEditor):
            editor.close()


def _till(
    editor: Editor | PaidEditor, spec: DatasetSpec, store: Store, sign: StopSign
) -> Till | None:
    """Return where a paid editor's edits are paid; None for free ones."""
    if not isinstance(editor, PaidEditor):
        return None
    return Till(Ledger(store), spec.name, spec.budget, editor.terms, sign)


def _secret(block: str) -> str:
    """Return what a Secret block holds; raises ValueError if there is none of the name."""
    return str(cast("Secret[str]", Secret.load(block)).get())
