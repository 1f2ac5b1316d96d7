"""Outputs of stages in the store: files that count once their record is written."""

import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

from kizu.store.checked import DamagedFileError, check_json, decode_json, encode_json, naming
from kizu.store.keys import sha256_hex
from kizu.store.store import Store, keyed

T = TypeVar("T")

logger = logging.getLogger(__name__)

_RECORD: Final = "record.json"
_FILES: Final = "files"  # member of a record: SHA-256 of each of the other files, by name


class StageFolder:
    """One stage output: files that count once their record is written.

    ``stages/STAGE/ab/KEY/`` holds the files, ``record.json`` among them, written last with the
    SHA-256 of the others. What is damaged counts as not made.
    """

    def __init__(
        self, store: Store, stage: str, key: str, make_anew: Callable[[], object] | None = None
    ) -> None:
        """Point at the output of a stage for a key; nothing is read or made.

        Args:
            store: The store.
            stage: The stage.
            key: The output's key.
            make_anew: Makes the output through this object, should it turn out to be damaged.
        """
        self._store = store
        self._folder = keyed(f"stages/{stage}", key)
        self._make_anew = make_anew
        self._stored: bytes | None = None
        self._record: dict[str, Any] | None = None
        self._digests: dict[str, str] = {}

    def done(self) -> bool:
        """Tell whether the output is complete; one whose record is damaged is not."""
        try:
            self._read_record()
        except FileNotFoundError:
            return False
        except DamagedFileError as damage:
            logger.warning("%s; it is made anew", damage)
            return False
        return True

    def has(self, name: str) -> bool:
        """Tell whether the output has a file; records of an older kizu name none.

        Raises:
            FileNotFoundError: There is no output.
            DamagedFileError: The record is damaged.
        """
        self._or_anew(self._load)
        return name in self._digests

    def read(self, name: str) -> bytes:
        """Return one file's bytes; see ``read_as``."""
        return self.read_as(name, bytes)

    def read_as(self, name: str, decode: Callable[[bytes], T]) -> T:
        """Return what one file is read as; a damaged output is made anew where that is known how.

        Args:
            name: The file.
            decode: Reads the bytes; what it cannot read is damaged.

        Raises:
            FileNotFoundError: There is no output.
            DamagedFileError: The file is missing or damaged.
        """
        return self._or_anew(lambda: self._checked(name, decode))

    def write(self, name: str, data: bytes) -> None:
        """Write one file; it counts when the record follows."""
        self._store.write(self._path(name), data)
        self._digests[name] = sha256_hex(data)

    def record(self) -> dict[str, Any]:
        """Return the record; it is read once."""
        return self.record_as(dict)

    def record_as(self, read: Callable[[dict[str, Any]], T]) -> T:
        """Return what the record is read as; a damaged output is made anew as in ``read_as``.

        Raises:
            FileNotFoundError: There is no output.
            DamagedFileError: The record is damaged.
        """
        return self._or_anew(lambda: self._checked_record(read))

    def finish(self, record: dict[str, Any]) -> None:
        """Write the record, which completes the output."""
        digests = {_FILES: self._digests} if self._digests else {}
        self._stored = encode_json(self.record_path, record | digests)
        self._store.write(self.record_path, self._stored)
        self._record = dict(record)

    @property
    def record_path(self) -> str:
        """Where the record lies."""
        return self._path(_RECORD)

    def damage(self) -> list[DamagedFileError]:
        """Read every file; return what is wrong, nothing if the output is not complete."""
        try:
            self._load()
        except FileNotFoundError:
            return []
        except DamagedFileError as damaged:
            return [damaged]
        found = []
        for name in self._digests:
            try:
                self._checked(name, bytes)
            except DamagedFileError as damaged:
                found.append(damaged)
        return found

    def drop(self) -> None:
        """Remove the record, so that the output counts as not made."""
        self._forget()
        self._store.remove(self.record_path)

    def _forget(self) -> None:
        self._stored, self._record, self._digests = None, None, {}

    def _or_anew(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except DamagedFileError as damage:
            if self._make_anew is None:
                self.drop()
                raise
            logger.warning("%s; it is made anew", damage)
        self._forget()
        self._make_anew()
        return read()

    def _load(self) -> dict[str, Any]:
        if self._record is None:
            data = self._read_record()
            with naming(self._store.address(self.record_path)):
                record = decode_json(self.record_path, data)
            self._digests = record.pop(_FILES, {})
            self._record = record
        return self._record

    def _read_record(self) -> bytes:
        """Return the record's file, checked; what is in it is read where it is asked for."""
        if self._stored is None:
            data = self._store.read(self.record_path)
            with naming(self._store.address(self.record_path)):
                check_json(self.record_path, data)
            self._stored = data
        return self._stored

    def _checked_record(self, read: Callable[[dict[str, Any]], T]) -> T:
        record = self._load()
        with naming(self._store.address(self.record_path)):
            return read(record)

    def _checked(self, name: str, decode: Callable[[bytes], T]) -> T:
        self._load()
        path = self._path(name)
        file, digest = self._store.address(path), self._digests.get(name)
        try:
            data = self._store.read(path)
        except FileNotFoundError as error:
            raise DamagedFileError(file, "it is missing") from error
        if digest and sha256_hex(data) != digest:
            raise DamagedFileError(file, "it is not what was written")
        with naming(file):
            return decode(data)

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"
