"""Tells that a build has nothing to do, without starting one.

All that the flow decides by is looked at in its order, with the same functions: photos, annotators,
plan, how far every sample came, what is decided and proven, whether the version is whole, which is
the latest one, and the report. What of the store is known by its mark (``kizu.store.marks``) is not
read. Whatever would have to be read, made, published or drawn is left to the build.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from kizu.intake import find_known
from kizu.planning import near_duplicates, plan_dataset
from kizu.publish.dataset import DatasetError
from kizu.publish.layout import latest_version
from kizu.publish.seen import find_seen
from kizu.publish.version import LastBuild, last_build, name_version
from kizu.report.drawn import is_drawn
from kizu.shards import SAMPLES_PER_PART, shard_paths
from kizu.sources import (
    Inventory,
    NormalImage,
    Skipped,
    examine,
    list_source,
    normal_record_path,
)
from kizu.spec import DatasetSpec
from kizu.splits import group_photos
from kizu.stages import stages_of
from kizu.stages.grounding import choose_annotators
from kizu.store import DamagedFileError, Store
from kizu.summary import BuildSummary, summarize_version
from kizu.tally import all_kept

_MOST_READ: Final = 64
"""Photos that are read here to know them; more are read where they are shown to be read."""


@contextmanager
def _without_collections() -> Iterator[None]:
    """Look for no garbage: among the records of 20,000 samples that took a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_without_collections()
def find_unchanged(spec: DatasetSpec, store: Store) -> BuildSummary | None:
    """Return what a build would come to that has nothing to do; None for any other.

    An editor that brings its own pictures is left to the build, which pairs them.

    Args:
        spec: The dataset.
        store: The store.

    Raises:
        ValueError: The build would say so as well.
    """
    last = _latest_build(store, spec.name)
    if spec.editor.maker.pictures is not None or last is None:
        return None
    inventory = _inventory(spec, store)
    annotators = choose_annotators(spec.grounding)
    near = near_duplicates(spec, inventory.images, store, keep=False)
    groups = group_photos(spec, inventory.images, near)
    emulated = spec.editor.is_emulated()
    planned = plan_dataset(spec, inventory.images, (), groups, emulated=emulated)
    asked = planned.samples, spec, annotators.versions
    is_planned = shard_paths(*asked, SAMPLES_PER_PART) == last.paths
    outcomes = find_seen(*asked, store) if is_planned else None
    if outcomes is None:
        return None
    chosen, _ = name_version(spec, inventory.images, outcomes, store, groups)
    if chosen.is_new or chosen.version != last.version:
        return None
    photos = inventory.without(planned.left_out)
    summary = summarize_version(
        store, chosen, photos, groups, annotators, stopped="", latest=last.version
    )
    if not is_drawn(store, spec, summary, chosen):
        return None
    names = [stage.name for stage in stages_of(annotators.versions)]
    stages = all_kept(names, judged=summary.judged, refused=summary.refused)
    return summary.model_copy(update={"stages": stages})


def _latest_build(store: Store, dataset: str) -> LastBuild | None:
    """Return a dataset's last build if it made the latest version."""
    try:
        last, latest = last_build(store, dataset), latest_version(store, dataset)
    except (DatasetError, DamagedFileError):
        return None
    return last if latest and latest.version == last.version else None


def _inventory(spec: DatasetSpec, store: Store) -> Inventory:
    """Return the photos; nothing if one is not in the store, or many would have to be read."""
    path, read_as = spec.images.path, (spec.images.max_megapixels, spec.images.decoding)
    files = list_source(path)
    known = find_known(path, files, store, *read_as)
    taken: list[NormalImage | Skipped] = list(known.values())
    unknown = [file for file in files if file.url not in known]
    if len(unknown) > _MOST_READ:
        return Inventory((), ())
    for file in unknown:
        found = examine(file, store, *read_as)
        if isinstance(found, NormalImage) and not _is_stored(found, store):
            return Inventory((), ())
        taken.append(found)
    return Inventory.of(taken)


def _is_stored(image: NormalImage, store: Store) -> bool:
    return store.exists(image.path) and store.exists(normal_record_path(image.sha256))
