import numpy as np

from kizu.grounding import Detections
from kizu.grounding.storage import DetectionsRecord, open_detections, save_detections
from kizu.store import StageFolder, Store

STORED = {
    "annotator": "v",
    "xyxy": [[1.0, 0.0, 2.0, 2.0]],
    "confidence": [0.5],
    "phrase": ["a hole"],
    "rle": [{"size": [2, 2], "counts": "22"}],
}
MASKS = np.array([[[False, True], [False, True]]])


def detections(masks):
    box = np.array([[1, 0, 2, 2]], np.float32)
    return Detections(box, masks, np.array([0.5], np.float32), ("a hole",))


def test_stored_detections_have_this_form(tmp_path):
    folder = StageFolder(Store(str(tmp_path)), "grounding", "key")
    save_detections(folder, "v", detections(MASKS))
    record = folder.record()
    assert {name: record[name] for name in STORED} == STORED


def test_detections_come_back_from_the_store(tmp_path):
    folder = StageFolder(Store(str(tmp_path)), "grounding", "key")
    save_detections(folder, "v", detections(MASKS))
    found = open_detections(folder).detections()
    assert (found.xyxy.tolist(), found.confidence.tolist()) == ([[1, 0, 2, 2]], [0.5])
    assert found.phrase == ("a hole",)
    assert np.array_equal(found.union_mask((2, 2)), MASKS[0])


def test_detections_without_masks_come_back_without():
    found = DetectionsRecord.model_validate({**STORED, "rle": None}).detections()
    assert found.rle is None
    assert found.union_mask((2, 3)).tolist() == [[False, True, False], [False, True, False]]


def test_no_detections_come_back_as_none():
    empty = {"annotator": "v", "xyxy": [], "confidence": [], "phrase": [], "rle": []}
    found = DetectionsRecord.model_validate(empty).detections()
    assert (len(found), found.xyxy.shape) == (0, (0, 4))
