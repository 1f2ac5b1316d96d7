import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kizu.publish.schemas import SAMPLES, TABLES, ManifestError, decode_table, encode_table

ROW = {
    "image_path": "images/good/a.png",
    "label_index": 0,
    "mask_path": "",
    "split": "train",
    "label": "normal",
    "sample_id": "a",
    "category": "皿",
    "defect_type": "good",
    "verdict": "accept",
    "certified": False,
    "group": "a.png",
    "fold": -1,
    "real_defect": "",
    "real_defect_sha256": "",
    "negative": "",
    "touched_path": "",
    "edited_path": "",
    "edited_mask_path": "",
    "image_sha256": "ab" * 32,
    "mask_sha256": "",
    "touched_sha256": "",
    "edited_sha256": "",
    "edited_mask_sha256": "",
}


def test_samples_have_the_columns_anomalib_reads():
    assert {"image_path", "label_index", "mask_path", "split", "label"} <= set(SAMPLES.names)
    assert SAMPLES.field("label_index").type == pa.int64()


def test_samples_refuse_nulls():
    with pytest.raises(ValueError, match=r"'split'.*non-nullable"):
        encode_table("samples", [{**ROW, "split": None}])


def test_equal_rows_give_equal_bytes():
    assert encode_table("samples", [ROW]) == encode_table("samples", [dict(reversed(ROW.items()))])


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_read_as_it_was_written(table):
    decoded = decode_table(table, encode_table(table, []))
    assert decoded.schema.names == TABLES[table].names
    assert decoded.num_rows == 0


def test_rows_come_back():
    assert decode_table("samples", encode_table("samples", [ROW])).to_pylist() == [ROW]


def test_a_table_of_an_older_version_gets_its_missing_columns_as_null():
    older = pq.read_table(io.BytesIO(encode_table("samples", [ROW]))).drop_columns(["category"])
    buffer = io.BytesIO()
    pq.write_table(older, buffer)
    [row] = decode_table("samples", buffer.getvalue()).to_pylist()
    assert row == {**ROW, "category": None}


def test_a_table_of_a_newer_version_says_so():
    newer = pq.read_table(io.BytesIO(encode_table("samples", [ROW])))
    metadata = {**newer.schema.metadata, b"kizu.schema_version": b"99"}
    buffer = io.BytesIO()
    pq.write_table(newer.replace_schema_metadata(metadata), buffer)
    with pytest.raises(ManifestError, match=r"version 99.*update kizu"):
        decode_table("samples", buffer.getvalue())


def test_another_table_is_not_taken_for_this_one():
    with pytest.raises(ManifestError, match="expected the table 'edits', found 'samples'"):
        decode_table("edits", encode_table("samples", [ROW]))
