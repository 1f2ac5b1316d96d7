"""The Parquet tables of a dataset version: their schemas, writing and reading.

``samples`` has the columns anomalib's ``Tabular`` reader takes as they are; no value is null.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
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


class ManifestError(ValueError):
    """A table that this kizu cannot read."""


def encode_table(table: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write rows as a Parquet file; equal rows give equal bytes.

    Args:
        table: One of ``TABLES``.
        rows: One mapping per row, with the columns of that table.
    """
    metadata = {_VERSION_FIELD: str(SCHEMA_VERSION).encode(), _TABLE_FIELD: table.encode()}
    schema = TABLES[table].with_metadata(metadata)
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), sink, compression="zstd")
    return sink.getvalue()


def decode_table(table: str, data: bytes) -> pa.Table:
    """Read a table of this schema version or an older one, whose missing columns become null.

    Raises:
        ManifestError: It was written by a newer kizu, or is another table.
    """
    return _as_current(table, pq.read_table(io.BytesIO(data)))


def decode_parts(table: str, data: bytes, rows: int) -> Iterator[pa.Table]:
    """Yield a table like ``decode_table``, so many rows at a time."""
    file = pq.ParquetFile(io.BytesIO(data))
    for batch in file.iter_batches(rows):
        part = pa.Table.from_batches([batch], schema=file.schema_arrow)
        yield _as_current(table, part)


def _as_current(table: str, found: pa.Table) -> pa.Table:
    """Return a table with today's columns; what its schema version lacked is null."""
    metadata = found.schema.metadata or {}
    name = metadata.get(_TABLE_FIELD, b"").decode()
    if name != table:
        raise ManifestError(f"expected the table {table!r}, found {name or 'no kizu table'!r}")
    version = int(metadata[_VERSION_FIELD])
    if version > SCHEMA_VERSION:
        raise ManifestError(
            f"{table} has schema version {version}, this kizu reads up to {SCHEMA_VERSION}; "
            "update kizu"
        )
    found = upgraded(table, found, version)
    for field in TABLES[table]:
        if field.name not in found.column_names:
            found = found.append_column(field.name, pa.nulls(found.num_rows, field.type))
    return found.select(TABLES[table].names)
