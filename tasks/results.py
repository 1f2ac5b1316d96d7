"""Keeps Prefect's task results in the store, where every machine that shares it finds them."""

from typing import Final

from prefect.client.orchestration import get_client
from prefect.filesystems import WritableFileSystem
from pydantic import Field

from kizu.store import Store

FOLDER: Final = "results"
BLOCK_NAME: Final = "kizu"


class StoreResults(WritableFileSystem):
    """Task results (small JSON files) in a kizu store."""

    _block_type_name = "Kizu store results"
    _block_type_slug = "kizu-store-results"

    store_url: str = Field(title="Store", description="A folder or an fsspec URL.")

    def read_path(self, path: str, **_: object) -> bytes:  # type: ignore[override] # Prefect calls either kind
        """Return a result; Prefect also passes how it calls, which makes no difference here."""
        return Store(self.store_url).read(f"{FOLDER}/{path}")

    def write_path(self, path: str, content: bytes, **_: object) -> None:  # type: ignore[override] # the same
        """Keep a result."""
        Store(self.store_url).write(f"{FOLDER}/{path}", content)


def keep_results_in(store_url: str) -> None:
    """Make a store the place of all results on the Prefect server; workers need no setting."""
    block = StoreResults(store_url=store_url)
    block_id = block.save(BLOCK_NAME, overwrite=True)
    with get_client(sync_client=True) as client:
        client.update_server_default_result_storage(block_id)
