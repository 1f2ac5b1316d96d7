import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from kizu.export import export_dataset, huggingface
from kizu.imaging.crops import connected_regions


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(odd_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface, "_MOST_BYTES", 30_000)  # of a shard
    monkeypatch.setattr(huggingface, "_GROUP_ROWS", 2)
    export_dataset(odd_dataset, "huggingface", tmp_path / "hub")
    return tmp_path / "hub"


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_loads_pictures_masks_and_classes(
    folder, odd_dataset, odd_masks, streaming, tmp_path
):
    from datasets import load_dataset

    cache = str(tmp_path / "loaded")
    found = load_dataset(str(folder), streaming=streaming, cache_dir=cache)
    seen = set()
    for split in ("train", "test"):
        classes = found[split].features["label"]
        for row in found[split]:
            name, published = row["sample_id"], odd_dataset[row["sample_id"]]
            mask = odd_masks[name]
            assert np.array_equal(np.asarray(row["image"]), published.image())
            assert classes.int2str(row["label"]) == published.row["defect_type"]
            assert (row["mask"] is None) == published.is_normal
            assert row["mask"] is None or np.array_equal(np.asarray(row["mask"]) > 0, mask)
            assert row["boxes"] == [list(region.xyxy) for region in connected_regions(mask)]
            told = ("split", "group", "real_defect", "real_defect_sha256")
            assert {key: row[key] for key in told} == {key: published.row[key] for key in told}
            seen.add(name)
    assert seen == set(odd_masks)


def test_shards_are_counted_in_their_names_and_read_a_few_rows_at_a_time(folder):
    shards = sorted(file.name for file in (folder / "data").glob("test-*"))
    assert len(shards) > 1
    assert shards == [f"test-{n:05d}-of-{len(shards):05d}.parquet" for n in range(len(shards))]
    for file in (folder / "data").iterdir():
        about = pq.ParquetFile(file).metadata
        assert max(about.row_group(n).num_rows for n in range(about.num_row_groups)) <= 2


def test_the_card_starts_with_what_the_hub_reads(folder):
    _, head, text = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    [config] = yaml.safe_load(head)["configs"]
    assert [each["split"] for each in config["data_files"]] == ["test", "train"]
    assert "load_dataset" in text
