"""Take the user's normal images into the store."""

from prefect import task

from kizu.cancellation import raise_if_interrupted
from kizu.intake import FilesRef, save_listing, take_in_files
from kizu.store import Store
from tasks.caching import CACHED_IN_RUN


@task(name="list photos", **CACHED_IN_RUN)
def list_photos(
    path: str, store_url: str, part_size: int, *, without: str | None = None
) -> list[FilesRef]:
    """List the normal images and store the listing in parts.

    Args:
        path: Where they are.
        store_url: The store.
        part_size: Files per part.
        without: Where other pictures are that may lie below the same folder.
    """
    return save_listing(path, Store(store_url), part_size, without=without)


@task(name="take in", task_run_name="take in {part.number} of {part.of}", **CACHED_IN_RUN)
def take_in_part(part: FilesRef, store_url: str, max_megapixels: float) -> str:
    """Decode a part of the files into the store; return where the outcome lies."""
    raise_if_interrupted()
    return take_in_files(part, Store(store_url), max_megapixels)
