"""Writes the tables of a dataset version in bounded memory, however many rows there are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from kizu.publish.rows import Row
from kizu.publish.schemas import SORTED_BY, TABLES, write_table
from kizu.publish.sorting import SortedRows


@dataclass(frozen=True)
class TableFile:
    """A table that was written.

    Attributes:
        file: Where to.
        rows: How many it has.
        sha256: The SHA-256 of the file, in hexadecimal.
    """

    file: Path
    rows: int
    sha256: str


def write_tables(
    parts: Iterable[Mapping[str, list[Row]]], new_file: Callable[[], Path]
) -> dict[str, TableFile]:
    """Write all tables, sorted; equal rows give equal bytes, whatever order they come in.

    Args:
        parts: Rows by table name; they are run through once.
        new_file: Names a file that does not exist yet.

    Returns:
        The files by table name; tables without rows are among them.
    """
    tables = {
        name: SortedRows(schema, SORTED_BY[name], new_file) for name, schema in TABLES.items()
    }
    for part in parts:
        for name, rows in part.items():
            tables[name].extend(rows)
    return {name: _written(name, rows, new_file()) for name, rows in tables.items()}


def _written(table: str, rows: SortedRows, file: Path) -> TableFile:
    with file.open("w+b") as opened:
        count = write_table(table, rows.batches(), opened)
        opened.seek(0)
        return TableFile(file, count, file_digest(opened, "sha256").hexdigest())
