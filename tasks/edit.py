"""Makes the edits of a shard that the store lacks."""

from prefect import task

from kizu.edit.archive import find_edit
from kizu.edit.editor import load_editor
from kizu.edit.obtain import obtain_edit
from kizu.edit.planning import PlannedSample
from kizu.images import decode_png
from kizu.shards import Done, Shard, ShardRef, ShardReport, run_shard
from kizu.store import Store
from tasks.options import ONCE_PER_RUN, checked

STAGE = "edit"


@task(name="edit", task_run_name="edit {shard.number} of {shard.of}", **ONCE_PER_RUN)
def edit_shard(shard: ShardRef, store_url: str) -> ShardReport:
    """Obtain every edit of a shard; those in the store cost nothing."""
    store = Store(store_url)
    settings = shard.open(store).spec.editor
    editor = load_editor(settings.name, settings)

    def obtain(_: Shard, sample: PlannedSample) -> Done:
        if find_edit(store, sample.request.key):
            return Done.KEPT
        photo = decode_png(store.read(sample.normal.path))
        obtain_edit(store, editor, sample.request, photo, sample.region)
        return Done.MADE

    return checked(run_shard(STAGE, shard, store, obtain))
