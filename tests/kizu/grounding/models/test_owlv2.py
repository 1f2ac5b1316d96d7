import shutil

import numpy as np
import pytest
import torch
from transformers import Owlv2ForObjectDetection

from kizu.grounding import GroundingSettings, load_annotator

TALL = (150, 90)
PHRASES = ["a scratch", "long crack", "a rather long phrase that has more letters than tokens"]


def loaded(folder, **settings):
    everything = {"box_threshold": 0.0, "nms_iou": 1.0, "max_boxes": 200}
    chosen = everything | settings | {"detector_weights": str(folder)}
    return load_annotator("owlv2", GroundingSettings(**chosen))


def random_image(shape):
    return np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def known_boxes_folder(owlv2_folder, tmp_path_factory):
    """Weights whose boxes are the patch grid's own: around (i + 1) / 8, an eighth wide."""
    folder = tmp_path_factory.mktemp("known") / "owlv2"
    shutil.copytree(owlv2_folder, folder)
    model = Owlv2ForObjectDetection.from_pretrained(folder)
    with torch.no_grad():
        model.box_head.dense2.weight.zero_()
        model.box_head.dense2.bias.zero_()
    model.save_pretrained(folder)
    return folder


def test_boxes_are_shares_of_the_longer_side_of_a_tall_image(known_boxes_folder):
    (result,) = loaded(known_boxes_folder).annotate([random_image(TALL)], [["a scratch"]])
    side, half = 150, 150 / 16
    expected = {
        (
            round(max(column * side / 8 - half, 0), 1),
            round(row * side / 8 - half, 1),
            round(min(column * side / 8 + half, 90), 1),
            round(min(row * side / 8 + half, 150), 1),
        )
        for row in range(1, 8)
        for column in range(1, 5)
    }
    found = {tuple(round(float(c), 1) for c in box) for box in result.xyxy}
    assert expected <= found
    assert result.xyxy[:, 2].max() <= 90


def test_a_phrase_has_the_same_boxes_wherever_it_stands_in_the_list(owlv2_folder):
    annotator = loaded(owlv2_folder)
    forward, backward = annotator.annotate([random_image(TALL)] * 2, [PHRASES, PHRASES[::-1]])
    assert forward.phrase == backward.phrase
    assert len(set(forward.phrase)) > 1
    assert np.allclose(forward.xyxy, backward.xyxy, atol=1e-3)


def test_phrase_lists_of_different_lengths_go_together(owlv2_folder):
    results = loaded(owlv2_folder).annotate([random_image(TALL)] * 2, [PHRASES, PHRASES[:1]])
    assert all(len(result) > 0 for result in results)


def test_a_phrases_own_threshold_silences_it(owlv2_folder):
    (result,) = loaded(owlv2_folder, phrase_thresholds={"a scratch": 1.0}).annotate(
        [random_image(TALL)], [["a scratch"]]
    )
    assert len(result) == 0


def test_an_image_alone_and_in_any_batch_gives_identical_bits(owlv2_folder):
    annotator = loaded(owlv2_folder)
    images = [random_image(shape) for shape in (TALL, (64, 64), (40, 200))]
    batch = annotator.annotate(images, [PHRASES] * 3)
    (alone,) = annotator.annotate(images[1:2], [PHRASES])
    assert batch[1].xyxy.tobytes() == alone.xyxy.tobytes()
    assert batch[1].confidence.tobytes() == alone.confidence.tobytes()
