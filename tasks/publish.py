"""Publishes a dataset version."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from prefect import task

from kizu.outputs import SampleOutputs
from kizu.progress import advance
from kizu.publish.dataset import Dataset
from kizu.publish.layout import VersionFolder, latest_version
from kizu.publish.outcomes import (
    Outcome,
    is_empty,
    may_become_latest,
    sample_outcome,
    version_name,
)
from kizu.publish.samples import publish_sample
from kizu.publish.version import point_to_latest, publish_normals, publish_tables
from kizu.settings import Record
from kizu.shards import ShardRef
from kizu.spec import DatasetSpec
from kizu.store import Store
from tasks.grounding import AnnotatorChoice
from tasks.intake import open_inventory
from tasks.stage import CACHED_IN_RUN, UNCACHED

STAGE = "publish"

_READERS: Final = 16
"""Shards looked up at a time: on an object store that is waiting, not work."""


class VersionRef(Record):
    """A dataset version.

    Attributes:
        dataset: The dataset's name.
        version: The version's.
        is_new: False if it was there already.
        is_empty: True if no sample was judged: then nothing is published.
        outcomes: Where it is written how far every sample came.
    """

    dataset: str
    version: str
    is_new: bool
    is_empty: bool
    outcomes: str

    def folder(self) -> VersionFolder:
        """Return where its files lie."""
        return VersionFolder(self.dataset, self.version)

    def open_outcomes(self, store: Store) -> list[Outcome]:
        """Read how far every sample came, in the build's order."""
        return list(OutcomeList.model_validate(store.read_json(self.outcomes)).outcomes)


class OutcomeList(Record):
    """How far every sample of a build came, in the build's order."""

    outcomes: tuple[Outcome, ...]


@task(name="name version", **UNCACHED)
def choose_version(
    spec: DatasetSpec,
    inventory: list[str],
    shards: tuple[ShardRef, ...],
    store_url: str,
) -> VersionRef:
    """Name the version that what is in the store now makes, and note how far every sample came."""
    store = Store(store_url)
    images = open_inventory(inventory, store).images
    outcomes = _look_up_all(shards, store)
    version = version_name(spec, images, outcomes.outcomes)
    folder = VersionFolder(spec.name, version)
    return VersionRef(
        dataset=spec.name,
        version=version,
        is_new=not folder.is_complete(store),
        is_empty=is_empty(outcomes.outcomes),
        outcomes=store.put_json("builds/outcomes", outcomes.model_dump(mode="json")),
    )


def _look_up_all(shards: tuple[ShardRef, ...], store: Store) -> OutcomeList:
    with ThreadPoolExecutor(_READERS) as pool:
        parts = list(pool.map(lambda ref: _look_up_shard(ref, store), shards))
    return OutcomeList(outcomes=tuple(outcome for part in parts for outcome in part))


def _look_up_shard(ref: ShardRef, store: Store) -> list[Outcome]:
    shard = ref.open(store)
    return [sample_outcome(SampleOutputs(store, shard, sample), store) for sample in shard.samples]


@task(name="publish", task_run_name="publish {shard.number} of {shard.of}", **CACHED_IN_RUN)
def publish_shard(shard: ShardRef, version: VersionRef, store_url: str) -> str:
    """Write a shard's images and masks into a version; return where the rows lie."""
    store = Store(store_url)
    opened = shard.open(store)
    rows: dict[str, list[dict[str, object]]] = {}
    for sample in opened.samples:
        outputs = SampleOutputs(store, opened, sample)
        for table, some in publish_sample(store, version.folder(), outputs).items():
            rows.setdefault(table, []).extend(some)
        advance(STAGE)
    return store.put_json("builds/rows", rows)


@task(name="publish version", **UNCACHED)
def publish_version(
    spec: DatasetSpec,
    inventory: list[str],
    version: VersionRef,
    rows: list[str],
    store_url: str,
) -> None:
    """Write normal images, tables and manifest."""
    store = Store(store_url)
    images = open_inventory(inventory, store).images
    normals = publish_normals(store, version.folder(), spec, images)
    parts = (store.read_json(path) for path in rows)
    outcomes = version.open_outcomes(store)
    publish_tables(store, version.folder(), spec, outcomes, [normals, *parts])


@task(name="point to latest", **UNCACHED)
def make_latest(
    spec: DatasetSpec,
    version: VersionRef,
    left_out: int,
    annotator: AnnotatorChoice,
    store_url: str,
) -> str:
    """Make a version the latest one if it may be; return the version that is latest now.

    Args:
        spec: The dataset.
        version: The version that was published.
        left_out: Samples that the build did not try, and photos that could not be read.
        annotator: Who annotated.
        store_url: The store.
    """
    store = Store(store_url)
    latest = latest_version(store, version.dataset)
    known = latest if latest and latest.is_complete(store) else None
    lost = bool(annotator.note) and known is not None and Dataset(store, known).is_annotated
    outcomes = version.open_outcomes(store)
    if may_become_latest(spec, outcomes, left_out, lost_annotator=lost):
        point_to_latest(store, version.folder())
        return version.version
    return latest.version if latest else ""
