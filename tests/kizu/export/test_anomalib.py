import csv

from kizu.export import export_dataset


def test_the_table_names_files_that_are_there_by_the_columns_that_anomalib_reads(
    odd_dataset, tmp_path
):
    folder = tmp_path / "anomalib"
    export_dataset(odd_dataset, "anomalib", folder)
    with (folder / "tabular.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == len(odd_dataset)
    for row in rows:
        assert (folder / row["image_path"]).is_file()
        is_normal = row["defect_type"] == "good"
        assert row["label_index"] == ("0" if is_normal else "1")
        assert (row["mask_path"] == "") == is_normal
        assert is_normal or (folder / row["mask_path"]).is_file()
        is_trained_on = row["split"] == "train"
        assert not is_trained_on or is_normal


def test_what_loads_it_lies_beside_it(dataset, tmp_path):
    export_dataset(dataset, "anomalib", tmp_path / "anomalib")
    script = (tmp_path / "anomalib" / "load.py").read_text(encoding="utf-8")
    assert script in (tmp_path / "anomalib" / "README.md").read_text(encoding="utf-8")
