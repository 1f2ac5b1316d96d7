"""Prints ``docs/manifest.md``: what every file and column of a dataset version means.

python -m kizu.publish.manifest_page > docs/manifest.md
"""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from kizu.markdown import table as markdown_table
from kizu.publish.schemas import SORTED_BY, TABLES
from kizu.stages.columns import NEVER, told

_ABOUT: Final = """\
# What a dataset version holds

Made by `python -m kizu.publish.manifest_page > docs/manifest.md`; the words stand in
`kizu/publish/schemas.py` and `kizu/stages/`.

| in `datasets/NAME/` | |
|---|---|
| `VERSION/manifest.json` | what the version is; written last: where it is, the version is whole |
| `VERSION/samples.parquet` | one row per image: files, label, split, verdict |
| `VERSION/instances.parquet` | one row per region of a mask and per detection of an annotator |
| `VERSION/provenance.parquet` | one row per image: how it came about, and its verdict's figures |
| `VERSION/edits.parquet` | one row per edit that was asked for, refusals and failures among them |
| `VERSION/README.md` | the card, as Hugging Face reads one; its pictures lie in `card/` |
| `VERSION/croissant.json` | the tables as Croissant describes them |
| `files/` | pictures and masks, once for all versions that hold them |
| `latest.json` | the latest complete version |

Paths in tables begin at `datasets/NAME/`. What of a column is said below travels with it, in the
metadata of its Parquet field:

```python
import pyarrow.parquet as pq

schema = pq.read_schema("kizu-store/datasets/mugs/VERSION/provenance.parquet")
schema.field("mask_iou").metadata[b"description"]  # also b"unit", b"range", b"null"
```

Rows are sorted, and the files say so, with least and greatest values per row group and page:
DuckDB, polars, pyarrow and pandas skip what a filter does not ask for.

```python
table = "kizu-store/datasets/mugs/VERSION/samples.parquet"
duckdb.sql(f"select split, count(*) from '{table}' group by 1")
```

anomalib 2.7 with pandas 3 cannot put `root=` before text columns as pandas reads them from any file
(`Invalid value for dtype 'str'`). Two lines work:

```python
samples = pandas.read_parquet(f"{root}/VERSION/samples.parquet").astype({"mask_path": object})
Tabular(name="mugs", samples=samples, root=root)  # root: kizu-store/datasets/mugs
```

It trains on the split `train` and tests on `test`, and passes over all others.

## manifest.json
"""

MANIFEST_FIELDS: Final[Mapping[str, str]] = {
    "schema_version": "Version of the tables' columns; a kizu reads those up to its own.",
    "dataset": "The dataset's name.",
    "version": "The version's name, which follows from its content: equal content, equal name.",
    "recipe": "The settings of the spec that shape the dataset, paths left out.",
    "decoding": "How the files of `edited_path` are read: `depth_bits` and `profiles` of the "
    "spec's `images` where they are not the defaults.",
    "rows": "Number of rows by table.",
    "sha256": "SHA-256 of each table's file, which 'kizu verify' holds them against.",
    "files": "SHA-256 of the card's files, by their paths within the version.",
    "checksum": "SHA-256 of this file's content and place, without this field.",
}

_TABLE_HEADS: Final = ("column", "type", "meaning", "unit", "range", "null")


def page() -> str:
    """Return the page in Markdown."""
    fields = markdown_table(
        ("field", "meaning"), ((f"`{name}`", text) for name, text in MANIFEST_FIELDS.items())
    )
    return "\n".join([_ABOUT, fields, *(_section(name) for name in TABLES)])


def _section(table: str) -> str:
    """Return what is said of one table."""
    order = ", ".join(f"`{column}`" for column in SORTED_BY[table])
    rows = markdown_table(_TABLE_HEADS, (_cells(field) for field in TABLES[table]))
    return f"## {table}.parquet\n\nSorted by {order}.\n\n{rows}"


def _cells(field: pa.Field) -> tuple[str, ...]:
    null = told(field, "null")
    said = (told(field, what) for what in ("description", "unit", "range"))
    return f"`{field.name}`", _kind(field.type), *said, "" if null == NEVER else null


def _kind(kind: pa.DataType) -> str:
    return f"list of {kind.value_type}" if pa.types.is_list(kind) else str(kind)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - this is what it is for
