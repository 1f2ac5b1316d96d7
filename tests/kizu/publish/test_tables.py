import numpy as np
import pyarrow.parquet as pq
import pytest

from kizu.publish import schemas, sorting
from kizu.publish.schemas import SORTED_BY, TABLES
from kizu.publish.tables import write_tables
from kizu.store.keys import sha256_hex


@pytest.fixture
def new_file(tmp_path):
    files = (tmp_path / str(number) for number in range(10**6))
    return lambda: next(files)


@pytest.fixture
def small_groups(monkeypatch):
    monkeypatch.setattr(schemas, "_ROWS_PER_GROUP", 100)
    monkeypatch.setattr(sorting, "_ROWS_AT_A_TIME", 32)
    monkeypatch.setattr(sorting, "_RUN_BYTES", 20_000)


def instance(number):
    return {
        "sample_id": f"s{number:05d}",
        "annotator": "kizu-diff",
        "instance": 0,
        **dict.fromkeys(("x0", "y0", "x1", "y1", "score"), number / 7),
        "area_px": number,
    }


def shuffled(seed, count=1000, size=16):
    rows = [instance(number) for number in np.random.default_rng(seed).permutation(count).tolist()]
    return [{"instances": rows[start : start + size]} for start in range(0, count, size)]


@pytest.mark.usefixtures("small_groups")
def test_equal_rows_give_equal_bytes_in_whatever_order_and_parts_they_come(new_file):
    first = write_tables(shuffled(1), new_file)["instances"]
    second = write_tables(shuffled(2, size=333), new_file)["instances"]
    assert first.file.read_bytes() == second.file.read_bytes()
    assert first.sha256 == second.sha256 == sha256_hex(first.file.read_bytes())
    assert first.rows == 1000


@pytest.mark.usefixtures("small_groups")
def test_what_a_reader_needs_to_skip_rows_is_in_the_file(new_file):
    table = pq.ParquetFile(write_tables(shuffled(1), new_file)["instances"].file)
    groups = [table.metadata.row_group(place) for place in range(table.metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [100] * 10
    names = [table.schema_arrow.names[order.column_index] for order in groups[0].sorting_columns]
    assert tuple(names) == SORTED_BY["instances"]
    ends = [(group.column(0).statistics.min, group.column(0).statistics.max) for group in groups]
    assert ends == [(f"s{n:05d}", f"s{n + 99:05d}") for n in range(0, 1000, 100)]
    assert groups[0].column(0).has_offset_index
    assert groups[0].column(0).has_column_index


def test_tables_without_rows_are_written(new_file):
    written = write_tables([], new_file)
    assert {name: table.rows for name, table in written.items()} == dict.fromkeys(TABLES, 0)
    assert all(pq.read_table(table.file).num_rows == 0 for table in written.values())
