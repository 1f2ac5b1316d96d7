"""Plans a build: samples, cut into shards."""

from prefect import task

from kizu.edit.planning import plan_samples
from kizu.settings import Record
from kizu.shards import ShardRef, save_shards
from kizu.source import SourceError
from kizu.spec import DatasetSpec
from kizu.store import Store
from tasks.ground import AnnotatorChoice
from tasks.intake import open_inventory


class BuildPlan(Record):
    """What a build is to do.

    Attributes:
        shards: Its samples.
        samples: How many they are.
        photos: How many normal images there are.
        skipped: How many files were left out.
    """

    shards: tuple[ShardRef, ...]
    samples: int
    photos: int
    skipped: int


@task(name="plan")
def plan_shards(
    spec: DatasetSpec,
    inventory: list[str],
    annotator: AnnotatorChoice,
    store_url: str,
    shard_size: int,
) -> BuildPlan:
    """Plan the samples of all usable photos and store them as shards.

    Raises:
        SourceError: No photo can be used.
    """
    store = Store(store_url)
    taken = open_inventory(inventory, store)
    if not taken.images:
        shown = "; ".join(f"{skip.name}: {skip.reason}" for skip in taken.skipped[:3])
        raise SourceError(f"images.path: none of {len(taken.skipped)} files can be used ({shown})")
    samples = plan_samples(spec, taken.images)
    shards = save_shards(samples, spec, annotator.version, store, shard_size)
    return BuildPlan(
        shards=tuple(shards),
        samples=len(samples),
        photos=len(taken.images),
        skipped=len(taken.skipped),
    )
