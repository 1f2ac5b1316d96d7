"""Keeps Prefect's task results in the store, where every machine that shares it finds them."""

from typing import TYPE_CHECKING, Final, cast

from prefect.client.orchestration import get_client
from prefect.filesystems import LocalFileSystem, RemoteFileSystem

if TYPE_CHECKING:
    from uuid import UUID

FOLDER: Final = "results"
BLOCK_NAME: Final = "kizu-results"


def keep_results_in(store_url: str) -> None:
    """Make a store the place of all results on the Prefect server; workers need no setting.

    Args:
        store_url: A folder, absolute, or an fsspec URL. Credentials stay in the workers'
            environment.
    """
    block = _block(f"{store_url.rstrip('/')}/{FOLDER}")
    block_id = cast("UUID", block.save(BLOCK_NAME, overwrite=True))
    with get_client(sync_client=True) as client:
        client.update_server_default_result_storage(block_id)


def _block(place: str) -> LocalFileSystem | RemoteFileSystem:
    if "://" not in place:
        return LocalFileSystem(basepath=place)
    return RemoteFileSystem(basepath=place, settings={"use_listings_cache": False})
