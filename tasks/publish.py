"""Publish a dataset version."""

from prefect import task

from kizu.cancellation import raise_if_interrupted
from kizu.intake import open_inventory
from kizu.publish import samples, version
from kizu.publish.version import VersionRef
from kizu.shards import ShardRef
from kizu.spec import DatasetSpec
from kizu.splits import Groups
from kizu.stages.grounding import AnnotatorChoice
from kizu.store import Store
from tasks.caching import CACHED_IN_RUN, UNCACHED


@task(name="name version", **UNCACHED)
def choose_version(
    spec: DatasetSpec,
    inventory: list[str],
    shards: tuple[ShardRef, ...],
    store_url: str,
    unpublished: dict[str, str],
    lost: dict[str, str],
    groups: str,
    shard_size: int,
) -> VersionRef:
    """Name the version that what is in the store now makes, and note how far every sample came.

    Args:
        spec: The dataset.
        inventory: Where the listings of the photos lie.
        shards: The samples.
        store_url: The store.
        unpublished: Why samples could not be published although they were judged, by their ids.
        lost: Why normal images are lost, by the SHA-256 of their files; they are left out.
        groups: Where it is stored which photos stay together in one split.
        shard_size: Samples per shard of what is to be published.
    """
    store = Store(store_url)
    images = open_inventory(inventory, store).images
    together = Groups.open(groups, store)
    return version.choose_version(
        spec, images, shards, store, unpublished, lost, together, shard_size
    )


@task(name="publish", task_run_name="publish {shard.number} of {shard.of}", **CACHED_IN_RUN)
def publish_shard(
    shard: ShardRef, chosen: VersionRef, store_url: str, unpublished: dict[str, str]
) -> str:
    """Write a shard's images and masks into a version; return where the rows lie.

    Raises:
        UnpublishedError: Samples could not be published; a failed task is tried again by a retry.
    """
    raise_if_interrupted()
    store = Store(store_url)
    proof = chosen.open_certification(store).proof
    folder, samples_of = chosen.folder(), shard.open(store)
    rows = samples.publish_shard(
        store, folder, samples_of, proof, unpublished, undecided=chosen.undecided
    )
    return store.put_json("builds/rows", rows, is_new=True)


@task(name="publish version", **UNCACHED)
def publish_version(
    spec: DatasetSpec,
    inventory: list[str],
    chosen: VersionRef,
    rows: list[str],
    store_url: str,
    lost: dict[str, str],
    groups: str,
) -> None:
    """Write what is new of the normal images, then tables and manifest.

    Raises:
        LostNormalsError: Normal images are lost; the version is to be named without them.
    """
    store = Store(store_url)
    images = open_inventory(inventory, store).images
    parts = (store.read_json(path) for path in rows)
    together = Groups.open(groups, store)
    version.publish_version(store, chosen, spec, images, parts, lost, together)


@task(name="point to latest", **UNCACHED)
def make_latest(
    spec: DatasetSpec,
    chosen: VersionRef,
    left_out: int,
    annotators: AnnotatorChoice,
    store_url: str,
) -> str:
    """Make a version the latest one if it may be; return the version that is latest now."""
    return version.make_latest(
        spec, chosen, Store(store_url), left_out=left_out, annotators=annotators
    )
