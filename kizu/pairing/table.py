"""The user's own table of pairs: CSV or Parquet, one row per defect of a picture."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from kizu.edit.regions import BoxRegion
from kizu.source_files import SourceError
from kizu.source_tables import read_rows, text_of

_SETTING: Final = "editor.table"
_NEEDED: Final = ("normal", "edited", "defect_type")
_OPTIONAL: Final = ("prompt", "phrases", "region")
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
    columns, rows = read_rows(path, _SETTING, _NEEDED, _OPTIONAL)
    name = path.rsplit("/", 1)[-1]
    read = [
        _row(f"row {number} of {name}", columns, cells)
        for number, cells in rows
        if any(map(text_of, cells))
    ]
    if read and all(row.trouble for row in read):
        raise SourceError(f"{_SETTING}: {read[0].trouble}")
    return read


class _RowError(ValueError):
    """What is wrong with a row; the message does not name it."""


def _row(place: str, columns: Sequence[str], written: Sequence[Any]) -> TableRow:
    cells = dict(zip(columns, written, strict=False))
    row = TableRow(
        place=place,
        normal=text_of(cells.get("normal")),
        edited=text_of(cells.get("edited")),
        defect_type=text_of(cells.get("defect_type")),
        prompt=text_of(cells.get("prompt")),
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
    pieces = list(cell) if several else between.split(text_of(cell))
    return list(filter(None, (text_of(piece) for piece in pieces)))
