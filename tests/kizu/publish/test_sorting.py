import math

import numpy as np
import pyarrow as pa
import pytest

from kizu.publish import sorting
from kizu.publish.sorting import SortedRows

SCHEMA = pa.schema([("name", pa.string()), ("number", pa.int64()), ("text", pa.string())])


@pytest.fixture
def small_runs(monkeypatch):
    """Rows of a few kilobytes fill a run, and a few runs are too many to merge at once."""
    monkeypatch.setattr(sorting, "_ROWS_AT_A_TIME", 50)
    monkeypatch.setattr(sorting, "_RUN_BYTES", 10_000)
    monkeypatch.setattr(sorting, "_MOST_RUNS", 4)
    monkeypatch.setattr(sorting, "_BATCH_BYTES", 1_000)


@pytest.fixture
def new_file(tmp_path):
    files = (tmp_path / str(number) for number in range(10**6))
    return lambda: next(files)


def rows_of(count):
    names = ("zange", "Äpfel", "皿", "apple", "")
    rows = [
        {"name": names[n % len(names)], "number": n, "text": "x" * (n % 90)} for n in range(count)
    ]
    return [rows[place] for place in np.random.default_rng(0).permutation(count)]


@pytest.mark.usefixtures("small_runs")
@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 3000])
def test_rows_come_out_sorted_however_many_runs_they_take(new_file, tmp_path, count):
    rows = SortedRows(SCHEMA, ("name", "number"), new_file)
    given = rows_of(count)
    for start in range(0, count, 16):
        rows.extend(given[start : start + 16])
    found = [row for batch in rows.batches() for row in batch.to_pylist()]
    assert found == sorted(given, key=lambda row: (row["name"], row["number"]))
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("small_runs")
def test_few_rows_are_held_at_a_time(new_file):
    rows = SortedRows(SCHEMA, ("name", "number"), new_file)
    rows.extend(rows_of(3000))
    assert max(batch.nbytes for batch in rows.batches()) < 10_000


@pytest.mark.usefixtures("small_runs")
def test_a_row_is_written_anew_once_a_level_and_not_with_every_merge(new_file, monkeypatch):
    written, write = [], sorting._written

    def count(tables, *rest):
        def counted():
            for table in tables:
                written.append(table.num_rows)
                yield table

        return write(counted(), *rest)

    monkeypatch.setattr(sorting, "_written", count)
    rows = SortedRows(SCHEMA, ("name", "number"), new_file)
    rows.extend(rows_of(6000))
    assert sum(batch.num_rows for batch in rows.batches()) == 6000
    levels = math.ceil(math.log(6000 / 50, 4))  # a run has 50 rows at least
    assert sum(written) <= levels * 6000


@pytest.mark.usefixtures("small_runs")
def test_rows_of_one_key_are_all_kept(new_file):
    rows = SortedRows(SCHEMA, ("name",), new_file)
    rows.extend([{"name": "a", "number": n, "text": "x" * 90} for n in range(1000)])
    found = [row["number"] for batch in rows.batches() for row in batch.to_pylist()]
    assert sorted(found) == list(range(1000))
