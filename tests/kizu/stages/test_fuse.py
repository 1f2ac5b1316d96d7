import cv2
import numpy as np
import pytest

from kizu.diff import Status
from kizu.diff.storage import open_composite, open_diff_mask
from kizu.edit.storage import open_edit
from kizu.grounding import GroundingSettings, annotator_version
from kizu.grounding.detections import Detections
from kizu.grounding.storage import save_detections
from kizu.imaging.crops import connected_regions, union_of
from kizu.stages import DIFF, EDIT, FUSE, GROUNDING

NONE = annotator_version(GroundingSettings(annotator="none"))


def test_without_annotators_the_mask_of_record_is_the_diffs(through, inputs):
    assert through(EDIT, DIFF, FUSE).made == 4
    for sample in inputs():
        record = FUSE.result(sample)
        assert record.is_diff
        assert not record.composited
        assert np.array_equal(FUSE.mask(sample), open_diff_mask(DIFF.folder(sample)))
        if DIFF.result(sample).status is Status.CHANGED:
            pasted = open_composite(DIFF.folder(sample), sample.normal)
            assert np.array_equal(FUSE.composite(sample).image, pasted.image)


def _beside(image):
    """Return a picture with a red square in its emptiest corner, besides what is there."""
    changed = image.copy()
    changed[:9, :9] = (200, 30, 30)
    return changed


def test_a_side_effect_is_neither_in_the_mask_nor_in_the_composite(through, inputs, monkeypatch):
    monkeypatch.setattr("kizu.stages.inputs.open_edit", _with_side_effect)
    through(EDIT, DIFF, annotators=(NONE,))
    judged = 0
    for sample in inputs(annotators=(NONE,)):
        whole = open_diff_mask(DIFF.folder(sample))
        corner = whole[:12, :12].any()
        regions = [r for r in connected_regions(whole) if r.x0 > 12 or r.y0 > 12]
        if DIFF.result(sample).status is not Status.CHANGED or not (corner and regions):
            continue
        asked = union_of(regions, whole.shape)
        boxes = np.array([region.xyxy for region in regions], np.float32)
        masks = np.stack([union_of([region], whole.shape) for region in regions])
        sure = np.ones(len(regions), np.float32)
        found = Detections(boxes, masks, sure, ("a hole",) * len(regions))
        save_detections(GROUNDING.folders(sample)[NONE], NONE, found)
        FUSE.make(sample)
        assert np.array_equal(FUSE.mask(sample), asked)
        assert FUSE.result(sample).composited
        pasted = FUSE.composite(sample)
        assert np.array_equal(pasted.image[:9, :9], sample.normal[:9, :9])
        assert not np.array_equal(
            open_composite(DIFF.folder(sample), sample.normal).image[:9, :9], pasted.image[:9, :9]
        )
        judged += 1
    assert judged >= 2


SHIFT_PX = (3, 2)  # of 96: registration reaches 4 % of a side
MARK, NEW = (20, 30, 32, 40), (50, 60, 66, 74)
"""In the normal image: where it looks like a defect, and where there is nothing."""


def _shifted(box, right, down):
    return box[0] + right, box[1] + down, box[2] + right, box[3] + down


def _with_shift(store, record, photo):
    edited = open_edit(store, record, photo)
    shift = np.array([[1, 0, SHIFT_PX[0]], [0, 1, SHIFT_PX[1]]], np.float64)
    return cv2.warpAffine(edited, shift, edited.shape[1::-1], borderMode=cv2.BORDER_REFLECT_101)


@pytest.mark.parametrize("on_normal", [True, False])
def test_what_stands_on_the_normal_image_is_no_testimony_though_the_edit_is_moved(
    through, inputs, answers, monkeypatch, on_normal
):
    monkeypatch.setattr("kizu.stages.inputs.open_edit", _with_shift)
    normals = []

    def answer(image, _):
        if any(np.array_equal(image, normal) for normal in normals):
            return [(MARK, 0.5)]
        return [(_shifted(MARK, *SHIFT_PX), 0.5), (_shifted(NEW, *SHIFT_PX), 0.5)]

    chosen = answers(answer, rivals=False, on_normal=on_normal)
    through(EDIT, **chosen)
    normals += [sample.normal for sample in inputs(**chosen)]
    through(DIFF, GROUNDING, **chosen)
    registered = 0
    for sample in inputs(**chosen):
        affine = np.array(DIFF.result(sample).normal_from_edited)
        if not np.allclose(affine[:, 2], np.negative(SHIFT_PX), atol=0.5):
            continue
        [kept] = FUSE.testimony(sample).values()
        boxes = [_shifted(NEW, *SHIFT_PX)] if on_normal else [_shifted(MARK, *SHIFT_PX)]
        assert list(boxes[0]) in kept.xyxy.tolist()
        assert len(kept) == (1 if on_normal else 2)
        registered += 1
    assert registered >= 2


def test_a_mask_of_the_whole_picture_is_no_testimony(through, inputs, looked_at):
    chosen = looked_at({"annotator": "demo-grounding-dino", "rivals": False, "on_normal": False})
    [version] = chosen["annotators"]
    through(EDIT, DIFF, **chosen)
    for sample in inputs(**chosen):
        height, width = sample.normal.shape[:2]
        boxes, sure = np.array([[10, 10, 30, 30]], np.float32), np.ones(1, np.float32)
        whole = Detections(boxes, np.ones((1, height, width), bool), sure, ("a hole",))
        save_detections(GROUNDING.folders(sample)[version], version, whole)
        assert [len(kept) for kept in FUSE.testimony(sample).values()] == [0]
        assert len(GROUNDING.results(sample)[0].phrase) == 1


def _with_side_effect(store, record, photo):
    return _beside(open_edit(store, record, photo))
