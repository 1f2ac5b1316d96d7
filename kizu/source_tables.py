"""Reads the user's own tables: CSV or Parquet, a file or an fsspec URL."""

import csv
import io
from math import inf
from typing import Any, Final, TypeAlias

import pyarrow.parquet as pq

from kizu.source_files import SourceError, read_url
from kizu.store.addresses import shown_url, without_secrets

Rows: TypeAlias = tuple[list[str], list[tuple[int, list[Any]]]]
"""The names of the columns, and the cells of every row with its number for people."""

_SEPARATORS: Final = ",;\t"


def read_rows(path: str, setting: str, needed: tuple[str, ...], optional: tuple[str, ...]) -> Rows:
    """Read a table; the names of its columns are trimmed and in lower case.

    Args:
        path: A CSV file (separated by commas, semicolons or tabs; UTF-8) or a Parquet file, or an
            fsspec URL of one.
        setting: The setting that names it, for errors.
        needed: Columns it must have.
        optional: Columns it may have.

    Raises:
        SourceError: It cannot be read, lacks a column or has one twice.
    """
    columns, rows = _read(path, setting)
    columns = [column.strip().casefold() for column in columns]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise SourceError(f"{setting}: {path} has the column {twice[0]!r} twice; remove one")
    lacking = [column for column in needed if column not in columns]
    if lacking:
        more = f", and may have {', '.join(optional)}" if optional else ""
        raise SourceError(
            f"{setting}: {path} has no column {', '.join(lacking)}; it needs "
            f"{', '.join(needed)}{more}"
        )
    return columns, rows


def text_of(cell: Any) -> str:  # noqa: ANN401 - a cell of any type
    """Return what a cell says, trimmed; empty for nothing."""
    return "" if cell is None or cell != cell else str(cell).strip()  # noqa: PLR0124 - NaN


def _read(path: str, setting: str) -> Rows:
    try:
        data = read_url(without_secrets(path), inf)
        return _read_parquet(data) if path.lower().endswith(".parquet") else _read_csv(data)
    except FileNotFoundError as error:
        raise SourceError(f"{setting}: there is no file {path!r}") from error
    except Exception as error:  # pyarrow and clients of object stores raise whatever they like
        raise SourceError(
            f"{setting}: {shown_url(path)} cannot be read as CSV in UTF-8 or as Parquet "
            f"({shown_url(str(error))})"
        ) from error


def _read_parquet(data: bytes) -> Rows:
    table = pq.read_table(io.BytesIO(data))
    cells = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return table.column_names, [(row, list(each)) for row, each in enumerate(cells, start=1)]


def _read_csv(data: bytes) -> Rows:
    text = data.decode("utf-8-sig")
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    columns = next(reader, [])
    return columns, [(reader.line_num, cells) for cells in reader]
