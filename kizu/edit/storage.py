"""Edits in the store: the picture as it was received, then a sidecar that makes it count.

``edits/ab/KEY/picture.png`` is written first and ``edits/ab/KEY/edit.json`` last, so an edit with a
sidecar is complete. A refusal is a sidecar without a picture. A paid answer is stored as it came,
in ``replies/``, before anyone looks at it, and removed once the edit is complete. One that is no
edit stays there: it was paid for, and a later kizu may be able to read it.
"""

from collections.abc import Iterator
from math import inf
from typing import Final, Literal

from pydantic import Field

from kizu.edit.editor import Edit
from kizu.edit.paid import Reply
from kizu.edit.request import DECODING, EditRequest
from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import PLAIN, Decoding, decode_image, encode_mask
from kizu.imaging.geometry import Geometry
from kizu.settings import Record
from kizu.store import DamagedFileError, Store, keyed
from kizu.store.keys import sha256_hex


class EditRecord(Record):
    """The sidecar of an edit.

    Attributes:
        key: The request's key.
        request: The request itself.
        status: "edited", or "refused" for ever.
        reason: Why it was refused; empty for edits.
        model: The model that made it.
        geometry: How the photo was brought to the model's size.
        picture_sha256: SHA-256 of the picture file; empty for refusals.
        truth_sha256: SHA-256 of the file of the painter's true mask; empty where there is none.
        cost_usd: US dollars; None where the price is not known.
        usage: Tokens by kind, as billed.
        request_id: The service's own name of the call.
        bought_at: When, in ISO 8601 UTC; None for edits that cost nothing.
        bought_for: The dataset that paid; empty for edits that cost nothing.
        latency_s: How long the service took; None for edits that cost nothing.
        host: The host that answered; empty for edits made on this machine.
        emulated: True if that was the emulator, which bills nothing.
        note: What was done to the picture to make it the one that was asked for; empty for nothing.
    """

    key: str
    request: EditRequest
    status: Literal["edited", "refused"]
    reason: str = ""
    model: str = ""
    geometry: Geometry
    picture_sha256: str = ""
    truth_sha256: str = ""
    cost_usd: float | None = None
    usage: dict[str, int] = Field(default_factory=dict)
    request_id: str | None = None
    bought_at: str | None = None
    bought_for: str = ""
    latency_s: float | None = None
    host: str = ""
    emulated: bool = False
    note: str = ""

    @property
    def has_picture(self) -> bool:
        """False for refusals."""
        return self.status == "edited"


class EditDamagedError(DamagedFileError):
    """A stored edit is not what was received; it is not made again unless somebody says so."""

    def __str__(self) -> str:
        """Return what is wrong, and the way out."""
        return f"{super().__str__()}; {_WAY_OUT}"


_WAY_OUT: Final = (
    "bring the file back from a copy, or have the edit bought again with 'kizu repair --buy'"
)


def sidecar_path(key: str) -> str:
    """Return where the sidecar of an edit lies; it exists when the edit is complete."""
    return f"{keyed('edits', key)}/edit.json"


def truth_path(key: str) -> str:
    """Return where the painter's true mask lies. Evaluation reads it; no annotator may."""
    return f"{keyed('truth', key)}.png"


def find_edit(store: Store, key: str) -> EditRecord | None:
    """Return the record of a complete edit or refusal, None where there is none yet.

    Raises:
        EditDamagedError: The record is damaged.
    """
    try:
        return store.read_json_as(sidecar_path(key), EditRecord.model_validate)
    except FileNotFoundError:
        return None
    except DamagedFileError as damage:
        raise EditDamagedError(damage.file, damage.why) from damage


def check_has_record(store: Store, key: str) -> None:
    """Refuse a picture without a record: it was complete, and its record is lost.

    Raises:
        EditDamagedError: There is one, and no answer that it could be completed from.
    """
    is_there = store.exists(picture_path(key)) and not store.exists(sidecar_path(key))
    if is_there and not any(find_replies(store, key)):
        raise EditDamagedError(store.address(sidecar_path(key)), "it is missing beside its picture")


def save_edit(
    store: Store, request: EditRequest, edit: Edit, geometry: Geometry, bought_for: str = ""
) -> EditRecord:
    """Store an answer, picture first."""
    truth = b"" if edit.truth is None else encode_mask(geometry.undo_mask(edit.truth))
    record = EditRecord(
        key=request.key,
        request=request,
        status="edited",
        truth_sha256=sha256_hex(truth) if truth else "",
        model=edit.model,
        geometry=geometry,
        picture_sha256=sha256_hex(edit.picture),
        cost_usd=edit.cost_usd,
        usage=dict(edit.usage),
        request_id=edit.request_id,
        bought_at=edit.bought_at,
        bought_for=bought_for,
        latency_s=edit.latency_s,
        host=edit.host,
        emulated=edit.emulated,
        note=edit.note,
    )
    store.write(picture_path(record.key), edit.picture)
    if truth:
        store.write(truth_path(record.key), truth)
    store.write_json(sidecar_path(record.key), record.model_dump(mode="json"))
    return record


def save_refusal(
    store: Store,
    request: EditRequest,
    reason: str,
    geometry: Geometry,
    *,
    bought_for: str = "",
    cost_usd: float | None = 0.0,
    host: str = "",
    emulated: bool = False,
) -> EditRecord:
    """Store a refusal, so that the request is never made again."""
    record = EditRecord(
        key=request.key,
        request=request,
        status="refused",
        reason=reason,
        geometry=geometry,
        cost_usd=cost_usd,
        bought_for=bought_for,
        host=host,
        emulated=emulated,
    )
    store.write_json(sidecar_path(record.key), record.model_dump(mode="json"))
    return record


def open_edit(store: Store, record: EditRecord, photo: RgbImage) -> RgbImage:
    """Return the edited picture on the photo's grid, (H, W, 3) uint8.

    Args:
        store: The store.
        record: The edit's record.
        photo: The normal image, for the parts that were not sent.

    Raises:
        EditDamagedError: The picture is not the one that was recorded.
    """
    data = read_picture(store, record)
    picture = decode_image(data, inf, picture_decoding(record))  # it was let in when it was stored
    return record.geometry.undo(picture, photo)


def picture_decoding(record: EditRecord) -> Decoding:
    """Return how the picture of an edit is read: as a dataset chose, if it brought the picture."""
    told = record.request.ask.get(DECODING)
    return Decoding(**told) if isinstance(told, dict) else PLAIN  # type: ignore[arg-type] # JSON; the plan wrote them


def read_picture(store: Store, record: EditRecord) -> bytes:
    """Return the picture file of an edit as it was received.

    Raises:
        EditDamagedError: It is missing, or not the one that was recorded.
    """
    path = picture_path(record.key)
    try:
        data = store.read(path)
    except FileNotFoundError as error:
        raise EditDamagedError(store.address(path), "it is missing") from error
    if sha256_hex(data) != record.picture_sha256:
        raise EditDamagedError(store.address(path), "it is not the picture that was received")
    return data


def save_reply(store: Store, key: str, number: int, reply: Reply) -> None:
    """Store an answer as it came; until the edit is complete this is all there is of it."""
    store.write_json(reply_path(key, number), reply.model_dump(mode="json"))


def find_replies(store: Store, key: str) -> Iterator[tuple[int, Reply]]:
    """Yield the answers, by number of the call, that no edit was made of yet."""
    for number, path in store.list_numbered(f"{keyed('edits', key)}/replies"):
        try:
            yield number, store.read_json_as(path, Reply.model_validate)
        except DamagedFileError as damage:
            raise EditDamagedError(damage.file, damage.why) from damage


def drop_reply(store: Store, key: str, number: int) -> None:
    """Remove an answer whose edit is complete."""
    store.remove(reply_path(key, number))


def set_replies_aside(store: Store, key: str) -> list[str]:
    """Move the answers that are no edit to ``inspect/``, and return where they lie.

    The edit is then bought again, which only a person may ask for.
    """
    places = []
    for number, reply in list(find_replies(store, key)):
        places.append(set_aside(store, key, number, reply.content))
        drop_reply(store, key, number)
    return places


def set_aside(store: Store, key: str, number: int, remains: bytes) -> str:
    """Keep what is no edit for inspection, outside the edits; return where it lies."""
    path = f"{keyed('inspect', key)}/{number:08d}.bin"
    store.write(path, remains)
    return path


def reply_path(key: str, number: int) -> str:
    """Return where the answer to a call lies until its edit is complete."""
    return f"{keyed('edits', key)}/replies/{number:08d}.json"


def picture_path(key: str) -> str:
    """Return where the picture of an edit lies, as it was received."""
    return f"{keyed('edits', key)}/picture.png"
