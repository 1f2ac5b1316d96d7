"""Publishes a dataset version: files first, tables next, the manifest last, then the pointer."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Final

import numpy as np

from kizu.agree.settings import AgreementSettings
from kizu.grounding import annotator_name
from kizu.intake import read_normal
from kizu.planning import edited_images
from kizu.publish.card_files import write_card
from kizu.publish.certification import Certification, prove
from kizu.publish.dataset import Dataset, DatasetError
from kizu.publish.earlier import (
    PublishWork,
    VersionChangedError,
    cut_work,
    earlier_versions,
    find_kept,
    kept_files,
    kept_rows,
    noting_rows,
    row_keys,
)
from kizu.publish.layout import (
    MANIFEST,
    VersionFolder,
    good_id,
    good_image,
    latest_path,
    latest_version,
)
from kizu.publish.outcomes import (
    NONE_UNPUBLISHED,
    Outcome,
    SampleStatus,
    is_empty,
    may_become_latest,
    version_name,
    with_proof,
)
from kizu.publish.rows import File, Row, normal_provenance, normal_row
from kizu.publish.seen import SeenSamples, look_at_shards
from kizu.publish.tables import write_tables
from kizu.publish.under_way import note_begin, note_end
from kizu.publish.verification import what_is_lost
from kizu.samples import PlannedSample
from kizu.settings import Record
from kizu.shards import SAMPLES_PER_SHARD, Shard, ShardRef
from kizu.sources import NormalImage
from kizu.spec import DatasetSpec
from kizu.spec.dataset import ImagesSpec
from kizu.splits import NO_GROUPS, Groups
from kizu.stages import LAST_STAGES
from kizu.stages.grounding import AnnotatorChoice
from kizu.store import DamagedFileError, Store
from kizu.store.keys import canonical_json, sha256_hex
from kizu.versions import SCHEMA_VERSION

logger = logging.getLogger(__name__)

_READERS: Final = 16
"""Shards read at a time: on an object store that is waiting, not work."""


class LostNormalsError(Exception):
    """Normal images can neither be read nor taken in anew; name the version without them."""

    def __init__(self, reasons: dict[str, str]) -> None:
        """Take why, by the SHA-256 of the images' files."""
        super().__init__(reasons)
        self.reasons = reasons

    def __str__(self) -> str:
        """Say how many, and the first reason."""
        return f"{len(self.reasons)} normal images are lost; {next(iter(self.reasons.values()))}"


NONE_LOST: Final[Mapping[str, str]] = {}
NONE_PUBLISHED: Final[Mapping[str, File]] = {}


class VersionRef(Record):
    """A dataset version, published or about to be.

    Attributes:
        dataset: The dataset's name.
        version: The version's.
        is_new: False if it was there already.
        is_empty: True if no sample was judged: then nothing is published.
        outcomes: Where it is written how far every sample came.
        certification: Where it is written what is proven of them.
        work: Where it is written what of it is to be made; empty if there is nothing to publish.
        undecided: True if nobody had decided on any sample when it was named.
    """

    dataset: str
    version: str
    is_new: bool
    is_empty: bool
    outcomes: str
    certification: str
    work: str = ""
    undecided: bool = False

    def folder(self) -> VersionFolder:
        """Return where its files lie."""
        return VersionFolder(self.dataset, self.version)

    def open_outcomes(self, store: Store) -> list[Outcome]:
        """Read how far every sample came, in the build's order."""
        return list(store.read_json_as(self.outcomes, _OutcomeList.model_validate).outcomes)

    def open_certification(self, store: Store) -> Certification:
        """Read what is proven of the samples."""
        return store.read_json_as(self.certification, Certification.model_validate)

    def open_work(self, store: Store) -> PublishWork:
        """Read what of it is to be made, and what earlier versions have."""
        return store.read_json_as(self.work, PublishWork.model_validate)

    def to_write(self, store: Store) -> int:
        """Return how many samples' pictures are to be written for it."""
        return self.open_work(store).samples if self.is_new and not self.is_empty else 0


class LastBuild(Record):
    """The samples of a dataset's last build: what people review and certificates speak of.

    Attributes:
        shards: The samples.
        agree: What was to be proven of them.
        outcomes: Where it is written how far every sample came, in the shards' order.
        version: The version it made.
    """

    shards: tuple[ShardRef, ...]
    agree: AgreementSettings
    outcomes: str
    version: str

    def open_outcomes(self, store: Store) -> list[Outcome]:
        """Read how far every sample came, in the build's order."""
        return list(store.read_json_as(self.outcomes, _OutcomeList.model_validate).outcomes)

    @property
    def paths(self) -> list[str]:
        """Where its samples are stored: the same paths hold the same samples and settings."""
        return [ref.path for ref in self.shards]

    def open_samples(self, store: Store) -> list[tuple[Shard, PlannedSample, Outcome]]:
        """Read its samples in its order, each with its shard and how far it came."""
        with ThreadPoolExecutor(_READERS) as pool:
            shards = list(pool.map(lambda ref: ref.open(store), self.shards))
        planned = ((shard, sample) for shard in shards for sample in shard.samples)
        outcomes = self.open_outcomes(store)
        return [(*each, outcome) for each, outcome in zip(planned, outcomes, strict=True)]


def last_build(store: Store, dataset: str) -> LastBuild:
    """Return a dataset's last build.

    Raises:
        DatasetError: It was never built here.
    """
    try:
        return store.read_json_as(_last_build_path(dataset), LastBuild.model_validate)
    except DamagedFileError as error:
        raise DatasetError(
            f"the last build of {dataset!r} is damaged or was made by another kizu "
            f"({error.file}); run 'kizu build' once more, with --stored-only to buy nothing"
        ) from error
    except FileNotFoundError as error:
        raise DatasetError(
            f"no build of {dataset!r} came as far as a verdict in {store.url}; "
            "'kizu build' makes one"
        ) from error


def is_last_build(store: Store, dataset: str, version: str) -> bool:
    """Tell whether a version is the one that a dataset's last build made."""
    try:
        return last_build(store, dataset).version == version
    except DatasetError:
        return False


def _last_build_path(dataset: str) -> str:
    return f"builds/last/{dataset}.json"


class _OutcomeList(Record):
    """How far every sample of a build came, in the build's order."""

    outcomes: tuple[Outcome, ...]


def choose_version(
    spec: DatasetSpec,
    images: Sequence[NormalImage],
    shards: Sequence[ShardRef],
    store: Store,
    unpublished: Mapping[str, str] = NONE_UNPUBLISHED,
    lost: Mapping[str, str] = NONE_LOST,
    groups: Groups = NO_GROUPS,
    shard_size: int = SAMPLES_PER_SHARD,
) -> VersionRef:
    """Name the version that what is in the store now makes, and note how far every sample came.

    Args:
        spec: The dataset.
        images: Its normal images.
        shards: Its samples.
        store: The store.
        unpublished: Why samples could not be published although they were judged, by their ids.
        lost: Why normal images are lost, by the SHA-256 of their files; they are left out.
        groups: Which photos stay together in one split.
        shard_size: Samples per shard of what is to be published.
    """
    looked = look_at_shards(shards, store, SeenSamples.open(store, spec.name), unpublished)
    by_shard = looked.outcomes
    images = [image for image in images if image.sha256 not in lost]
    outcomes = [outcome for part in by_shard for outcome in part]
    chosen, outcomes = name_version(spec, images, outcomes, store, groups)
    if chosen.is_new and not chosen.is_empty:
        note_begin(store, chosen.folder())
        kept = find_kept(store, _earlier(store, spec.name), row_keys(images, outcomes))
        work = cut_work(store, shards, by_shard, kept, shard_size)
        told = work.model_dump(mode="json")
        chosen = chosen.model_copy(
            update={"work": store.put_json("builds/work", told, is_new=True)}
        )
    last = LastBuild(
        shards=tuple(shards), agree=spec.agree, outcomes=chosen.outcomes, version=chosen.version
    )
    if chosen.is_new or _last_build(store, spec.name) != last:
        store.write_json(_last_build_path(spec.name), last.model_dump(mode="json"))
    if looked.is_new:
        looked.seen.save(store, spec.name)
    return chosen


def name_version(
    spec: DatasetSpec,
    images: Sequence[NormalImage],
    outcomes: Sequence[Outcome],
    store: Store,
    groups: Groups,
) -> tuple[VersionRef, list[Outcome]]:
    """Name the version that outcomes make with what is proven of them.

    Args:
        spec: The dataset.
        images: Its normal images.
        outcomes: How far the samples came, as if nothing was proven.
        store: The store.
        groups: Which photos stay together in one split.

    Returns:
        The version without its work, and the outcomes with what is proven.
    """
    certified = prove(store, spec.name, spec.agree, outcomes)
    proven = [with_proof(outcome, certified.proof) for outcome in outcomes]
    version = version_name(spec, images, proven, groups)
    noted = _OutcomeList(outcomes=tuple(proven)).model_dump(mode="json")
    is_new = not _is_whole(store, VersionFolder(spec.name, version))
    told = certified.model_dump(mode="json")
    chosen = VersionRef(
        dataset=spec.name,
        version=version,
        is_new=is_new,
        is_empty=is_empty(proven),
        undecided=not any(each.decision_key or each.decision_problem for each in proven),
        outcomes=store.put_json("builds/outcomes", noted, is_new=is_new),
        certification=store.put_json("builds/certifications", told, is_new=is_new),
    )
    return chosen, proven


def _earlier(store: Store, dataset: str) -> list[VersionFolder]:
    """Return the versions that the next one may take rows from."""
    last = _last_build(store, dataset)
    return earlier_versions(store, dataset, last.version if last else "")


def _is_whole(store: Store, folder: VersionFolder) -> bool:
    """Tell whether a version is published and nothing of it is lost; else it is made anew."""
    if not folder.is_complete(store):
        return False
    lost = what_is_lost(store, folder)
    if lost:
        logger.warning("version %s is published anew: %s", folder.version, lost)
    return not lost


def _last_build(store: Store, dataset: str) -> LastBuild | None:
    try:
        return last_build(store, dataset)
    except DatasetError:
        return None


def publish_normals(
    store: Store,
    version: VersionFolder,
    spec: DatasetSpec,
    images: Sequence[NormalImage],
    outcomes: Sequence[Outcome],
    lost: Mapping[str, str] = NONE_LOST,
    published: Mapping[str, File] = NONE_PUBLISHED,
    groups: Groups = NO_GROUPS,
) -> dict[str, list[Row]]:
    """Publish the normal images and return their rows by table name.

    Args:
        store: The store.
        version: The version.
        spec: The dataset.
        images: Its normal images.
        outcomes: How far the samples came when the version was named.
        lost: Why normal images are lost, by the SHA-256 of their files; they are left out.
        published: Files of those that an earlier version has, by sample id.
        groups: Which photos stay together in one split.

    Raises:
        LostNormalsError: More of them are lost.
    """
    edited = _edited(spec, images, outcomes)
    in_splits = {groups.group_of(image).key for image in images if image.sha256 in edited}
    kept = [image for image in images if image.sha256 not in lost]
    rows = []
    newly_lost: dict[str, str] = {}
    for image in kept:
        try:
            known = published.get(good_id(image))
            file = known or _publish_normal(store, version, image, spec.images)
        except DamagedFileError as damage:
            newly_lost[image.sha256] = str(damage)
            continue
        group = groups.group_of(image)
        rows.append(normal_row(image, spec, file, group, edited=group.key in in_splits))
    if newly_lost:
        raise LostNormalsError(newly_lost)
    return {"samples": rows, "provenance": [normal_provenance(image) for image in kept]}


def _publish_normal(
    store: Store, version: VersionFolder, image: NormalImage, source: ImagesSpec
) -> File:
    data = read_normal(store, image, source.path, source.decoding)
    sha256 = sha256_hex(data)
    file = File(good_image(image, sha256), sha256)
    if not store.link(image.path, version.path(file.path)):
        store.write(version.path(file.path), data)
    return file


def _edited(
    spec: DatasetSpec, images: Sequence[NormalImage], outcomes: Sequence[Outcome]
) -> set[str]:
    """Return the photos that share their split with defects, by the SHA-256 of their files."""
    if spec.editor.maker.pictures is None:
        return {image.sha256 for image in edited_images(spec, images)}
    judged = (outcome for outcome in outcomes if outcome.status is SampleStatus.JUDGED)
    return {outcome.normal_sha256 for outcome in judged}


def publish_version(
    store: Store,
    chosen: VersionRef,
    spec: DatasetSpec,
    images: Sequence[NormalImage],
    parts: Iterable[Mapping[str, list[Row]]],
    lost: Mapping[str, str] = NONE_LOST,
    groups: Groups = NO_GROUPS,
) -> None:
    """Publish the normal images, take over what earlier versions have, and complete the version.

    Args:
        store: The store.
        chosen: The version.
        spec: The dataset.
        images: Its normal images.
        parts: Rows by table name of the samples that were to be published.
        lost: Why normal images are lost, by the SHA-256 of their files; they are left out.
        groups: Which photos stay together in one split.

    Raises:
        LostNormalsError: More of them are lost.
        VersionChangedError: What the version is made from is not there any more.
    """
    folder, work, outcomes = chosen.folder(), chosen.open_work(store), chosen.open_outcomes(store)
    try:
        published = kept_files(store, spec.name, work)
        normals = publish_normals(store, folder, spec, images, outcomes, lost, published, groups)
        kept = kept_rows(store, spec.name, work, outcomes)
        keys = row_keys((image for image in images if image.sha256 not in lost), outcomes)
        rows = noting_rows(store, folder, keys, chain([normals], parts, kept))
        earlier = next((VersionFolder(spec.name, name) for name in work.kept), None)
        proven = chosen.open_certification(store)
        publish_tables(store, folder, spec, outcomes, rows, proven, earlier)
        note_end(store, folder)
    except DatasetError as error:
        raise VersionChangedError(
            f"{error}; version {folder.version} of {folder.dataset} takes rows from there: build "
            "again"
        ) from error


def publish_tables(
    store: Store,
    version: VersionFolder,
    spec: DatasetSpec,
    outcomes: Iterable[Outcome],
    parts: Iterable[Mapping[str, list[Row]]],
    proven: Certification | None = None,
    earlier: VersionFolder | None = None,
) -> None:
    """Write tables, card and then the manifest, which completes the version, in bounded memory.

    Args:
        store: The store.
        version: The version.
        spec: The dataset.
        outcomes: How far the samples came when the version was named; run through twice at most.
        parts: Rows by table name; they are run through once.
        proven: What reviews have proven of the samples, for the card; None if that is not known.
        earlier: A whole version that shares rows with this one, for the card.

    Raises:
        VersionChangedError: The rows are not those of the outcomes that name the version.
    """
    with store.scratch() as new_file:
        tables = write_tables(_as_named(version, outcomes, parts), new_file)
        known = Dataset(store, earlier) if earlier else None
        files = write_card(store, version, spec, tables, proven, known)
        for name, table in tables.items():
            store.write_file(version.path(f"{name}.parquet"), table.file)
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "dataset": version.dataset,
        "version": version.version,
        "recipe": spec.recipe(),
        "decoding": spec.images.decoding.told(),
        "rows": {name: table.rows for name, table in tables.items()},
        "sha256": {name: table.sha256 for name, table in tables.items()},
        "files": files,
    }
    store.write_json(version.path(MANIFEST), manifest)


def _as_named(
    version: VersionFolder, outcomes: Iterable[Outcome], parts: Iterable[Mapping[str, list[Row]]]
) -> Iterator[Mapping[str, list[Row]]]:
    """Yield parts, and refuse rows of something made since the version was named by its content."""
    named = np.sort(np.fromiter(_named_marks(outcomes), np.uint64))
    seen = np.zeros(len(named), np.bool_)
    odd = set()
    for part in parts:
        for row in part.get("provenance", ()):
            if row.get(_KEY_COLUMNS[0]):
                keys = [row[column] for column in _KEY_COLUMNS]
                mark = _mark(row["sample_id"], keys, row["decision_key"])
                place = int(np.searchsorted(named, np.uint64(mark)))
                if place == len(named) or named[place] != mark or seen[place]:
                    odd.add(row["sample_id"])
                else:
                    seen[place] = True
        yield part
    if odd or not seen.all():
        missing = set(named[~seen].tolist())
        marks = zip(_judged(outcomes), _named_marks(outcomes), strict=True)
        odd |= {outcome.sample_id for outcome, mark in marks if mark in missing}
        raise VersionChangedError(
            f"{min(odd)} changed while version {version.version} of {version.dataset} was "
            "published, by another build or a review; build again"
        )


_KEY_COLUMNS: Final = tuple(f"{stage.name}_key" for stage in LAST_STAGES)


def _judged(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    return (outcome for outcome in outcomes if outcome.status is SampleStatus.JUDGED)


def _named_marks(outcomes: Iterable[Outcome]) -> Iterator[int]:
    for outcome in _judged(outcomes):
        yield _mark(outcome.sample_id, outcome.output_keys, outcome.decision_key)


def _mark(sample_id: str, output_keys: Iterable[str], decision_key: str | None) -> int:
    """Stand for what a sample was made from, in eight bytes: memory holds one for every sample."""
    made_from = canonical_json([sample_id, *output_keys, decision_key or ""])
    return int(sha256_hex(made_from.encode())[:16], 16)


def point_to_latest(store: Store, version: VersionFolder) -> None:
    """Make a complete version the dataset's latest one."""
    store.write_json(latest_path(version.dataset), {"version": version.version})


def make_latest(
    spec: DatasetSpec,
    version: VersionRef,
    store: Store,
    *,
    left_out: int,
    annotators: AnnotatorChoice,
) -> str:
    """Make a version the latest one if it may be; return the version that is latest now.

    Args:
        spec: The dataset.
        version: The version that was published.
        store: The store.
        left_out: Samples that the build did not try, and photos that could not be read.
        annotators: The annotators of the build.
    """
    lost = _loses_annotator(store, version.dataset, annotators)
    if may_become_latest(spec, version.open_outcomes(store), left_out, lost_annotator=lost):
        point_to_latest(store, version.folder())
        return version.version
    latest = _latest_version(store, version.dataset)
    return latest.version if latest else ""


def _latest_version(store: Store, dataset: str) -> VersionFolder | None:
    try:
        return latest_version(store, dataset)
    except DamagedFileError as damage:
        logger.warning("the latest version is not known: %s", damage)
        return None


def _loses_annotator(store: Store, dataset: str, annotators: AnnotatorChoice) -> bool:
    """Tell whether annotators are missing from a build, and the latest version had others."""
    latest = _latest_version(store, dataset) if annotators.note else None
    if latest is None or not latest.is_complete(store):
        return False
    try:
        had = {annotator_name(version) for version in Dataset(store, latest).annotators}
    except ValueError as damage:
        logger.warning("the latest version cannot be read: %s", damage)
        return False
    return bool(had - {annotator_name(version) for version in annotators.versions})
