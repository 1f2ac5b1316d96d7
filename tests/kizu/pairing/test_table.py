import pandas as pd
import pytest

from kizu.edit.regions import BoxRegion
from kizu.pairing.table import read_table
from kizu.sources import SourceError

BOX = BoxRegion(x0=0.1, y0=0.2, x1=0.5, y1=0.6)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_csv_as_spreadsheets_write_it_is_read(tmp_path, separator, mark):
    lines = [
        ["Normal ", "edited", "DEFECT_TYPE", "phrases", "region"],
        ["1.png", "a.png", "crack", '"a crack; a thin line"', '"0.1, 0.2, 0.5, 0.6"'],
        [""] * 5,
        ["", "b.png", "stain", "", ""],
    ]
    text = "\r\n".join(separator.join(line) for line in lines)
    (tmp_path / "pairs.csv").write_bytes(mark + text.encode())
    first, second = read_table(str(tmp_path / "pairs.csv"))
    assert (first.normal, first.phrases, first.region) == ("1.png", ("a crack", "a thin line"), BOX)
    assert (second.place, second.normal, second.region) == ("row 4 of pairs.csv", "", None)


def test_a_parquet_file_may_have_lists_numbers_and_gaps(tmp_path):
    file = str(tmp_path / "pairs.parquet")
    pd.DataFrame(
        {
            "normal": ["1.png", None],
            "edited": [1, 2],
            "defect_type": ["crack", "crack"],
            "phrases": [["a crack"], None],
            "region": [None, [0.1, 0.2, 0.5, 0.6]],
        }
    ).to_parquet(file)
    first, second = read_table(file)
    assert (first.edited, first.phrases, first.region) == ("1", ("a crack",), None)
    assert (second.normal, second.phrases, second.region) == ("", (), BOX)


def test_a_row_that_cannot_be_used_costs_itself_alone(tmp_path):
    rows = ["1,,a,", "1,2,a,0.1 0.2", "1,2,a,,,", "1,3,a,"]
    file = tmp_path / "pairs.csv"
    file.write_text("\n".join(["normal,edited,defect_type,region", *rows]))
    read = read_table(str(file))
    assert [bool(row.trouble) for row in read] == [True, True, True, False]
    assert all(row.trouble.startswith(f"{row.place} has ") for row in read[:3])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("normal,edited\n1,2\n", "has no column defect_type; it needs normal, edited"),
        ("normal,Normal,edited,defect_type\n", "has the column 'normal' twice"),
        ("normal,edited,defect_type\n1,2,a,b\n", "row 2 of pairs.csv has 4 cells for 3 columns"),
        ("normal,edited,defect_type\n1,,a\n", "row 2 of pairs.csv has no edited; fill it in"),
        ("normal,edited,defect_type,region\n1,2,a,0.1 0.2\n", "row 2 .* the region '0.1 0.2'"),
        ("normal,edited,defect_type,region\n1,2,a,0.5 0 0.1 1\n", "row 2 of pairs.csv has the reg"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_in_one_sentence(tmp_path, text, sentence):
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(SourceError, match=f"editor.table: .*{sentence}"):
        read_table(str(tmp_path / "pairs.csv"))


def test_a_table_that_is_not_there_or_no_text_is_named(tmp_path):
    with pytest.raises(SourceError, match="there is no file"):
        read_table(str(tmp_path / "none.csv"))
    (tmp_path / "pairs.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match=r"pairs.csv cannot be read as CSV in UTF-8"):
        read_table(str(tmp_path / "pairs.csv"))
