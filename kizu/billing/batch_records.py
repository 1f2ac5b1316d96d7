"""What the store knows of batches under way, so that a killed worker's batch is found again.

``batches/ID.json`` lists a batch's edits with their calls, and ``edits/ab/KEY/batch.json`` says of
an edit which batch it is in. Both are there before the service hears of the batch, which carries
our ID; ``batches/ID.sent.json`` then holds the service's own. An edit in a batch is not bought
otherwise.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from pydantic import Field

from kizu.edit.request import EditRequest
from kizu.imaging.geometry import Geometry
from kizu.settings import Record
from kizu.store import DamagedFileError, Store, keyed

_RECORDS: Final = "batches"
_SENT: Final = ".sent.json"


class BatchEntry(Record):
    """One edit of a batch.

    Attributes:
        number: Its call in the ledger.
        request: What is asked for.
        geometry: How the photo was brought to the model's size.
    """

    number: int
    request: EditRequest
    geometry: Geometry


class BatchRecord(Record):
    """A batch as it was prepared.

    Attributes:
        batch_id: Our name of it.
        entries: Its edits, by their keys.
        dataset: The dataset that pays.
        prepared_at: When, in seconds since 1970.
        host: The host it is for.
        emulated: True if that is the emulator.
    """

    batch_id: str
    entries: dict[str, BatchEntry] = Field(min_length=1)
    dataset: str
    prepared_at: float
    host: str
    emulated: bool


class SentRecord(Record):
    """A batch that the service has.

    Attributes:
        service_id: The service's name of it.
        due: When it is over at the latest, in seconds since 1970.
    """

    service_id: str
    due: float


def batch_of(store: Store, key: str) -> str | None:
    """Return our name of the batch an edit is in; None if it is in none.

    Where the file that tells it is damaged, it is the newest batch that lists the edit.

    Raises:
        DamagedFileError: It is damaged and no batch lists the edit.
    """
    try:
        return store.read_json_as(pointer_path(key), lambda told: str(told["batch_id"]))
    except FileNotFoundError:
        return None
    except DamagedFileError:
        if newest := max(_listing(store, key), default=None):
            return newest[1]
        raise


def enter_batch(store: Store, record: BatchRecord) -> None:
    """Write down which edits a batch is about to ask for."""
    store.write_json(_record_path(record.batch_id), record.model_dump(mode="json"))
    for key in record.entries:
        store.write_json(pointer_path(key), {"batch_id": record.batch_id})


def leave_batch(store: Store, key: str) -> None:
    """Write down that an edit is in no batch any more."""
    store.remove(pointer_path(key))


def read_batch(store: Store, batch_id: str) -> BatchRecord:
    """Return a batch as it was prepared.

    Raises:
        DamagedFileError: Its record is damaged.
        FileNotFoundError: It is gone.
    """
    return store.read_json_as(_record_path(batch_id), BatchRecord.model_validate)


def mark_sent(store: Store, batch_id: str, sent: SentRecord) -> None:
    """Write down that the service has a batch."""
    store.write_json(_sent_path(batch_id), sent.model_dump(mode="json"))


def find_sent(store: Store, batch_id: str) -> SentRecord | None:
    """Return how the service knows a batch; None if that was not written down."""
    try:
        return store.read_json_as(_sent_path(batch_id), SentRecord.model_validate)
    except FileNotFoundError:
        return None


def _listing(store: Store, key: str) -> Iterator[tuple[float, str]]:
    """Yield when each batch that lists an edit was prepared, and our name of it."""
    for path in list(store.list(_RECORDS)):
        if path.endswith(_SENT):
            continue
        with suppress(DamagedFileError, FileNotFoundError):
            record = store.read_json_as(path, BatchRecord.model_validate)
            if key in record.entries:
                yield record.prepared_at, record.batch_id


def pointer_path(key: str) -> str:
    """Return the file that tells which batch an edit is in; it is there while the edit waits."""
    return f"{keyed('edits', key)}/batch.json"


def _record_path(batch_id: str) -> str:
    return f"{_RECORDS}/{batch_id}.json"


def _sent_path(batch_id: str) -> str:
    return f"{_RECORDS}/{batch_id}{_SENT}"
