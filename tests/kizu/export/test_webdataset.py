import json
import tarfile

import numpy as np
import pytest

from kizu.export import export_dataset, webdataset


@pytest.fixture
def folder(odd_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(webdataset, "_MOST_BYTES", 50_000)  # of a shard
    export_dataset(odd_dataset, "webdataset", tmp_path / "shards")
    return tmp_path / "shards"


# webdataset 1.0.2 leaves it to the garbage collector to close a shard
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io:pytest.PytestUnraisableExceptionWarning"
)
def test_webdataset_reads_images_masks_and_classes_from_several_shards(
    folder, odd_dataset, odd_masks
):
    import webdataset as wds

    classes = json.loads((folder / "classes.json").read_text("utf-8"))
    seen = set()
    for split in ("train", "test"):
        shards = sorted(str(file) for file in folder.glob(f"{split}-*.tar"))
        assert len(shards) > 1
        data = wds.WebDataset(shards, shardshuffle=False).decode("rgb8")
        for image, mask, label, row in data.to_tuple("image.png", "mask.png", "cls", "json"):
            published = odd_dataset[row["sample_id"]]
            assert np.array_equal(image, published.image())
            assert np.array_equal(mask[..., 0] > 0, odd_masks[row["sample_id"]])
            assert classes[label] == published.row["defect_type"] == row["defect_type"]
            told = ("group", "real_defect", "real_defect_sha256")
            assert {key: row[key] for key in told} == {key: published.row[key] for key in told}
            seen.add(row["sample_id"])
    assert seen == set(odd_masks)


def test_the_parts_of_a_sample_lie_together_and_are_the_published_files(folder, odd_dataset):
    for file in folder.glob("*.tar"):
        with tarfile.open(file) as archive:
            names = archive.getnames()
            keys = [name.split(".", 1)[0] for name in names]
            assert keys == [key for key in dict.fromkeys(keys) for _ in range(4)]
            row = json.load(archive.extractfile(f"{keys[0]}.json"))
            image = archive.extractfile(f"{keys[0]}.image.png").read()
            assert image == odd_dataset[row["sample_id"]].read("image")
