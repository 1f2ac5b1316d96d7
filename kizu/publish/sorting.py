"""Sorts more rows than memory holds: sorted runs on disk, merged (Knuth, TAOCP 3, 5.4)."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

_ROWS_AT_A_TIME: Final = 1024
"""Rows turned into columns together: enough that the cost per call of Arrow does not count."""

_RUN_BYTES: Final = 2**24
"""Columns held before they are sorted and written as a run."""

_MOST_RUNS: Final = 32
"""Runs merged at a time, all of which are open; more of one level become one of the next, so that
each row is written anew once a level and not with every merge."""

_BATCH_BYTES: Final = 2**20
"""Of each open run, what is held at a time."""

Key = tuple[Any, ...]


class SortedRows:
    """Rows in any number and order, in bounded memory, that come out sorted.

    Rows whose keys are equal come out in any order.
    """

    def __init__(
        self, schema: pa.Schema, keys: Sequence[str], new_file: Callable[[], Path]
    ) -> None:
        """Begin without rows.

        Args:
            schema: Their columns.
            keys: The columns that they are sorted by, the first one first; none is null.
            new_file: Names a file that does not exist yet.
        """
        self._schema, self._keys, self._new_file = schema, tuple(keys), new_file
        self._rows: list[Mapping[str, Any]] = []
        self._parts: list[pa.Table] = []
        self._runs: list[list[Path]] = []  # by level: how often their rows were merged

    def extend(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take more rows."""
        for row in rows:
            self._rows.append(row)
            if len(self._rows) >= _ROWS_AT_A_TIME:
                self._convert()

    def batches(self) -> Iterator[pa.Table]:
        """Yield all rows, sorted, in tables of any length; to be called once."""
        if not self._runs:
            yield self._take_sorted()
            return
        self._spill()
        runs = [file for level in self._runs for file in level]
        while len(runs) > _MOST_RUNS:  # the smallest are first
            runs = [*runs[_MOST_RUNS:], self._merged_into_one(runs[:_MOST_RUNS])]
        yield from self._merged(runs)

    def _convert(self) -> None:
        self._parts.append(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []
        if sum(part.nbytes for part in self._parts) >= _RUN_BYTES:
            self._spill()

    def _take_sorted(self) -> pa.Table:
        rest = pa.Table.from_pylist(self._rows, schema=self._schema)
        table = pa.concat_tables([*self._parts, rest])
        self._rows, self._parts = [], []
        return _sorted(table, self._keys)

    def _spill(self) -> None:
        run = _written([self._take_sorted()], self._schema, self._new_file())
        for level in self._runs:
            level.append(run)
            if len(level) < _MOST_RUNS:
                return
            run = self._merged_into_one(level)
            level.clear()
        self._runs.append([run])

    def _merged_into_one(self, files: Sequence[Path]) -> Path:
        return _written(self._merged(files), self._schema, self._new_file())

    def _merged(self, files: Sequence[Path]) -> Iterator[pa.Table]:
        runs = [_Run(file, self._keys) for file in files]
        while runs := [run for run in runs if run.has_rows()]:
            bound = min(run.last() for run in runs)
            parts = [run.take_until(bound) for run in runs]
            yield _sorted(pa.concat_tables(parts), self._keys)
        for file in files:
            file.unlink()


class _Run:
    """A file of sorted rows, read batch by batch."""

    def __init__(self, file: Path, keys: Sequence[str]) -> None:
        self._reader = pa.ipc.open_file(pa.OSFile(str(file)))
        self._names, self._next = keys, 0
        self._head = self._reader.schema.empty_table()
        self._keys: list[Key] = []

    def has_rows(self) -> bool:
        """Tell whether there are rows left; the next batch is read if need be."""
        while not self._keys and self._next < self._reader.num_record_batches:
            self._head = pa.Table.from_batches([self._reader.get_batch(self._next)])
            columns = (self._head[name].to_pylist() for name in self._names)
            self._keys = list(zip(*columns, strict=True))
            self._next += 1
        return bool(self._keys)

    def last(self) -> Key:
        """Return the largest key of the rows that are held."""
        return self._keys[-1]

    def take_until(self, bound: Key) -> pa.Table:
        """Return the held rows up to a key, included, and hold the others."""
        place = bisect_right(self._keys, bound)
        taken, self._head = self._head.slice(0, place), self._head.slice(place)
        self._keys = self._keys[place:]
        return taken


def _sorted(table: pa.Table, keys: Sequence[str]) -> pa.Table:
    return table.sort_by([(key, "ascending") for key in keys])


def _written(tables: Iterator[pa.Table] | list[pa.Table], schema: pa.Schema, file: Path) -> Path:
    """Write tables as one run."""
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, schema, options=options) as run:
        for table in tables:
            rows = max(1, table.num_rows * _BATCH_BYTES // max(1, table.nbytes))
            run.write_table(table, max_chunksize=rows)
    return file
