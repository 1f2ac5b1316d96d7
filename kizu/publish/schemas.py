"""The Parquet tables of a dataset version: their schemas, writing and reading.

``samples`` has the columns of anomalib's ``Tabular`` reader; no value is null. What a column means
is said beside it, travels in the Parquet file and is listed in ``docs/manifest.md``.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from kizu.agree.fusion import DIFF_SOURCE, TESTIMONY_SOURCE
from kizu.agree.proof import Stratum
from kizu.agree.verdict import Verdict
from kizu.edit.digital_source import IPTC_TERMS, DigitalSource
from kizu.publish.older_tables import upgraded
from kizu.spec.publishing import Negative
from kizu.stages import STAGES
from kizu.stages.columns import FRACTION, column
from kizu.versions import SCHEMA_VERSION

_VERSION_FIELD: Final = b"kizu.schema_version"
_TABLE_FIELD: Final = b"kizu.table"

_OF_NORMALS: Final = "of normal images"
_HEX: Final = "64 hexadecimal digits"
_PATH: Final = "begins at the dataset's folder, which holds the versions"


def _file_columns(kind: str, what: str, where: str) -> tuple[pa.Field, pa.Field]:
    """Return the columns of a published file: its path, and the SHA-256 of its bytes."""
    none = f"; empty {where}" if where else ""
    return (
        column(f"{kind}_path", pa.string(), f"{what}{none}.", values=f"a path that {_PATH}"),
        column(f"{kind}_sha256", pa.string(), f"SHA-256 of that file's bytes{none}.", values=_HEX),
    )


_IMAGE, _MASK, _TOUCHED, _EDITED, _EDITED_MASK = (
    _file_columns("image", "The image, an RGB PNG file", ""),
    _file_columns(
        "mask", "The label, a grey PNG file: 255 on the defect, 0 elsewhere", _OF_NORMALS
    ),
    _file_columns(
        "touched",
        "A grey PNG file: 0 where the image equals the normal image bit for bit, 255 on the defect "
        "and the soft rim around it",
        f"{_OF_NORMALS}, and where the image is the editor's own picture",
    ),
    _file_columns(
        "edited",
        "The picture as it came, of one that existed before",
        "of all others",
    ),
    _file_columns(
        "edited_mask",
        "The label on the picture as it came, a grey PNG file",
        "as edited_path",
    ),
)

SAMPLES: Final = pa.schema(
    [
        _IMAGE[0],
        column(
            "label_index",
            pa.int64(),
            "1 for images with a defect, 0 for normal ones and unchanged negatives.",
            values="0, 1",
        ),
        _MASK[0],
        column(
            "split",
            pa.string(),
            "What the image is for. train holds normal images only; train_defects are accepted "
            "defects whose photo is in train, so that no photo is in train and test; review and "
            "reject are what was not accepted, negatives what the spec wants of the latter.",
            values="train, test, train_defects, review, reject, negatives",
        ),
        column("label", pa.string(), "label_index as a word.", values="normal, abnormal"),
        column("sample_id", pa.string(), "The image's name in the dataset, which is unique."),
        column("category", pa.string(), "What the photos show, as the spec says."),
        column(
            "defect_type",
            pa.string(),
            "The class, as the spec names it.",
            values="good, or a defect of the spec",
        ),
        column(
            "verdict",
            pa.string(),
            "Whether the label holds; normal images are accepted.",
            values=", ".join(Verdict),
        ),
        column(
            "negative",
            pa.string(),
            "Why an image of the split negatives is one; empty for all others. unchanged: a model "
            "redrew the photo and nothing visible changed, so it is normal; wrong: a person "
            "rejected what changed, so it is neither normal nor a sample of its class.",
            values=", ".join(get_args(Negative)),
        ),
        column(
            "certified",
            pa.bool_(),
            "True where a proven bound covers the label, or a person accepted it.",
        ),
        column(
            "group",
            pa.string(),
            "Photos of one group, as the spec's images.group tells or because they look the same, "
            "are in one split and fold; a photo alone is called by its name. Empty in tables of an "
            "older kizu.",
        ),
        column(
            "fold",
            pa.int64(),
            "The fold for cross-validation that the group was drawn into; -1 where the spec's "
            "publish.folds asks for none.",
            values="-1, or 0 to folds - 1",
        ),
        column(
            "real_defect",
            pa.string(),
            "The picture whose real defect was moved here, a path below the editor's folder of "
            "real defects; empty of all others. Whoever tests on real defects leaves out of "
            "training what was made of a picture that is tested.",
        ),
        column(
            "real_defect_sha256",
            pa.string(),
            "SHA-256 of that picture's file; empty of all others.",
            values=_HEX,
        ),
        _TOUCHED[0],
        _IMAGE[1],
        _MASK[1],
        _TOUCHED[1],
        _EDITED[0],
        _EDITED_MASK[0],
        _EDITED[1],
        _EDITED_MASK[1],
    ]
)


def _edge(name: str, what: str) -> pa.Field:
    """Return the column of an edge of a box."""
    return column(
        name,
        pa.float64(),
        f"{what} of the box on the published image; the first pixel begins at 0.",
        unit="pixels",
        values="0 to the image's width or height",
    )


_MASK_SOURCES: Final = f"{DIFF_SOURCE}, {TESTIMONY_SOURCE}, review"

_BOX_ALONE: Final = "of detections that are a box without a mask"

INSTANCES: Final = pa.schema(
    [
        column("sample_id", pa.string(), "The image, as in samples."),
        column(
            "annotator",
            pa.string(),
            f"Who found it: {_MASK_SOURCES} for a region of the published mask, by who drew that; "
            "else an annotator's models and settings as JSON.",
        ),
        column(
            "instance",
            pa.int64(),
            "Its number among those of one image and annotator.",
            values="0 and more",
        ),
        _edge("x0", "Left edge"),
        _edge("y0", "Upper edge"),
        _edge("x1", "Right edge, exclusive,"),
        _edge("y1", "Lower edge, exclusive,"),
        column("area_px", pa.int64(), "Its area.", unit="pixels", values="0 and more"),
        column(
            "score",
            pa.float64(),
            "Of a detection the annotator's confidence, of a measured region evidence / (evidence "
            "+ threshold): 0.5 where the mean pixel just counts as changed.",
            values=FRACTION,
        ),
        column(
            "evidence",
            pa.float64(),
            "Mean of the anomaly map over a measured region.",
            unit="noise-floor units of the pair",
            values="0 and more",
            null="of detections, and of regions that no comparison measured",
        ),
        column(
            "phrase",
            pa.string(),
            "The phrase that was found there.",
            null="of regions of the published mask",
        ),
        column(
            "rle_height",
            pa.int64(),
            "Height of the mask below, which is the image's.",
            unit="pixels",
            null=_BOX_ALONE,
        ),
        column(
            "rle_width",
            pa.int64(),
            "Width of the mask below, which is the image's.",
            unit="pixels",
            null=_BOX_ALONE,
        ),
        column(
            "rle_counts",
            pa.string(),
            "Its mask in COCO's compressed run lengths, as pycocotools reads them.",
            null=_BOX_ALONE,
        ),
    ]
)

_NOT_PAIRED: Final = "of all but pictures that existed before"
_NOT_REVIEWED: Final = "where no person decided"
_STAGE_KEY: Final = "Key of what the stage {} made of it: the SHA-256 of all that shaped that."

PROVENANCE: Final = pa.schema(
    [
        column("sample_id", pa.string(), "The image, as in samples."),
        column("normal_name", pa.string(), "Path of the photo below the folder of photos."),
        column(
            "normal_sha256",
            pa.string(),
            "SHA-256 of the photo's file; the edits of one photo have it in common.",
            values=_HEX,
        ),
        column("width", pa.int64(), "Width of the photo.", unit="pixels", values="1 and more"),
        column("height", pa.int64(), "Height of the photo.", unit="pixels", values="1 and more"),
        column("prompt", pa.string(), "What was asked for, in the user's words.", null=_OF_NORMALS),
        column(
            "phrases",
            pa.list_(pa.string()),
            "What the annotators looked for.",
            null=_OF_NORMALS,
        ),
        column(
            "variant",
            pa.int64(),
            "Which of several edits of one photo and defect it is.",
            values="0 and more",
            null=_OF_NORMALS,
        ),
        column("seed", pa.int64(), "The editor's seed.", null=_OF_NORMALS),
        column(
            "editor",
            pa.string(),
            "Name, version and settings of the editor, as JSON.",
            null=_OF_NORMALS,
        ),
        column("model", pa.string(), "The model that made the edit.", null=_OF_NORMALS),
        column(
            "geometry",
            pa.string(),
            "How the photo was cropped, resized, padded and turned for the editor, as JSON.",
            null=_OF_NORMALS,
        ),
        column(
            "cost_usd",
            pa.float64(),
            "What the edit cost.",
            unit="US dollars",
            values="0 and more",
            null=f"{_OF_NORMALS}, and where the price is not known",
        ),
        column(
            "host",
            pa.string(),
            "The host that made the edit; empty for this machine.",
            null=_OF_NORMALS,
        ),
        column(
            "emulated",
            pa.bool_(),
            "True if that was kizu's emulator, which bills nothing and paints.",
            null=_OF_NORMALS,
        ),
        column(
            "picture_sha256",
            pa.string(),
            "SHA-256 of the editor's picture as it was received.",
            values=_HEX,
            null=_OF_NORMALS,
        ),
        column(
            "edited_name",
            pa.string(),
            "Path of the picture below the folder of pictures.",
            null=_NOT_PAIRED,
        ),
        column(
            "paired_by",
            pa.string(),
            "How it found its normal image.",
            values="table, name, content, none",
            null=_NOT_PAIRED,
        ),
        column(
            "match_score",
            pa.float64(),
            "How much of the normal image was found again in it.",
            values=FRACTION,
            null=f"{_NOT_PAIRED}, and where nothing was compared",
        ),
        *(
            column(
                f"{stage.name}_key",
                pa.string(),
                _STAGE_KEY.format(stage.name),
                values=_HEX,
                null=_OF_NORMALS,
            )
            for stage in STAGES
        ),
        *(field for stage in STAGES for field in stage.columns),
        column(
            "stratum",
            pa.string(),
            "Which samples it is proven with, by decisions of their own; empty for none.",
            values=", ".join(filter(None, Stratum)),
            null=_OF_NORMALS,
        ),
        column(
            "made_by",
            pa.string(),
            "Key of prompt, model, annotators and settings: reviews of samples with the same one "
            "speak for it.",
            values=_HEX,
            null=_OF_NORMALS,
        ),
        column(
            "composited",
            pa.bool_(),
            "True where the image is the photo with the change pasted in, false where it is the "
            "editor's own picture.",
            null=_OF_NORMALS,
        ),
        column(
            "digital_source_type",
            pa.string(),
            f"What made the published image, as a term of {IPTC_TERMS}.",
            values=", ".join(DigitalSource),
            null=f"{_OF_NORMALS}, and of pictures that existed before",
        ),
        column("reviewed_by", pa.string(), "The person who decided on it.", null=_NOT_REVIEWED),
        column("reviewed_at", pa.string(), "When, in ISO 8601 UTC.", null=_NOT_REVIEWED),
        column(
            "mask_source",
            pa.string(),
            "Who drew the published mask.",
            values=_MASK_SOURCES,
            null=_OF_NORMALS,
        ),
        column("decision_key", pa.string(), "Key of that decision.", null=_NOT_REVIEWED),
    ]
)

_NOT_BOUGHT: Final = "of edits that cost nothing or were not made"

EDITS: Final = pa.schema(
    [
        column(
            "edit_key",
            pa.string(),
            "The request's key: the SHA-256 of photo, what was asked, editor, variant and seed.",
            values=_HEX,
        ),
        column("sample_id", pa.string(), "The sample it was asked for."),
        column("normal_sha256", pa.string(), "SHA-256 of the photo's file.", values=_HEX),
        column("defect_type", pa.string(), "The class that was asked for."),
        column("prompt", pa.string(), "What was asked for, in the user's words."),
        column(
            "status",
            pa.string(),
            "What came of it. bought: this dataset paid; cached: another one had; emulated: by "
            "kizu's emulator; edited: free of charge; refused: by the service's content filter; "
            "failed: there is none.",
            values="bought, cached, emulated, edited, refused, failed",
        ),
        column("reason", pa.string(), "Why it was refused or failed; else empty."),
        column("model", pa.string(), "The model that made it; empty where there is none."),
        column(
            "cost_usd",
            pa.float64(),
            "What it cost whoever paid.",
            unit="US dollars",
            values="0 and more",
            null="where the price is not known, or there is no edit",
        ),
        column("usage", pa.string(), "Tokens by kind as they were billed, as JSON.", unit="tokens"),
        column("request_id", pa.string(), "The service's own name of the call.", null=_NOT_BOUGHT),
        column("bought_at", pa.string(), "When, in ISO 8601 UTC.", null=_NOT_BOUGHT),
        column(
            "bought_for",
            pa.string(),
            "The dataset that paid; empty for edits that cost nothing.",
            null="in tables of older versions",
        ),
        column(
            "latency_s",
            pa.float64(),
            "How long the service took.",
            unit="seconds",
            values="0 and more",
            null=_NOT_BOUGHT,
        ),
        column(
            "host",
            pa.string(),
            "The host that answered; empty for this machine.",
            null="in tables of older versions",
        ),
        column(
            "emulated",
            pa.bool_(),
            "True if that was kizu's emulator.",
            null="in tables of older versions",
        ),
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
