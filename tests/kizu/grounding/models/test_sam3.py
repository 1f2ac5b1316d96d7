import shutil

import numpy as np
import pytest
import torch
from transformers import Sam3Model

from kizu.grounding import GroundingSettings, load_annotator

WIDE = (90, 150)
CENTRE_SIZE = [
    [0.25, 0.5, 0.1, 0.4],
    [0.75, 0.25, 0.2, 0.1],
    [0.5, 0.5, 0.3, 0.3],
    [0.1, 0.8, 0.1, 0.1],
    [0.9, 0.9, 0.1, 0.1],
    [0.6, 0.1, 0.1, 0.1],
]


def loaded(folder, **settings):
    return load_annotator(
        "sam3", GroundingSettings(detector_weights=str(folder), box_threshold=0.0, **settings)
    )


def random_image(shape=WIDE):
    return np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def known_boxes_folder(sam3_folder, tmp_path_factory):
    """Weights whose queries stay at the boxes of CENTRE_SIZE."""
    folder = tmp_path_factory.mktemp("known") / "sam3"
    shutil.copytree(sam3_folder, folder)
    model = Sam3Model.from_pretrained(folder)
    with torch.no_grad():
        head = model.detr_decoder.box_head
        for parameter in head.parameters():
            parameter.zero_()
        model.detr_decoder.reference_points.weight.copy_(torch.tensor(CENTRE_SIZE).logit())
    model.save_pretrained(folder)
    return folder


def test_boxes_of_known_weights_come_out_in_pixels_of_a_wide_image(known_boxes_folder):
    (result,) = loaded(known_boxes_folder).annotate([random_image()], [["a scratch"]])
    expected = [
        [(cx - w / 2) * 150, (cy - h / 2) * 90, (cx + w / 2) * 150, (cy + h / 2) * 90]
        for cx, cy, w, h in CENTRE_SIZE
    ]
    assert np.allclose(sorted(result.xyxy.tolist()), sorted(expected), atol=0.01)
    assert result.mask.shape == (6, *WIDE)


def test_confidence_is_the_querys_score_times_the_phrases_presence(sam3_folder):
    (result,) = loaded(sam3_folder, nms_iou=1.0).annotate([random_image()], [["a scratch"]])
    assert 0 < result.confidence.max() < 1


def test_every_phrase_finds_its_own_instances(known_boxes_folder):
    phrases = ["a scratch", "long crack"]
    (result,) = loaded(known_boxes_folder, nms_iou=1.0).annotate([random_image()], [phrases])
    assert sorted(result.phrase) == sorted(phrases * 6)


def test_masks_of_a_phrase_do_not_depend_on_other_phrases(sam3_folder):
    annotator = loaded(sam3_folder, nms_iou=1.0)
    (alone,) = annotator.annotate([random_image()], [["hole"]])
    (both,) = annotator.annotate([random_image()], [["a scratch", "hole"]])
    holes = both.select([row for row, phrase in enumerate(both.phrase) if phrase == "hole"])
    assert holes.mask.tobytes() == alone.mask.tobytes()
    assert holes.xyxy.tobytes() == alone.xyxy.tobytes()
