"""The user's own table of pairs: CSV or Parquet, one row per defect of a picture."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Final

import pyarrow.parquet as pq

from kizu.edit.regions import BoxRegion
from kizu.source_files import SourceError, read_url
from kizu.store.addresses import shown_url, without_secrets

_NEEDED: Final = ("normal", "edited", "defect_type")
_OPTIONAL: Final = ("prompt", "phrases", "region")
_SEPARATORS: Final = ",;\t"
_BETWEEN_PHRASES: Final = re.compile(";")
_BETWEEN_NUMBERS: Final = re.compile(r"[\s,;()\[\]]+")


@dataclass(frozen=True)
class TableRow:
    """One row of a table of pairs; what a cell leaves open is empty.

    Attributes:
        place: The row, for people: "row 3 of pairs.csv".
        normal: The normal image as written.
        edited: The picture as written.
        defect_type: The class as written.
        prompt: What it was made with.
        phrases: What annotators look for.
        region: Where the defect is; None if left open.
        trouble: Why the row cannot be used, in a sentence that names it; empty if it can.
    """

    place: str
    normal: str
    edited: str
    defect_type: str
    prompt: str = ""
    phrases: tuple[str, ...] = ()
    region: BoxRegion | None = None
    trouble: str = ""


def read_table(path: str) -> list[TableRow]:
    """Read a table of pairs; a row that says what cannot be costs itself alone.

    Args:
        path: A CSV file (separated by commas, semicolons or tabs; UTF-8) or a Parquet file, or an
            fsspec URL of one.

    Raises:
        SourceError: It cannot be read, lacks a column, or no row of it can be used.
    """
    columns, rows = _read(path)
    columns = [column.strip().casefold() for column in columns]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise SourceError(f"editor.table: {path} has the column {twice[0]!r} twice; remove one")
    lacking = [column for column in _NEEDED if column not in columns]
    if lacking:
        raise SourceError(
            f"editor.table: {path} has no column {', '.join(lacking)}; it needs "
            f"{', '.join(_NEEDED)}, and may have {', '.join(_OPTIONAL)}"
        )
    name = path.rsplit("/", 1)[-1]
    read = [
        _row(f"row {number} of {name}", columns, cells)
        for number, cells in rows
        if any(map(_text, cells))
    ]
    if read and all(row.trouble for row in read):
        raise SourceError(f"editor.table: {read[0].trouble}")
    return read


Rows = tuple[list[str], list[tuple[int, list[Any]]]]
"""The names of the columns, and the cells of every row with its number for people."""


def _read(path: str) -> Rows:
    try:
        data = read_url(without_secrets(path), inf)
        return _read_parquet(data) if path.lower().endswith(".parquet") else _read_csv(data)
    except FileNotFoundError as error:
        raise SourceError(f"editor.table: there is no file {path!r}") from error
    except Exception as error:  # pyarrow and clients of object stores raise whatever they like
        raise SourceError(
            f"editor.table: {shown_url(path)} cannot be read as CSV in UTF-8 or as Parquet "
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


class _RowError(ValueError):
    """What is wrong with a row; the message does not name it."""


def _row(place: str, columns: Sequence[str], written: Sequence[Any]) -> TableRow:
    cells = dict(zip(columns, written, strict=False))
    row = TableRow(
        place=place,
        normal=_text(cells.get("normal")),
        edited=_text(cells.get("edited")),
        defect_type=_text(cells.get("defect_type")),
        prompt=_text(cells.get("prompt")),
        phrases=tuple(_items(cells.get("phrases"), _BETWEEN_PHRASES)),
    )
    try:
        if len(written) > len(columns):
            raise _RowError(  # noqa: TRY301 - told as the others are
                f"has {len(written)} cells for {len(columns)} columns; put text that contains the "
                "separator into quotes"
            )
        _check_filled(row)
        return replace(row, region=_region(cells.get("region")))
    except _RowError as error:
        return replace(row, trouble=f"{place} {error}")


def _check_filled(row: TableRow) -> None:
    for name, text in (("edited", row.edited), ("defect_type", row.defect_type)):
        if not text:
            raise _RowError(f"has no {name}; fill it in")


def _text(cell: Any) -> str:  # noqa: ANN401 - a cell of any type
    return "" if cell is None or cell != cell else str(cell).strip()  # noqa: PLR0124 - NaN


def _region(cell: Any) -> BoxRegion | None:  # noqa: ANN401 - as above
    """Read left, top, right and bottom, from a list of numbers or a text with four of them."""
    edges = _items(cell, _BETWEEN_NUMBERS)
    if not edges:
        return None
    try:
        x0, y0, x1, y1 = (float(edge) for edge in edges)
        return BoxRegion(x0=x0, y0=y0, x1=x1, y1=y1)
    except ValueError as error:  # pydantic's is one
        raise _RowError(
            f"has the region {cell!r}; write left, top, right and bottom as fractions of the "
            "image, as 0.1, 0.2, 0.5, 0.6"
        ) from error


def _items(cell: Any, between: re.Pattern[str]) -> list[str]:  # noqa: ANN401 - as above
    """Return the items of a cell: a list's, or the pieces of a text."""
    several = hasattr(cell, "__len__") and not isinstance(cell, str)
    pieces = list(cell) if several else between.split(_text(cell))
    return list(filter(None, (_text(piece) for piece in pieces)))
