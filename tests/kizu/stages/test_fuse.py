import numpy as np

from kizu.diff import Status
from kizu.diff.storage import open_composite, open_diff_mask
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
            pasted = open_composite(DIFF.folder(sample))
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
            open_composite(DIFF.folder(sample)).image[:9, :9], pasted.image[:9, :9]
        )
        judged += 1
    assert judged >= 2


def _with_side_effect(store, record, photo):
    from kizu.edit.storage import open_edit

    return _beside(open_edit(store, record, photo))
