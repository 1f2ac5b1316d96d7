"""Take the user's normal images into the store."""

from prefect import task

from kizu import intake
from kizu.cancellation import raise_if_interrupted
from kizu.imaging.codecs import Decoding
from kizu.intake import FilesRef, Listing, take_in_files
from kizu.store import Store
from tasks.caching import CACHED_IN_RUN, UNCACHED


@task(name="list photos", **CACHED_IN_RUN)
def list_photos(
    path: str,
    store_url: str,
    part_size: int,
    max_megapixels: float,
    decoding: Decoding,
    *,
    without: str | None = None,
    rehash: bool = False,
) -> Listing:
    """List the normal images; those of known size and time, or ETag, are not read.

    Args:
        path: Where they are.
        store_url: The store.
        part_size: Files per part.
        max_megapixels: Larger pictures are left out.
        decoding: How they are read.
        without: Where other pictures are that may lie below the same folder.
        rehash: Have all files read.
    """
    store = Store(store_url)
    return intake.list_photos(
        path, store, part_size, max_megapixels, decoding=decoding, without=without, rehash=rehash
    )


@task(name="take in", task_run_name="take in {part.number} of {part.of}", **CACHED_IN_RUN)
def take_in_part(part: FilesRef, store_url: str, max_megapixels: float, decoding: Decoding) -> str:
    """Decode a part of the files into the store; return where the outcome lies."""
    raise_if_interrupted()
    return take_in_files(part, Store(store_url), max_megapixels, decoding)


@task(name="note photos", **UNCACHED)
def note_photos(
    path: str, listing: Listing, inventory: list[str], store_url: str, decoding: Decoding
) -> None:
    """Note what the files are, so that the next build need not read them."""
    intake.note_known(path, listing, inventory, Store(store_url), decoding)
