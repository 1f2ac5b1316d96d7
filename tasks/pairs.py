"""Opens an edit beside its normal image."""

from dataclasses import dataclass

from kizu.arrays import RgbImage
from kizu.edit.archive import EditRecord, find_edit, open_edit
from kizu.edit.planning import PlannedSample
from kizu.images import decode_png
from kizu.store import Store


@dataclass(frozen=True, eq=False)
class Pair:
    """An edit and the photo it was made from.

    Attributes:
        normal: (H, W, 3) uint8.
        edited: The same shape.
        record: The edit's record.
    """

    normal: RgbImage
    edited: RgbImage
    record: EditRecord


def open_pair(store: Store, sample: PlannedSample) -> Pair | None:
    """Open a sample's edit; None while there is none, and for ever if it was refused."""
    record = find_edit(store, sample.request.key)
    if record is None or record.status == "refused":
        return None
    normal = decode_png(store.read(sample.normal.path))
    return Pair(normal, open_edit(store, record, normal), record)
