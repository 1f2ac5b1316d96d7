"""Publishes a dataset version: files first, tables next, the manifest last, then the pointer."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kizu.planning import edited_images
from kizu.publish.layout import MANIFEST, VersionFolder, good_image, latest_path
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.publish.rows import File, Row, normal_provenance, normal_row
from kizu.publish.schemas import SCHEMA_VERSION, TABLES, encode_table
from kizu.sources import NormalImage
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.store.keys import sha256_hex


class VersionChangedError(RuntimeError):
    """What a version is made from changed while it was published."""


_SORTED_BY: Final = {
    "samples": ("image_path",),
    "instances": ("sample_id", "annotator", "instance"),
    "provenance": ("sample_id",),
    "edits": ("sample_id", "edit_key"),
}


def publish_normals(
    store: Store, version: VersionFolder, spec: DatasetSpec, images: Sequence[NormalImage]
) -> dict[str, list[Row]]:
    """Copy the normal images into a version and return their rows by table name."""
    edited = {image.sha256 for image in edited_images(spec, images)}
    rows = []
    for image in images:
        data = store.read(image.path)
        store.write(version.path(good_image(image)), data)
        file = File(good_image(image), sha256_hex(data))
        rows.append(normal_row(image, spec, file, edited=image.sha256 in edited))
    return {"samples": rows, "provenance": [normal_provenance(image) for image in images]}


def publish_tables(
    store: Store,
    version: VersionFolder,
    spec: DatasetSpec,
    outcomes: Sequence[Outcome],
    parts: Iterable[Mapping[str, list[Row]]],
) -> None:
    """Write the tables and then the manifest, which completes the version.

    Args:
        store: The store.
        version: The version.
        spec: The dataset.
        outcomes: How far the samples came when the version was named.
        parts: Rows by table name.

    Raises:
        VersionChangedError: The rows are not those of the outcomes that name the version.
    """
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    for part in parts:
        for table, some in part.items():
            rows[table].extend(some)
    _check_content(version, outcomes, rows["provenance"])
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


def _check_content(
    version: VersionFolder, outcomes: Sequence[Outcome], provenance: Sequence[Row]
) -> None:
    """Refuse rows of something made since the version was named: its name is its content."""
    named = {o.sample_id: o.agree_key for o in outcomes if o.status is SampleStatus.JUDGED}
    found = {row["sample_id"]: row["agree_key"] for row in provenance if row.get("agree_key")}
    odd = sorted(dict(named.items() ^ found.items()))
    if odd:
        raise VersionChangedError(
            f"{odd[0]} changed while version {version.version} of {version.dataset} was "
            "published, by another build; build again"
        )


def point_to_latest(store: Store, version: VersionFolder) -> None:
    """Make a complete version the dataset's latest one."""
    store.write_json(latest_path(version.dataset), {"version": version.version})


def _write_table(store: Store, version: VersionFolder, table: str, rows: list[Row]) -> str:
    columns = _SORTED_BY[table]
    rows.sort(key=lambda row: tuple(row[column] for column in columns))
    data = encode_table(table, rows)
    store.write(version.path(f"{table}.parquet"), data)
    return sha256_hex(data)
