"""Pair the pictures that an editor brings with their normal images."""

from functools import lru_cache

from prefect import task

from kizu import pairing
from kizu.imaging.codecs import Decoding
from kizu.intake import FilesRef, open_inventory, save_listing
from kizu.pairing import NormalImages, PairingRules, pair_files, save_pairs
from kizu.pairing.rules import picture_source
from kizu.spec import DatasetSpec
from kizu.store import Store
from tasks.caching import CACHED_IN_RUN


@task(name="list pictures", **CACHED_IN_RUN)
def list_pictures(path: str, store_url: str, part_size: int) -> list[FilesRef]:
    """List the edited pictures and store the listing in parts."""
    return save_listing(path, Store(store_url), part_size, pairing.SETTING)


@task(name="describe", **CACHED_IN_RUN)
def describe_part(inventory: str, source: str, store_url: str, decoding: Decoding) -> None:
    """Make the features that a part of the normal images is found by.

    Args:
        inventory: Where the listing of the photos lies.
        source: Where the photos are.
        store_url: The store.
        decoding: How they are read.
    """
    store = Store(store_url)
    images = open_inventory([inventory], store).images
    NormalImages(images, store, source, decoding).describe()


@task(name="pair", task_run_name="pair {part.number} of {part.of}", **CACHED_IN_RUN)
def pair_part(
    part: FilesRef,
    parts: list[FilesRef],
    spec: DatasetSpec,
    inventory: list[str],
    store_url: str,
) -> str:
    """Pair a part of the pictures; return where it is stored what became of them.

    Args:
        part: The part.
        parts: All parts, for a row of a table may mean one of several pictures.
        spec: The dataset.
        inventory: Where the listings of the photos lie.
        store_url: The store.
    """
    store = Store(store_url)
    normals = _normals(tuple(inventory), spec.images.path, store_url, spec.images.decoding)
    rules = _rules(spec, normals, parts, store)
    return save_pairs(pair_files(part.open(store), rules, normals, store), store)


@task(name="name unused rows", **CACHED_IN_RUN)
def note_unused_rows(
    parts: list[FilesRef], spec: DatasetSpec, inventory: list[str], store_url: str
) -> str:
    """Note which rows of a table of pairs are not used, and why; return where it is stored."""
    store = Store(store_url)
    normals = _normals(tuple(inventory), spec.images.path, store_url, spec.images.decoding)
    rules = _rules(spec, normals, parts, store)
    return save_pairs(rules.unused_rows(), store)


@lru_cache(maxsize=1)  # the features of thousands of images; one build at a time reads them
def _normals(
    inventory: tuple[str, ...], source: str, store_url: str, decoding: Decoding
) -> NormalImages:
    store = Store(store_url)
    return NormalImages(open_inventory(list(inventory), store).images, store, source, decoding)


def _rules(
    spec: DatasetSpec, normals: NormalImages, parts: list[FilesRef], store: Store
) -> PairingRules:
    """Return the rules; the names of all pictures are read only where a table needs them."""
    has_table = picture_source(spec).table is not None
    names = [file.name for part in parts for file in part.open(store)] if has_table else []
    return PairingRules(spec, normals.images, names)
