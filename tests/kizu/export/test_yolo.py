import cv2
import numpy as np
import pytest
import yaml

from kizu.export import export_dataset
from kizu.imaging.codecs import decode_png


@pytest.fixture
def folder(dataset, tmp_path):
    export_dataset(dataset, "yolo", tmp_path / "yolo")
    return tmp_path / "yolo"


def filled(polygon, shape):
    """Fill a polygon as Ultralytics does: points cut to whole pixels, then OpenCV's fillPoly."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [polygon.astype(np.int32)], color=1)
    return mask > 0


def read_label(file, shape):
    union, classes = np.zeros(shape, np.bool_), set()
    for line in file.read_text().splitlines():
        number, *values = line.split()
        classes.add(int(number))
        union |= filled(np.array(values, float).reshape(-1, 2) * (shape[1], shape[0]), shape)
    return union, classes


def test_a_reader_that_fills_polygons_gets_every_pixel_back(folder, masks):
    names = yaml.safe_load((folder / "data.yaml").read_text())["names"]
    for split, name, defect in (
        ("train", "ring", "hole"),
        ("test", "parts", "hole"),
        ("test", "line", "crack"),
    ):
        shape = decode_png((folder / "images" / split / f"{name}.png").read_bytes()).shape[:2]
        found, classes = read_label(folder / "labels" / split / f"{name}.txt", shape)
        assert np.array_equal(found, masks[name]), name
        assert [names[number] for number in classes] == [defect]


def test_a_normal_image_is_background(folder):
    assert (folder / "labels" / "train" / "normal.txt").read_text() == ""


def test_the_test_split_is_what_yolo_validates_on(folder):
    content = yaml.safe_load((folder / "data.yaml").read_text())
    assert (content["train"], content["val"]) == ("images/train", "images/test")
