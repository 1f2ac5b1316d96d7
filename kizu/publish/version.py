"""Publishes a dataset version: files first, tables next, the manifest last, then the pointer."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kizu.edit.planning import edited_images
from kizu.keys import sha256_hex
from kizu.publish.layout import MANIFEST, VersionFolder, good_image, latest_path
from kizu.publish.manifests import SCHEMA_VERSION, TABLES, encode_table
from kizu.publish.rows import Row, good_provenance, good_row
from kizu.source import NormalImage
from kizu.spec import DatasetSpec
from kizu.store import Store

_SORTED_BY: Final = {
    "samples": ("image_path",),
    "instances": ("sample_id", "annotator", "instance"),
    "provenance": ("sample_id",),
    "edits": ("sample_id", "edit_key"),
}


def publish_goods(
    store: Store, version: VersionFolder, spec: DatasetSpec, images: Sequence[NormalImage]
) -> dict[str, list[Row]]:
    """Copy the normal images into a version and return their rows by table name."""
    edited = {image.sha256 for image in edited_images(spec, images)}
    for image in images:
        store.write(version.path(good_image(image)), store.read(image.path))
    return {
        "samples": [good_row(image, spec, edited=image.sha256 in edited) for image in images],
        "provenance": [good_provenance(image) for image in images],
    }


def publish_tables(
    store: Store,
    version: VersionFolder,
    spec: DatasetSpec,
    parts: Iterable[Mapping[str, list[Row]]],
) -> dict[str, Any]:
    """Write the tables and then the manifest, which completes the version.

    Returns:
        The manifest.
    """
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    for part in parts:
        for table, some in part.items():
            rows[table].extend(some)
    digests = {table: _write_table(store, version, table, rows[table]) for table in TABLES}
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "dataset": version.dataset,
        "version": version.version,
        "recipe": spec.recipe(),
        "rows": {table: len(rows[table]) for table in TABLES},
        "sha256": digests,
    }
    store.write_json(version.path(MANIFEST), manifest)
    return manifest


def point_to_latest(store: Store, version: VersionFolder) -> None:
    """Make a complete version the dataset's latest one."""
    store.write_json(latest_path(version.dataset), {"version": version.version})


def _write_table(store: Store, version: VersionFolder, table: str, rows: list[Row]) -> str:
    columns = _SORTED_BY[table]
    rows.sort(key=lambda row: tuple(row[column] for column in columns))
    data = encode_table(table, rows)
    store.write(version.path(f"{table}.parquet"), data)
    return sha256_hex(data)
