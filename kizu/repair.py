"""What is damaged in a store, and what becomes of it: free things are made anew, paid ones named.

A damaged file that can be made anew is removed, for the next build makes what is missing; of an
edit all is kept in ``inspect/``, for its other files may be whole. One that was paid for is moved
there only if somebody says so: then the next build buys it again. What a person decided is never
touched.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from kizu.billing.batch_records import batch_of, pointer_path, read_batch
from kizu.billing.ledger import CALLS, ENDS, FOLDED, SNAPSHOTS, Ledger, LedgerDamagedError
from kizu.billing.totals import CallFinished, CallStarted, CallStatus
from kizu.edit.storage import (
    EditDamagedError,
    EditRecord,
    find_edit,
    read_picture,
    sidecar_path,
    truth_path,
)
from kizu.outputs import SampleOutputs
from kizu.publish.version import last_build
from kizu.review import Decision, Draw, decision_folder
from kizu.settings import Record
from kizu.sources import PNG_SHA256
from kizu.stages import ANNOTATION_STAGES
from kizu.store import DamagedFileError, StageFolder, Store
from kizu.store.keys import sha256_hex


class Worth(StrEnum):
    """Whose a stored file is, and so what may become of it."""

    FREE = "free"
    PAID = "paid"
    LEDGER = "ledger"
    PERSON = "person"


_MADE_ANEW: Final = ("builds", "failures", "near_duplicates", "imported", "matches")
"""Folders of JSON files that every build can write anew."""

_DONE: Final = {
    (Worth.FREE, False): "removed, the next build makes it anew",
    (Worth.FREE, True): "removed, the next build makes it anew",
    (Worth.PAID, False): "left as it is; --buy has the next build buy it again",
    (Worth.PAID, True): "moved to inspect/, the next build buys it again",
    (
        Worth.LEDGER,
        False,
    ): "left as it is, and nothing is bought; --buy enters the call at its most",
    (Worth.LEDGER, True): "moved to inspect/, the call counts at the most it can have cost",
    (Worth.PERSON, False): "left as it is; judge the sample again, or bring the file back",
    (Worth.PERSON, True): "left as it is; judge the sample again, or bring the file back",
}


@dataclass(frozen=True)
class Damage:
    """Something damaged in the store.

    Attributes:
        sentence: The file, and what is wrong with it.
        worth: Whose it is.
        files: What is to be removed or moved for it to be made anew.
    """

    sentence: str
    worth: Worth
    files: tuple[str, ...] = field(default=())

    def is_mended(self, *, buy: bool) -> bool:
        """Tell whether it is made anew now.

        Args:
            buy: Whether that may cost money.
        """
        return self.worth is Worth.FREE or (buy and self.worth in (Worth.PAID, Worth.LEDGER))


def find_damage(store: Store, dataset: str = "") -> Iterator[Damage]:
    """Read what a store holds, and yield what is damaged.

    Published versions are not looked at: ``kizu verify`` does that.

    Args:
        store: The store.
        dataset: Look at the ledger and at what its last build made alone; empty for all.

    Raises:
        DatasetError: It was never built here.
    """
    ledger = list(_ledger(store))
    yield from ledger
    paid = None if ledger else {call.key for _, call, _ in Ledger(store).entries()}
    if dataset:
        yield from _of_last_build(store, dataset, paid)
        return
    store.remove_stale_writes(everywhere=True)
    for key in _keys(store, "edits"):
        yield from _edit(store, key, paid)
    for folder in store.list_folders("stages"):
        for key in _keys(store, folder):
            yield from _stage(StageFolder(store, folder.rpartition("/")[2], key))
    yield from _normals(store)
    for folder in _MADE_ANEW:
        for path in store.list(folder):
            yield from _unreadable(path, store.read_json)
    for folder in store.list_folders("datasets"):
        yield from _unreadable(f"{folder}/latest.json", store.read_json)
    for folder in ("features", "thumbnails"):
        for path in store.list(folder):
            yield from _unreadable(path, store.read_checked)
    yield from _said_by_people(store, "decisions", Decision)
    yield from _said_by_people(store, "reviews", Draw)


def mend(store: Store, found: Damage, *, buy: bool) -> str:
    """Remove what is damaged so that it is made anew, and say what was done.

    Args:
        store: The store.
        found: What is damaged.
        buy: Whether that may cost money.
    """
    if found.is_mended(buy=buy):
        for path in found.files:
            if found.worth is not Worth.FREE or path.startswith("edits/"):
                keep(store, path)
            if found.worth is Worth.LEDGER and path.startswith(f"{CALLS}/"):
                _enter_at_most(store, path)
            else:
                store.remove(path)
    return _DONE[found.worth, buy]


def keep(store: Store, path: str) -> None:
    """Keep a copy of a file for inspection; nothing if it is not there."""
    try:
        store.write(f"inspect/{path}", store.read(path))
    except FileNotFoundError:
        return


def _enter_at_most(store: Store, path: str) -> None:
    """Write a line in the place of a lost one: a call that cost as much as the dearest known one.

    Whose it was is not known; it counts for the day, and for no dataset.
    """
    known = [call for call in map(_readable_call(store), store.list(CALLS)) if call]
    priced = [call.reserved_usd for call in known if call.reserved_usd is not None]
    near = known[-1] if known else None
    line = CallStarted(
        key="",
        dataset="",
        model=near.model if near else "",
        deployment=near.deployment if near else "",
        reserved_usd=max(priced, default=None),
        at=near.at if near else 0.0,
        emulated=near.emulated if near else False,
    )
    store.write_json(path, line.model_dump(mode="json"))


def _readable_call(store: Store) -> Callable[[str], CallStarted | None]:
    def read(path: str) -> CallStarted | None:
        try:
            return store.read_json_as(path, CallStarted.model_validate)
        except DamagedFileError:
            return None

    return read


def _ledger(store: Store) -> Iterator[Damage]:
    last = 0
    for number, path in store.list_numbered(CALLS):
        for lost in range(last + 1, number):
            expected = f"{CALLS}/{lost:08d}.json"
            yield Damage(f"{store.address(expected)} is missing", Worth.LEDGER, (expected,))
        last = number
        yield from _unreadable_as(store, path, CallStarted, Worth.LEDGER)
    for _, path in store.list_numbered(ENDS):
        yield from _unreadable_as(store, path, CallFinished, Worth.LEDGER)
    for folder in (SNAPSHOTS, FOLDED, "ledger/cached"):
        for path in store.list(folder):
            yield from _unreadable(path, store.read_json)


def _of_last_build(store: Store, dataset: str, paid: set[str] | None) -> Iterator[Damage]:
    seen: set[str] = set()
    for shard, sample, _ in last_build(store, dataset).open_samples(store):
        key = sample.request.key
        if key not in seen:
            seen.add(key)
            yield from _edit(store, key, paid)
        outputs = SampleOutputs(store, shard, sample)
        if not outputs.has_picture:
            continue
        for stage in ANNOTATION_STAGES:
            for folder in stage.all_folders(outputs):
                yield from _stage(folder)
        try:
            folder_of_decisions = decision_folder(outputs)
        except (FileNotFoundError, DamagedFileError):
            continue
        yield from _said_by_people(store, folder_of_decisions, Decision)
    yield from _said_by_people(store, f"reviews/{dataset}", Draw)


def _edit(store: Store, key: str, paid: set[str] | None) -> Iterator[Damage]:
    """Look at an edit; where the ledger is damaged, any may have been paid for."""
    folder = sidecar_path(key).rpartition("/")[0]
    yield from _note_of_batch(store, key)
    files = tuple(path for path in store.list(folder) if path != pointer_path(key))
    pictures = tuple(path for path in files if "/replies/" not in path)
    worth = Worth.PAID if paid is None or key in paid else Worth.FREE
    try:
        record = find_edit(store, key)
        if record is not None and record.bought_at is not None:  # in a store whose ledger is lost
            worth = Worth.PAID
        if record is not None and record.has_picture:
            read_picture(store, record)
    except EditDamagedError as damage:
        yield Damage(DamagedFileError.__str__(damage), worth, pictures)
        return
    if record is not None and record.truth_sha256:
        yield from _truth(store, record)
    if record is None and pictures and worth is Worth.PAID and len(pictures) == len(files):
        sentence = f"{store.address(sidecar_path(key))} is missing beside its picture"
        yield Damage(sentence, worth, pictures)
    if record is None:
        for number, path in store.list_numbered(f"{folder}/replies"):
            yield from _reply(store, number, path)


def _note_of_batch(store: Store, key: str) -> Iterator[Damage]:
    """Name a note of a batch that leads to none; the edit may have been paid for there."""
    path = pointer_path(key)
    try:
        if batch_id := batch_of(store, key):
            read_batch(store, batch_id)
    except DamagedFileError as damage:
        yield Damage(str(damage), Worth.PAID, (path,))
    except FileNotFoundError:
        sentence = f"{store.address(path)} names a batch whose record is missing"
        yield Damage(sentence, Worth.PAID, (path,))


def _truth(store: Store, record: EditRecord) -> Iterator[Damage]:
    """Look at the painter's true mask; it is made anew with its edit."""
    path = truth_path(record.key)
    if not store.exists(path):
        yield Damage(f"{store.address(path)} is missing", Worth.FREE, (sidecar_path(record.key),))
    elif sha256_hex(store.read(path)) != record.truth_sha256:
        damage = f"{store.address(path)} is damaged: it is not what was written"
        yield Damage(damage, Worth.FREE, (sidecar_path(record.key),))


def _reply(store: Store, number: int, path: str) -> Iterator[Damage]:
    """Name an answer that was paid for and is no edit, or cannot be read any more."""
    try:
        end = Ledger(store).find_end(number)
    except LedgerDamagedError:
        end = None
    damaged = next(_unreadable(path, store.read_json, Worth.PAID), None)
    if damaged:
        yield damaged
    elif end is not None and end.status is CallStatus.FAILED:
        yield Damage(f"{store.address(path)} is an answer that is no edit", Worth.PAID, (path,))


def _stage(folder: StageFolder) -> Iterator[Damage]:
    for damage in folder.damage():
        yield Damage(str(damage), Worth.FREE, (folder.record_path,))


def _normals(store: Store) -> Iterator[Damage]:
    for path in store.list("normals"):
        if not path.endswith(".json"):
            continue
        picture = path.removesuffix(".json") + ".png"
        try:
            digest = store.read_json(path).get(PNG_SHA256)
            if digest and sha256_hex(store.read(picture)) != digest:
                damage = f"{store.address(picture)} is damaged: it is not what was written"
                yield Damage(damage, Worth.FREE, (path, picture))
        except FileNotFoundError:
            yield Damage(f"{store.address(picture)} is missing", Worth.FREE, (path,))
        except DamagedFileError as found:
            yield Damage(str(found), Worth.FREE, (path, picture))


def _said_by_people(store: Store, folder: str, kind: type[Record]) -> Iterator[Damage]:
    last: dict[str, int] = {}
    for number, path in store.list_numbered(folder):
        place = path.rpartition("/")[0]
        for lost in range(last.get(place, 0) + 1, number):
            sentence = f"{store.address(f'{place}/{lost:08d}.json')} is missing"
            yield Damage(sentence, Worth.PERSON)
        last[place] = number
        yield from _unreadable_as(store, path, kind, Worth.PERSON)


def _unreadable_as(store: Store, path: str, kind: type[Record], worth: Worth) -> Iterator[Damage]:
    return _unreadable(path, lambda p: store.read_json_as(p, kind.model_validate), worth)


def _unreadable(
    path: str, read: Callable[[str], object], worth: Worth = Worth.FREE
) -> Iterator[Damage]:
    try:
        read(path)
    except DamagedFileError as damage:
        yield Damage(str(damage), worth, (path,))
    except FileNotFoundError:
        return


def _keys(store: Store, folder: str) -> Iterator[str]:
    """Yield the keys that have a place in a folder."""
    for part in store.list_folders(folder):
        for place in store.list_folders(part):
            yield place.rpartition("/")[2]
