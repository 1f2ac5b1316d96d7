"""Whether a published version is whole, and what of it the store can bring back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice, product
from typing import Any, Final

from kizu.diff.storage import PATCH, open_composite
from kizu.imaging.codecs import UnreadableImageError, decode_png, encode_png
from kizu.publish.dataset import FILE_KINDS, Dataset, PublishedDamage
from kizu.publish.layout import VersionFolder, is_pooled, pool_path
from kizu.store import StageFolder, Store, keyed
from kizu.store.keys import sha256_hex

_STAGE_FILES: Final = ("label.png", "touched.png", "mask.png", "composite.png")
"""What published files are copies of; whole composites lie there up to version 0.6."""

_STAGES: Final = ("fuse", "diff")


def what_is_lost(store: Store, folder: VersionFolder) -> str:
    """Say which file a version lacks, in one listing and without reading pictures.

    Returns:
        One sentence; empty if the tables are what was published and every file has a size.
    """
    try:
        dataset = Dataset(store, folder)
        if found := next(chain(dataset.damaged_tables(), dataset.damaged_card()), None):
            return found.sentence
        sizes = _sizes(store, dataset)
        for sample in dataset:
            for kind in FILE_KINDS:
                path = sample.row[f"{kind}_path"]
                if path and not _has_content(store, sizes, folder.path(path)):
                    return f"{store.address(folder.path(path))} is missing or empty"
    except ValueError as error:
        return str(error)
    return ""


def _sizes(store: Store, dataset: Dataset) -> Mapping[str, int]:
    """Return the sizes of the files that a version's tables may name, by path in the store."""
    pooled = any(is_pooled(sample.row["image_path"]) for sample in islice(dataset, 1))
    return store.sizes(pool_path(dataset.name) if pooled else dataset.folder.path(""))


def _has_content(store: Store, sizes: Mapping[str, int], path: str) -> bool:
    """Tell whether a file is there and not empty.

    Some disks list names in another Unicode form than they were written in, so what a listing does
    not show is asked for by its name.
    """
    return bool(sizes[path]) if path in sizes else store.exists(path)


def restore(
    store: Store, dataset: Dataset, damaged: Sequence[PublishedDamage]
) -> list[PublishedDamage]:
    """Bring published files back from what they were made from, where the store has that.

    Args:
        store: The store.
        dataset: The version.
        damaged: The files.

    Returns:
        Those that the store does not have byte for byte.
    """
    if next(dataset.damaged_tables(), None):  # they say what the files were made from
        return list(damaged)
    lost = {found.sample_id for found in damaged}
    made_from = {
        row["sample_id"]: row for row in dataset.rows("provenance") if row["sample_id"] in lost
    }
    return [
        found
        for found in damaged
        if found.sample_id not in made_from
        or not _is_restored(store, dataset, found, made_from[found.sample_id])
    ]


def _is_restored(
    store: Store, dataset: Dataset, found: PublishedDamage, how: Mapping[str, Any]
) -> bool:
    for read in _sources(store, how):
        try:
            data = read()
        except (FileNotFoundError, UnreadableImageError):
            continue
        if found.sha256 and sha256_hex(data) == found.sha256:
            store.write(dataset.folder.path(found.path), data)
            return True
    return False


def _sources(store: Store, how: Mapping[str, Any]) -> Iterator[Callable[[], bytes]]:
    """Yield what reads the files that a published one may be, by a row of ``provenance``."""
    normal = f"{keyed('normals', how['normal_sha256'])}.png"
    yield partial(store.read, normal)
    if key := how["edit_key"]:
        yield partial(store.read, f"{keyed('edits', key)}/picture.png")
    made = [(stage, key) for stage in _STAGES if (key := how[f"{stage}_key"])]
    for (stage, key), name in product(made, _STAGE_FILES):
        yield partial(store.read, f"{keyed(f'stages/{stage}', key)}/{name}")
    for stage, key in made:
        yield partial(_composited, StageFolder(store, stage, key), partial(store.read, normal))


def _composited(folder: StageFolder, normal: Callable[[], bytes]) -> bytes:
    """Rebuild a composite; an output without one, or a damaged one, is looked at and left."""
    if not (folder.done() and folder.has(PATCH)) or folder.damage():
        raise FileNotFoundError(PATCH)
    return encode_png(open_composite(folder, decode_png(normal())).image)
