"""Tables as 0.2.0 wrote them (schema version 2), read with the columns of today."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kizu.publish.schemas import TABLES, decode_parts, decode_table


def written_by_0_2(table, row):
    metadata = {"kizu.schema_version": "2", "kizu.table": table}
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row]).replace_schema_metadata(metadata), sink)
    return sink.getvalue()


MEASURED = {"sample_id": "s", "annotator": "kizu-diff", "score": 37.5, "phrase": None}
DETECTED = {"sample_id": "s", "annotator": "{}", "score": 0.4, "phrase": "a hole"}
PROVENANCE = {
    "sample_id": "s",
    "ground_key": "ab",
    "drift_figures": '{"chroma_gain":1.0,"identical_share":0.25}',
    "agreement_settings": '{"max_box_ratio":4.0,"min_coverage":0.8,"min_mask_iou":0.5}',
    "coverage": 0.9,
    "box_ratio": 1.5,
}


@pytest.mark.parametrize(
    ("row", "score", "evidence"), [(MEASURED, None, 37.5), (DETECTED, 0.4, None)]
)
def test_what_was_a_score_in_noise_floor_units_is_evidence(row, score, evidence):
    [read] = decode_table("instances", written_by_0_2("instances", row)).to_pylist()
    assert (read["score"], read["evidence"]) == (score, evidence)
    assert (read["annotator"], read["phrase"]) == (row["annotator"], row["phrase"])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("grounding_key", "ab"),
        ("drift_metrics", '{"chroma_gain":1.0,"identical_fraction":0.25}'),
        (
            "agreement_settings",
            '{"max_box_area_ratio":4.0,"min_mask_containment":0.8,"min_mask_iou":0.5}',
        ),
        ("mask_containment", 0.9),
        ("box_area_ratio", 1.5),
    ],
)
def test_what_has_another_name_now_is_read_by_it(column, value):
    [read] = decode_table("provenance", written_by_0_2("provenance", PROVENANCE)).to_pylist()
    assert read[column] == value


def test_all_columns_of_today_are_there_part_by_part():
    for table, row in (("instances", MEASURED), ("provenance", PROVENANCE)):
        [part] = decode_parts(table, io.BytesIO(written_by_0_2(table, row)), 10)
        assert part.column_names == TABLES[table].names


def test_a_table_that_does_not_say_which_real_defect_was_moved_names_none():
    table = pa.table({"sample_id": ["s"], "group": ["part 1"], "fold": [0], "negative": [""]})
    sink = io.BytesIO()
    metadata = {"kizu.schema_version": "6", "kizu.table": "samples"}
    pq.write_table(table.replace_schema_metadata(metadata), sink)
    wanted = ("group", "real_defect", "real_defect_sha256")
    [part] = decode_parts("samples", sink, 10, wanted)
    assert part.to_pylist() == [{"group": "part 1", "real_defect": "", "real_defect_sha256": ""}]


@pytest.mark.parametrize(
    ("annotator", "annotators"), [('{"annotator": "sam3"}', True), (None, False)]
)
def test_the_annotator_there_was_is_read_as_the_only_one(annotator, annotators):
    schema = pa.schema([("sample_id", pa.string()), ("annotator", pa.string())])
    table = pa.Table.from_pylist([{"sample_id": "s", "annotator": annotator}], schema=schema)
    sink = io.BytesIO()
    metadata = {"kizu.schema_version": "3", "kizu.table": "provenance"}
    pq.write_table(table.replace_schema_metadata(metadata), sink)
    [read] = decode_table("provenance", sink.getvalue()).to_pylist()
    assert read["annotators"] == ([annotator] if annotators else None)
    assert "annotator" not in read
