"""Outlines that a segmenter draws where the diff points: they move masks and count for nothing."""

import json

import numpy as np
import pytest

from kizu.diff import Status
from kizu.diff.storage import open_composite, open_diff_mask
from kizu.grounding import GroundingUnavailable
from kizu.imaging.boxes import box_of
from kizu.imaging.crops import MaskCrop
from kizu.imaging.masks import mask_iou
from kizu.imaging.morphology import dilate
from kizu.stages import DIFF, EDIT, FUSE, GROUNDING, VERDICT, outlines

PAIR = "demo-grounding-dino+demo-sam"
ALONE = {"rivals": False, "on_normal": False, "annotator": PAIR}


class Shown:
    """Stands for a segmenter: it draws what the test says for each box that it is shown."""

    def __init__(self, draw):
        self._draw = draw
        self.boxes = []

    def segment(self, image, xyxy):
        self.boxes.append(xyxy)
        return np.stack([self._draw(box, image.shape[:2]) for box in xyxy])


@pytest.fixture
def judged(through, inputs, answers, monkeypatch):
    """Return a function that judges edits whose every change is found, with and without outlines.

    It takes the segmenter that draws them, or None for the one with demonstration weights.
    """

    def judge(segmenter, *, outlined=True):
        changes = []

        def answer(image, _):
            return [(box, 0.6) for edited, box in changes if np.array_equal(image, edited)]

        chosen = answers(answer, outlines=outlined, **ALONE)
        if segmenter is not None:
            monkeypatch.setattr(outlines, "_load", lambda *_: segmenter)
        through(EDIT, DIFF, **chosen)
        for sample in inputs(**chosen):
            [box] = box_of(open_diff_mask(DIFF.folder(sample)))
            changes.append((sample.edited, box))
        report = through(GROUNDING, FUSE, VERDICT, **chosen)
        assert report.made == len(changes)
        return inputs(**chosen)

    return judge


def grown(box, shape):
    """Return an ellipse in a box, which every change of the painter's fills otherwise."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    return ((x - middle[0]) / half[0]) ** 2 + ((y - middle[1]) / half[1]) ** 2 <= 1


def whole(_, shape):
    return np.ones(shape, bool)


@pytest.mark.parametrize(
    "segmenter",
    [Shown(grown), pytest.param(None, marks=pytest.mark.slow)],
    ids=["drawn", "demo weights"],
)
def test_outlines_move_the_mask_of_record_and_change_no_verdict_and_no_figure(judged, segmenter):
    before, after = judged(segmenter, outlined=False), judged(segmenter)
    moved = 0
    for plain, drawn in zip(before, after, strict=True):
        assert VERDICT.result(plain) == VERDICT.result(drawn)
        assert np.array_equal(FUSE.fused(plain).mask, FUSE.fused(drawn).mask)
        record = FUSE.result(drawn)
        assert record.outlined == (not np.array_equal(FUSE.mask(plain), FUSE.mask(drawn)))
        assert record.outlined != record.is_diff
        moved += record.outlined
    assert moved >= 2


def test_the_composite_holds_all_of_the_change_and_the_label_is_the_outline(judged):
    for sample in judged(Shown(grown)):
        pasted, label = FUSE.composite(sample), FUSE.mask(sample)
        assert not (pasted.label & ~pasted.touched).any()
        assert mask_iou(pasted.label, label) > 0.7  # carried into the normal image's frame
        assert np.array_equal(pasted.image[~pasted.touched], sample.normal[~pasted.touched])
        own = open_composite(DIFF.folder(sample), sample.normal)
        assert not (own.label & ~pasted.touched).any()


def test_a_segmenter_that_answers_with_the_whole_picture_changes_nothing(judged):
    for sample in judged(Shown(whole)):
        assert np.array_equal(FUSE.mask(sample), open_diff_mask(DIFF.folder(sample)))
        assert not FUSE.result(sample).outlined


def test_the_segmenter_is_shown_the_diffs_boxes_once(judged):
    segmenter = Shown(grown)
    samples = judged(segmenter)
    assert len(segmenter.boxes) == len(samples)
    for sample, boxes in zip(samples, segmenter.boxes, strict=True):
        changed = dilate(open_diff_mask(DIFF.folder(sample)), 1)
        for x0, y0, x1, y1 in boxes.astype(int):
            assert changed[y0:y1, x0:x1].any()
        FUSE.make(sample)
    assert len(segmenter.boxes) == len(samples)


def test_a_redrawn_picture_has_no_outline_of_its_own(judged, monkeypatch):
    segmenter = Shown(grown)
    [sample, *_] = judged(segmenter)
    shown = len(segmenter.boxes)
    change = FUSE.change(sample)
    redrawn = type(change)(Status.REDRAWN, change.mask, change.anomaly_map, change.threshold)
    monkeypatch.setattr(FUSE, "change", lambda _: redrawn)
    FUSE.make(sample)
    assert not FUSE.result(sample).outlined
    assert len(segmenter.boxes) == shown


def test_other_weights_than_planned_draw_nothing(inputs, looked_at):
    [sample, *_] = inputs(**looked_at({**ALONE, "outlines": True}))
    [settings] = sample.shard.spec.grounding.annotators
    [version] = sample.shard.annotators
    other = json.dumps(json.loads(version) | {"segmenter": "another"}, sort_keys=True)
    with pytest.raises(GroundingUnavailable, match="not the one the build was planned with"):
        outlines._load(settings.model_dump_json(), other)


def test_the_key_of_outlines_names_the_segmenter_and_no_threshold_of_the_detector(
    through, inputs, looked_at
):
    through(EDIT)

    def key(**settings):
        [sample, *_] = inputs(**looked_at({**ALONE, **settings}))
        return outlines.outlines_key(sample)

    assert key() == ""
    one = key(outlines=True)
    assert one == key(outlines=True, box_threshold=0.4) != ""
    assert one != key(outlines=True, precision="bfloat16")


class Pointed(Shown):
    """Draws for points too: the pixels that they lie on."""

    def encode(self, image):
        return image.shape[:2]

    def segment_points(self, encoded, points_xy, inside):
        assert inside.all()
        mask = np.zeros(encoded, bool)
        mask[tuple(points_xy.astype(int).T[::-1])] = True
        return mask


def test_a_segmenter_is_shown_points_in_the_region_too_unless_it_was_trained_on_boxes_alone():
    image = np.zeros((40, 50, 3), np.uint8)
    region = MaskCrop(10, 20, np.eye(9, dtype=bool))
    [[boxed, pointed]] = outlines._masks(Pointed(grown), "sam", image, [region])
    assert boxed[22:27, 12:17].all()
    assert pointed[20:29, 10:19].sum() == pointed.sum() == 3
    assert not pointed[20:29, 10:19][~region.inside].any()
    assert len(outlines._masks(Pointed(grown), "demo-sam", image, [region])[0]) == 1
