import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kizu.publish.manifest_page import page
from kizu.publish.schemas import TABLES, encode_table
from kizu.stages.columns import NEVER, told

PAGE = Path(__file__).parents[3] / "docs" / "manifest.md"


def test_the_page_is_what_the_tables_say():
    made = "python -m kizu.publish.manifest_page > docs/manifest.md"
    assert PAGE.read_text(encoding="utf-8") == page(), f"make it anew: {made}"


@pytest.mark.parametrize("table", TABLES)
def test_every_column_says_in_the_file_what_it_means_and_when_it_is_null(table):
    schema = pq.read_schema(io.BytesIO(encode_table(table, [])))
    for column in schema:
        assert told(column, "description").endswith("."), column.name
        assert column.nullable == (told(column, "null") != NEVER), column.name


@pytest.mark.parametrize("table", TABLES)
def test_every_column_with_a_unit_in_its_name_says_so(table):
    units = {"px": "pixels", "usd": "US dollars", "s": "seconds"}
    named = {field.name: units.get(field.name.rsplit("_", 1)[-1]) for field in TABLES[table]}
    said = {name: told(TABLES[table].field(name), "unit") for name, unit in named.items() if unit}
    assert said == {name: unit for name, unit in named.items() if unit}
