"""A column of a dataset's tables, with what it means."""

from typing import Final

import pyarrow as pa

NEVER: Final = "never"

FRACTION: Final = "0 to 1"


def column(
    name: str, kind: pa.DataType, meaning: str, *, unit: str = "", values: str = "", null: str = ""
) -> pa.Field:
    """Describe a column; what is said of it travels in the metadata of the Parquet file's field.

    Args:
        name: Its name.
        kind: Its type.
        meaning: What it tells, in one sentence.
        unit: The unit; empty for what has none.
        values: The values there are, or their range; empty where any may be.
        null: When it is null; empty for never.
    """
    told = {"description": meaning, "unit": unit, "range": values, "null": null or NEVER}
    return pa.field(name, kind, nullable=bool(null), metadata=told)


def told(field: pa.Field, what: str) -> str:
    """Return what is said of a column: "description", "unit", "range" or "null"."""
    return str((field.metadata or {}).get(what.encode(), b"").decode())
