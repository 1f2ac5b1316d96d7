"""Plans a build: samples, cut into shards."""

from prefect import task

from kizu.edit.storage import find_edit
from kizu.planning import BuildEstimate, estimate_build, plan_samples
from kizu.settings import Record
from kizu.shards import ShardRef, save_shards
from kizu.sources import Inventory, SourceError
from kizu.spec import DatasetSpec
from kizu.store import Store
from tasks.artifacts import show_plan
from tasks.grounding import AnnotatorChoice
from tasks.intake import open_inventory
from tasks.stage import CACHED_IN_RUN, UNCACHED


class BuildPlan(Record):
    """What a build is to do.

    Attributes:
        shards: Its samples.
        samples: How many they are.
        left_out: Samples of the dataset that are not among them, and photos that could not be
            read.
    """

    shards: tuple[ShardRef, ...]
    samples: int
    left_out: int


@task(name="estimate", **UNCACHED)
def estimate(spec: DatasetSpec, inventory: list[str], store_url: str) -> BuildEstimate:
    """Work out what the build would make and cost, and show it before anything is bought.

    Raises:
        SourceError: No photo can be used.
    """
    store = Store(store_url)
    found = estimate_build(spec, _usable(inventory, store), store)
    show_plan(spec, found)
    return found


@task(name="plan", **CACHED_IN_RUN)
def plan_shards(
    spec: DatasetSpec,
    inventory: list[str],
    annotator: AnnotatorChoice,
    store_url: str,
    shard_size: int,
    *,
    stored_only: bool = False,
) -> BuildPlan:
    """Plan the samples of all usable photos and store them as shards.

    Args:
        spec: The dataset.
        inventory: Where the listings of the photos lie.
        annotator: Who annotates.
        store_url: The store.
        shard_size: Samples per shard.
        stored_only: Leave out samples whose edit the store does not hold.

    Raises:
        SourceError: No photo can be used, or no edit is in the store where only those count.
    """
    store = Store(store_url)
    taken = _usable(inventory, store)
    planned = plan_samples(spec, taken.images, emulated=spec.editor.is_emulated())
    samples = planned
    if stored_only:
        samples = [sample for sample in planned if find_edit(store, sample.request.key)]
        if not samples:
            raise SourceError(
                f"the store {store_url} holds no edit of {spec.name!r}; run build-dataset first"
            )
    shards = save_shards(samples, spec, annotator.version, store, shard_size)
    return BuildPlan(
        shards=tuple(shards),
        samples=len(samples),
        left_out=len(planned) - len(samples) + sum(skip.unreadable for skip in taken.skipped),
    )


def _usable(inventory: list[str], store: Store) -> Inventory:
    taken = open_inventory(inventory, store)
    if not taken.images:
        shown = "; ".join(f"{skip.name}: {skip.reason}" for skip in taken.skipped[:3])
        raise SourceError(f"images.path: none of {len(taken.skipped)} files can be used ({shown})")
    return taken
