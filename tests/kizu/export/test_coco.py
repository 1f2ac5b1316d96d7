import json

import numpy as np
import pytest
from pycocotools.coco import COCO

from kizu.export import export_dataset


@pytest.fixture
def opened(dataset, tmp_path):
    """Open a split of the export with COCO's own reader."""
    export_dataset(dataset, "coco", tmp_path / "coco")
    return lambda split: COCO(tmp_path / "coco" / "annotations" / f"instances_{split}.json")


def read_mask(coco, image):
    union = np.zeros((image["height"], image["width"]), np.bool_)
    for annotation in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
        union |= coco.annToMask(annotation) > 0
    return union


def test_cocos_own_reader_gives_back_every_pixel(opened, masks):
    found = {}
    for split in ("train", "test"):
        coco = opened(split)
        for image in coco.loadImgs(coco.getImgIds()):
            found[image["file_name"].split("/")[1].removesuffix(".png")] = read_mask(coco, image)
    assert not found.pop("normal").any()
    assert found.keys() == masks.keys()
    for name, mask in masks.items():
        assert np.array_equal(found[name], mask), name


def test_regions_are_annotations_with_their_own_box_area_and_class(opened):
    coco = opened("test")
    names = {category["id"]: category["name"] for category in coco.dataset["categories"]}
    assert names == {1: "crack", 2: "hole"}
    rows = coco.loadAnns(coco.getAnnIds(catIds=2))
    assert sorted(row["bbox"] for row in rows) == [[5, 5, 10, 10], [60, 30, 35, 31]]
    assert sorted(row["area"] for row in rows) == [100, 35 * 31 - 25]


def test_ids_are_distinct_and_files_are_where_they_are_said_to_be(opened, tmp_path):
    for split in ("train", "test"):
        content = opened(split).dataset
        ids = [row["id"] for row in content["annotations"]]
        assert len(set(ids)) == len(ids)
        for image in content["images"]:
            assert (tmp_path / "coco" / "images" / image["file_name"]).is_file()
    assert json.dumps(content)
