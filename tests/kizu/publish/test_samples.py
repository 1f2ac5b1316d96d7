"""What is published of one sample, from what the stages stored of it."""

import json

import cv2
import numpy as np
import pytest

from kizu.diff import composite, diff_mask
from kizu.diff.storage import save_diff
from kizu.edit.editor import Edit
from kizu.edit.storage import save_edit
from kizu.grounding import Detections
from kizu.grounding.storage import save_detections
from kizu.imaging.codecs import decode_mask, decode_png, encode_png
from kizu.imaging.geometry import FreeSizes, Geometry
from kizu.outputs import SampleOutputs
from kizu.planning import plan_samples
from kizu.publish.layout import VersionFolder
from kizu.publish.samples import publish_sample
from kizu.shards import Shard
from kizu.sources import SourceFile, take_in
from kizu.spec import DatasetSpec
from kizu.stages import GROUNDING, STAGES

SIDE_PX = 256
SHIFT_PX = (6, 4)
"""By how much the picture content moved, rightwards and downwards."""

ANNOTATOR = '{"annotator": "by hand"}'
SILENT = '{"annotator": "silent"}'
SIZES = FreeSizes(16, min_pixels=0, max_pixels=10**8, max_edge_px=10**4, max_aspect=9)


@pytest.fixture
def photo(make_photo):
    return make_photo(5, SIDE_PX)


@pytest.fixture
def spec(tmp_path):
    return DatasetSpec.parse(
        {
            "name": "plates",
            "images": {"path": str(tmp_path)},
            "defects": [{"defect_type": "hole", "prompt": "a deep hole"}],
        }
    )


def drifted_edit(photo):
    """The photo with a dark block, moved as a whole, and where the block lies then."""
    edited = photo.copy()
    edited[100:130, 90:140] = 20
    shift = np.array([[1, 0, SHIFT_PX[0]], [0, 1, SHIFT_PX[1]]], np.float64)
    moved = cv2.warpAffine(edited, shift, (SIDE_PX, SIDE_PX), borderMode=cv2.BORDER_REFLECT_101)
    block = np.zeros((SIDE_PX, SIDE_PX), bool)
    block[100 + SHIFT_PX[1] : 130 + SHIFT_PX[1], 90 + SHIFT_PX[0] : 140 + SHIFT_PX[0]] = True
    return moved, block


@pytest.fixture
def publish(store, photo, tmp_path):
    """Take a drifted edit through all stages and publish it."""
    file = tmp_path / "plate.png"
    file.write_bytes(encode_png(photo))
    image = take_in(SourceFile("plate.png", str(file)), store)

    def run(spec, *others):
        [sample] = plan_samples(spec, [image])
        edited, block = drifted_edit(photo)
        edit = Edit(encode_png(edited), model="by hand", cost_usd=0.0)
        save_edit(store, sample.request, edit, Geometry.fit((SIDE_PX, SIDE_PX), SIZES))
        annotators = tuple(sorted((ANNOTATOR, *others)))
        outputs = SampleOutputs(store, Shard(spec=spec, annotators=annotators, samples=()), sample)
        result = diff_mask(photo, edited, spec.diff)
        save_diff(outputs.diff, result, composite(photo, edited, result))
        box = np.array([[96, 104, 146, 134]], np.float32)
        found = Detections(box, block[None], np.array([0.9], np.float32), ("a hole",))
        for annotator, folder in GROUNDING.folders(outputs).items():
            seen = found if annotator == ANNOTATOR else Detections.empty((SIDE_PX, SIDE_PX))
            save_detections(folder, annotator, seen)
        for stage in STAGES:
            if not stage.is_done(outputs):
                stage.make(outputs)
        version = VersionFolder("plates", "0123")
        return publish_sample(version, outputs), version

    return run


def box_of(row):
    return [row["x0"], row["y0"], row["x1"], row["y1"]]


def test_label_and_detections_are_published_in_the_photos_frame(publish, spec, store, photo):
    rows, version = publish(spec)
    [sample], instances = rows["samples"], {r["annotator"]: r for r in rows["instances"]}
    assert len(instances) == len(rows["instances"]) == 2
    for row in instances.values():
        assert np.allclose(box_of(row), [90, 100, 140, 130], atol=1.5)
    label = decode_mask(store.read(version.path(sample["mask_path"])))
    touched = decode_mask(store.read(version.path(sample["touched_path"])))
    image = decode_png(store.read(version.path(sample["image_path"])))
    assert label[102:128, 92:138].all()
    assert label.sum() == instances["kizu-diff"]["area_px"] < 1.1 * 30 * 50
    assert np.array_equal(image[~touched], photo[~touched])


def test_without_a_composite_everything_is_published_in_the_edited_pictures_frame(
    publish, spec, store, photo
):
    fields = spec.model_dump(mode="json")
    rows, version = publish(DatasetSpec.parse({**fields, "publish": {"composite": False}}))
    [sample] = rows["samples"]
    assert (sample["touched_path"], sample["touched_sha256"]) == ("", "")
    assert [row["composited"] for row in rows["provenance"]] == [False]
    for row in rows["instances"]:
        assert np.allclose(box_of(row), [96, 104, 146, 134], atol=1.5)
    image = decode_png(store.read(version.path(sample["image_path"])))
    assert np.array_equal(image, drifted_edit(photo)[0])


def test_what_each_annotator_says_is_published(publish, spec):
    rows, _ = publish(spec, SILENT)
    [row] = rows["provenance"]
    assert row["annotators"] == [ANNOTATOR, SILENT]
    agreeing, silent = json.loads(row["witnesses"])
    assert (agreeing["annotator"], agreeing["agrees"], agreeing["detections"]) == (
        ANNOTATOR,
        True,
        1,
    )
    assert (silent["annotator"], silent["agrees"], silent["detections"]) == (SILENT, False, 0)
    assert (row["reason"], row["mask_iou"]) == ("agree", agreeing["mask_iou"])
    each = json.loads(row["quality_by_annotator"])
    assert each[SILENT]["unexplained_fraction"] == 1
    assert each[ANNOTATOR]["unexplained_fraction"] == row["unexplained_fraction"] == 0
    assert {instance["annotator"] for instance in rows["instances"]} == {"kizu-diff", ANNOTATOR}


def test_beside_a_silent_annotator_all_else_is_published_as_alone(publish, spec):
    alone, beside = publish(spec)[0], publish(spec, SILENT)[0]
    own = {"annotators", "witnesses", "quality_by_annotator"}
    own |= {"grounding_key", "verdict_key", "quality_key"}
    [one], [other] = alone["provenance"], beside["provenance"]
    assert {name for name in one if one[name] != other[name]} == own
    assert (alone["samples"], alone["instances"]) == (beside["samples"], beside["instances"])
