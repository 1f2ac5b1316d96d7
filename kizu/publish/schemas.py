"""The Parquet tables of a dataset version: their schemas, writing and reading.

``samples`` has the columns anomalib's ``Tabular`` reader takes as they are; no value is null.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from kizu.publish.older_tables import upgraded
from kizu.stages import STAGES
from kizu.versions import SCHEMA_VERSION

_VERSION_FIELD: Final = b"kizu.schema_version"
_TABLE_FIELD: Final = b"kizu.table"

SAMPLES: Final = pa.schema(
    [
        pa.field("image_path", pa.string(), nullable=False),
        pa.field("label_index", pa.int64(), nullable=False),
        pa.field("mask_path", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("defect_type", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("certified", pa.bool_(), nullable=False),
        pa.field("touched_path", pa.string(), nullable=False),
        pa.field("image_sha256", pa.string(), nullable=False),
        pa.field("mask_sha256", pa.string(), nullable=False),
        pa.field("touched_sha256", pa.string(), nullable=False),
        pa.field("edited_path", pa.string(), nullable=False),
        pa.field("edited_mask_path", pa.string(), nullable=False),
        pa.field("edited_sha256", pa.string(), nullable=False),
        pa.field("edited_mask_sha256", pa.string(), nullable=False),
    ]
)

INSTANCES: Final = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("instance", pa.int64(), nullable=False),
        pa.field("x0", pa.float64(), nullable=False),
        pa.field("y0", pa.float64(), nullable=False),
        pa.field("x1", pa.float64(), nullable=False),
        pa.field("y1", pa.float64(), nullable=False),
        pa.field("area_px", pa.int64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("evidence", pa.float64()),
        pa.field("phrase", pa.string()),
        pa.field("rle_height", pa.int64()),
        pa.field("rle_width", pa.int64()),
        pa.field("rle_counts", pa.string()),
    ]
)
"""``score`` is 0 to 1: of a detection the annotator's confidence, of a measured region
``evidence / (evidence + threshold)``, so that 0.5 is the threshold at which a pixel of the pair
counts as changed. ``evidence`` is the mean of the region's anomaly map in units of the pair's
noise floor; null for detections.
"""

PROVENANCE: Final = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("normal_name", pa.string(), nullable=False),
        pa.field("normal_sha256", pa.string(), nullable=False),
        pa.field("width", pa.int64(), nullable=False),
        pa.field("height", pa.int64(), nullable=False),
        pa.field("prompt", pa.string()),
        pa.field("phrases", pa.list_(pa.string())),
        pa.field("variant", pa.int64()),
        pa.field("seed", pa.int64()),
        pa.field("editor", pa.string()),
        pa.field("model", pa.string()),
        pa.field("geometry", pa.string()),
        pa.field("cost_usd", pa.float64()),
        pa.field("host", pa.string()),
        pa.field("emulated", pa.bool_()),
        pa.field("picture_sha256", pa.string()),
        pa.field("edited_name", pa.string()),
        pa.field("paired_by", pa.string()),
        pa.field("match_score", pa.float64()),
        *(pa.field(f"{stage.name}_key", pa.string()) for stage in STAGES),
        *(pa.field(name, kind) for stage in STAGES for name, kind in stage.columns.items()),
        pa.field("stratum", pa.string()),
        pa.field("made_by", pa.string()),
        pa.field("composited", pa.bool_()),
        pa.field("reviewed_by", pa.string()),
        pa.field("reviewed_at", pa.string()),
        pa.field("mask_source", pa.string()),
        pa.field("decision_key", pa.string()),
    ]
)

EDITS: Final = pa.schema(
    [
        pa.field("edit_key", pa.string(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("normal_sha256", pa.string(), nullable=False),
        pa.field("defect_type", pa.string(), nullable=False),
        pa.field("prompt", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("cost_usd", pa.float64()),
        pa.field("usage", pa.string(), nullable=False),
        pa.field("request_id", pa.string()),
        pa.field("bought_at", pa.string()),
        pa.field("bought_for", pa.string()),
        pa.field("latency_s", pa.float64()),
        pa.field("host", pa.string()),
        pa.field("emulated", pa.bool_()),
    ]
)

TABLES: Final[Mapping[str, pa.Schema]] = {
    "samples": SAMPLES,
    "instances": INSTANCES,
    "provenance": PROVENANCE,
    "edits": EDITS,
}


SORTED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "samples": ("image_path",),
    "instances": ("sample_id", "annotator", "instance"),
    "provenance": ("sample_id",),
    "edits": ("sample_id", "edit_key"),
}
"""The columns that tables are sorted by, as their files declare; together they are unique."""

_ROWS_PER_GROUP: Final = 2**13
"""A reader skips row groups by the least and greatest value of a column: fewer rows are skipped
better, more are read faster; a group of the widest table, ``provenance``, takes some 50 MB."""


class ManifestError(ValueError):
    """A table that this kizu cannot read."""


def encode_table(table: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows in their order as a Parquet file; equal rows give equal bytes.

    Args:
        table: One of ``TABLES``.
        rows: One mapping per row, with the columns of that table.
    """
    sink = io.BytesIO()
    write_table(table, [pa.Table.from_pylist(list(rows), schema=TABLES[table])], sink)
    return sink.getvalue()


def write_table(table: str, parts: Iterable[pa.Table], sink: io.BufferedIOBase) -> int:
    """Write rows as a Parquet file, a row group at a time; equal rows give equal bytes.

    Args:
        table: One of ``TABLES``.
        parts: The rows in the order of ``SORTED_BY``, however they are parted.
        sink: Where to.

    Returns:
        How many there are.
    """
    metadata = {_VERSION_FIELD: str(SCHEMA_VERSION).encode(), _TABLE_FIELD: table.encode()}
    schema = TABLES[table].with_metadata(metadata)
    order = pq.SortingColumn.from_ordering(
        schema, [(column, "ascending") for column in SORTED_BY[table]]
    )
    rows = 0
    with pq.ParquetWriter(
        sink, schema, compression="zstd", write_page_index=True, sorting_columns=order
    ) as writer:
        for group in _row_groups(parts):
            writer.write_table(group.cast(schema), row_group_size=_ROWS_PER_GROUP)
            rows += group.num_rows
    return rows


def _row_groups(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield rows in tables of ``_ROWS_PER_GROUP`` rows, and what is left over."""
    held: list[pa.Table] = []
    count = 0
    for part in parts:
        rest = part
        while count + rest.num_rows >= _ROWS_PER_GROUP:
            room = _ROWS_PER_GROUP - count
            yield pa.concat_tables([*held, rest.slice(0, room)]).combine_chunks()
            held, count, rest = [], 0, rest.slice(room)
        held.append(rest)
        count += rest.num_rows
    if count:
        yield pa.concat_tables(held).combine_chunks()


def decode_table(table: str, data: bytes) -> pa.Table:
    """Read a table of this schema version or an older one, whose missing columns become null.

    Raises:
        ManifestError: It was written by a newer kizu, or is another table.
    """
    return _as_current(table, pq.read_table(io.BytesIO(data)))


def decode_parts(
    table: str, source: io.BufferedIOBase, rows: int, columns: Sequence[str] = ()
) -> Iterator[pa.Table]:
    """Yield a table like ``decode_table``, so many rows at a time.

    Args:
        table: One of ``TABLES``.
        source: Its file.
        rows: So many.
        columns: The columns that are wanted; none for all.
    """
    file = pq.ParquetFile(source)
    is_current = _written_by(table, file.schema_arrow) == SCHEMA_VERSION
    read = list(columns) if columns and is_current else None  # older ones may have other names
    for batch in file.iter_batches(rows, columns=read):
        part = pa.Table.from_batches([batch]).replace_schema_metadata(file.schema_arrow.metadata)
        yield _as_current(table, part, columns)


def _as_current(table: str, found: pa.Table, columns: Sequence[str] = ()) -> pa.Table:
    """Return a table with today's columns; what its schema version lacked is null."""
    version = _written_by(table, found.schema)
    found = upgraded(table, found, version)
    wanted = columns or TABLES[table].names
    for name in wanted:
        if name not in found.column_names:
            kind = TABLES[table].field(name).type
            found = found.append_column(name, pa.nulls(found.num_rows, kind))
    return found.select(wanted)


def _written_by(table: str, schema: pa.Schema) -> int:
    """Return the schema version that a table was written with."""
    metadata = schema.metadata or {}
    name = metadata.get(_TABLE_FIELD, b"").decode()
    if name != table:
        raise ManifestError(f"expected the table {table!r}, found {name or 'no kizu table'!r}")
    version = int(metadata[_VERSION_FIELD])
    if version > SCHEMA_VERSION:
        raise ManifestError(
            f"{table} has schema version {version}, this kizu reads up to {SCHEMA_VERSION}; "
            "update kizu"
        )
    return version
