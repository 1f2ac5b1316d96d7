"""What earlier versions have published already: rows and files that are not made again.

Beside a version it is noted under which key each of its rows was made, and how large its files are
(``builds/published/NAME/VERSION.json``). The next version takes over what has the same key and
whose files are there still, which one listing tells; the rows come from the earlier tables. What is
damaged or missing there is made anew.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kizu.publish.dataset import FILE_KINDS, Dataset, DatasetError
from kizu.publish.layout import VersionFolder, good_id, latest_version, pool_path
from kizu.publish.outcomes import Outcome
from kizu.publish.rows import File, Row, settled_columns
from kizu.publish.schemas import TABLES
from kizu.publish.under_way import may_be_deleting
from kizu.settings import Record
from kizu.shards import SAMPLES_PER_SHARD, ShardRef, save_shards
from kizu.sources import NormalImage
from kizu.store import DamagedFileError, Store

logger = logging.getLogger(__name__)


class VersionChangedError(RuntimeError):
    """What a version is made from changed while it was published."""


class PublishWork(Record):
    """What of a version is to be made, and what earlier ones have already.

    Attributes:
        shards: The samples to publish.
        samples: How many there are.
        kept: By earlier version, the ids of samples and normal images whose rows it has.
    """

    shards: tuple[ShardRef, ...]
    samples: int
    kept: dict[str, tuple[str, ...]]


class _Noted(Record):
    """How a version's rows were made.

    Attributes:
        rows: By sample id, the key of its rows, and the sizes in bytes of its files in the order of
            ``FILE_KINDS``, 0 for those that it lacks.
    """

    rows: dict[str, tuple[str, tuple[int, ...]]]


def noted_path(folder: VersionFolder) -> str:
    """Return where it is noted how a version's rows were made."""
    return f"builds/published/{folder.dataset}/{folder.version}.json"


def row_keys(images: Iterable[NormalImage], outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Return the keys of a version's rows by sample id; a normal image's names its file."""
    return {good_id(image): image.sha256 for image in images} | {
        outcome.sample_id: outcome.rows_key for outcome in outcomes
    }


def noting_rows(
    store: Store,
    folder: VersionFolder,
    keys: Mapping[str, str],
    parts: Iterable[Mapping[str, list[Row]]],
) -> Iterator[Mapping[str, list[Row]]]:
    """Yield rows, and after the last ones see that all their files are there; note their keys.

    Args:
        store: The store.
        folder: The version.
        keys: The key of its rows, by sample id.
        parts: The rows by table name.

    Raises:
        VersionChangedError: A file is missing: it was removed while the version was published.
    """
    files: dict[str, list[str]] = {}
    for part in parts:
        for row in part.get("samples", ()):
            paths = [row[f"{kind}_path"] for kind in FILE_KINDS]
            files[row["sample_id"]] = [folder.path(path) if path else "" for path in paths]
        yield part
    pool = pool_path(folder.dataset)
    if may_be_deleting(store, folder.dataset):
        store.forget_room(pool)
    named = [place for places in files.values() for place in places if place]
    there = store.find_sizes(pool, named)
    if lost := next((place for place in named if not there.get(place)), None):
        raise VersionChangedError(
            f"{store.address(lost)} was removed while version "
            f"{folder.version} of {folder.dataset} was published; build again"
        )
    sizes = {name: tuple(there.get(place, 0) for place in files[name]) for name in files}
    rows = {sample_id: (key, sizes.get(sample_id, ())) for sample_id, key in keys.items()}
    store.write_json(noted_path(folder), _Noted(rows=rows).model_dump(mode="json"))


def earlier_versions(store: Store, dataset: str, last: str = "") -> list[VersionFolder]:
    """Return the versions that the next one may take rows from, the most alike first.

    Args:
        store: The store.
        dataset: The dataset's name.
        last: The version that its last build made, which need not be the latest one.
    """
    try:
        latest = latest_version(store, dataset)
    except DamagedFileError:
        latest = None
    names = dict.fromkeys([*([latest.version] if latest else []), *([last] if last else [])])
    return [VersionFolder(dataset, name) for name in names]


def find_kept(
    store: Store, earlier: Iterable[VersionFolder], wanted: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Tell which rows of a new version earlier ones have, with files that are there.

    Args:
        store: The store.
        earlier: The versions to look at.
        wanted: The key of the new rows, by sample id.

    Returns:
        Sample ids by version; each stands once.
    """
    kept: dict[str, tuple[str, ...]] = {}
    found: set[str] = set()
    for folder in earlier:
        try:
            noted = store.read_json_as(noted_path(folder), _Noted.model_validate).rows
            same = {i for i, (key, _) in noted.items() if key and wanted.get(i) == key} - found
            if not (same and folder.is_complete(store)):
                continue
            paths = _paths(store, folder, same)
        except FileNotFoundError:
            continue
        except ValueError as damage:
            logger.warning("nothing is taken over from version %s: %s", folder.version, damage)
            continue
        named = {path for each in paths.values() for path in each if path}
        sizes = store.find_sizes(pool_path(folder.dataset), named)
        there = tuple(sorted(i for i in same if _are_there(sizes, paths.get(i, ()), noted[i][1])))
        if there:
            kept[folder.version] = there
            found.update(there)
    return kept


def _paths(store: Store, folder: VersionFolder, ids: set[str]) -> dict[str, tuple[str, ...]]:
    """Return where the files of a version's samples lie in the store, in ``FILE_KINDS``'s order.

    Raises:
        DatasetError: A table of the version is not what was published.
    """
    dataset = Dataset(store, folder)
    if damage := next(dataset.damaged_tables(), None):
        raise DatasetError(damage.sentence)
    columns = [f"{kind}_path" for kind in FILE_KINDS]
    return {
        row["sample_id"]: tuple(row[name] and folder.path(row[name]) for name in columns)
        for part in _rows_of(dataset, "samples", ids)
        for row in part
    }


def _are_there(sizes: Mapping[str, int], paths: Sequence[str], noted: Sequence[int]) -> bool:
    """Tell whether a sample's files are there, and as large as they were."""
    files = [
        (path, size) for path, size in zip(paths, noted, strict=len(paths) == len(noted)) if path
    ]
    return all(sizes.get(path) == size for path, size in files)


def kept_files(store: Store, dataset: str, work: PublishWork) -> dict[str, File]:
    """Return the published files of the normal images that earlier versions have, by sample id.

    Raises:
        DatasetError: An earlier version was deleted or damaged meanwhile.
    """
    return {
        row["sample_id"]: File(row["image_path"], row["image_sha256"])
        for version, ids in work.kept.items()
        for part in _rows_of(Dataset(store, VersionFolder(dataset, version)), "samples", set(ids))
        for row in part
        if not row["label_index"]
    }


def kept_rows(
    store: Store, dataset: str, work: PublishWork, outcomes: Iterable[Outcome]
) -> Iterator[dict[str, list[Row]]]:
    """Yield the rows of samples that earlier versions have, some at a time, as they stand now.

    Args:
        store: The store.
        dataset: The dataset's name.
        work: What is taken over.
        outcomes: How far the samples came.

    Raises:
        DatasetError: An earlier version was deleted or damaged meanwhile.
    """
    now = {outcome.sample_id: outcome for outcome in outcomes}
    for version, ids in work.kept.items():
        earlier = Dataset(store, VersionFolder(dataset, version))
        for table in TABLES:
            for rows in _rows_of(earlier, table, {i for i in ids if i in now}):
                yield {table: [row | settled_columns(table, now[row["sample_id"]]) for row in rows]}


def _rows_of(dataset: Dataset, table: str, ids: set[str]) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of samples in a table, some at a time.

    Raises:
        DatasetError: The table is not what was published.
    """
    if not ids:
        return
    wanted = pa.array(sorted(ids), pa.string())
    for part in dataset.parts(table):
        found = part.filter(pc.is_in(part["sample_id"], value_set=wanted))
        if found.num_rows:
            yield found.to_pylist()


def cut_work(
    store: Store,
    shards: Sequence[ShardRef],
    outcomes: Sequence[Sequence[Outcome]],
    kept: dict[str, tuple[str, ...]],
    shard_size: int = SAMPLES_PER_SHARD,
) -> PublishWork:
    """Return what is left to publish; shards of too many, and those with kept ones, are cut anew.

    Args:
        store: The store.
        shards: All samples.
        outcomes: How far they came, by shard.
        kept: What earlier versions have.
        shard_size: Samples per shard.
    """
    known = {sample_id for ids in kept.values() for sample_id in ids}
    whole, rest = [], []
    for ref, came in zip(shards, outcomes, strict=True):
        missing = {outcome.sample_id for outcome in came} - known
        if len(missing) == len(came) <= shard_size:
            whole.append(ref)
        elif missing:
            rest.append((ref, missing))
    if rest:
        opened = [(ref.open(store), missing) for ref, missing in rest]
        samples = [s for shard, missing in opened for s in shard.samples if s.sample_id in missing]
        one = opened[0][0]
        whole += save_shards(samples, one.spec, one.annotators, store, shard_size, is_new=True)
    numbered = tuple(
        ref.model_copy(update={"number": number, "of": len(whole)})
        for number, ref in enumerate(whole, 1)
    )
    left = sum(outcome.sample_id not in known for came in outcomes for outcome in came)
    return PublishWork(shards=numbered, samples=left, kept=kept)
