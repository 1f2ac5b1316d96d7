import shutil

import numpy as np
import pytest
import torch
from transformers import OwlViTForObjectDetection

from kizu.grounding import GroundingSettings, WeightsUnavailable, load_annotator

TALL = (160, 80)


def loaded(folder):
    everything = {"box_threshold": 0.0, "nms_iou": 1.0, "max_boxes": 200}
    return load_annotator("owlvit", GroundingSettings(**everything, detector_weights=str(folder)))


@pytest.fixture
def known_boxes_folder(owlvit_folder, tmp_path):
    """Weights whose boxes are the patch grid's own: around (i + 1) / 8, an eighth wide."""
    folder = tmp_path / "owlvit"
    shutil.copytree(owlvit_folder, folder)
    model = OwlViTForObjectDetection.from_pretrained(folder)
    with torch.no_grad():
        model.box_head.dense2.weight.zero_()
        model.box_head.dense2.bias.zero_()
    model.save_pretrained(folder)
    return folder


def test_boxes_are_shares_of_both_sides_of_a_tall_image(known_boxes_folder):
    image = np.random.default_rng(0).integers(0, 255, (*TALL, 3), dtype=np.uint8)
    (found,) = loaded(known_boxes_folder).annotate([image], [["a scratch"]])
    widths, heights = found.xyxy[:, 2] - found.xyxy[:, 0], found.xyxy[:, 3] - found.xyxy[:, 1]
    assert widths.max() == pytest.approx(80 / 8, abs=0.1)
    assert heights.max() == pytest.approx(160 / 8, abs=0.1)
    assert found.xyxy.max(axis=0).tolist() == pytest.approx([75, 150, 80, 160], abs=0.1)


def test_weights_of_its_successor_are_refused(owlv2_folder):
    with pytest.raises(WeightsUnavailable, match=r"owlvit.*owlv2"):
        loaded(owlv2_folder)
