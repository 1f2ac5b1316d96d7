import sys

import numpy as np
import pytest
import torch

from kizu.grounding import GroundingSettings, WeightsUnavailable
from kizu.grounding.models.segment_anything_sam import load
from kizu.grounding.weights import find_weights

BOXES = np.array([[10, 5, 60, 30], [100, 40, 140, 80]], np.float32)


def loaded(path):
    return load(find_weights(str(path), "segment-anything"), GroundingSettings())


def random_image(shape):
    return np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(90, 150), (150, 90)])
def test_masks_are_those_of_the_packages_own_forward_pass(segment_anything_folder, shape):
    image, boxes = random_image(shape), BOXES.clip(0, 90)
    segmenter = loaded(segment_anything_folder)
    longer = 64 / max(shape)
    resized = (round(shape[0] * longer), round(shape[1] * longer))
    pixels = segmenter._pixels(image, resized)
    assert pixels.shape == (1, 3, 64, 64)
    raw = pixels[0, :, : resized[0], : resized[1]] * segmenter.model.pixel_std
    scaled = boxes * np.array([resized[1] / shape[1], resized[0] / shape[0]] * 2, np.float32)
    (expected,) = segmenter.model(
        [
            {
                "image": raw + segmenter.model.pixel_mean,
                "original_size": shape,
                "boxes": torch.from_numpy(scaled),
            }
        ],
        multimask_output=False,
    )
    masks = segmenter.segment(image, boxes)
    assert masks.shape == (2, *shape)
    assert (masks == expected["masks"][:, 0].numpy()).mean() > 0.999


@pytest.mark.parametrize("count", [1, 2])
def test_masks_at_points_are_those_of_the_packages_own_predictor(segment_anything_folder, count):
    image, segmenter = random_image((90, 150)), loaded(segment_anything_folder)
    points = np.array([[30, 20], [120, 60]], np.float32)[:count]
    inside = np.array([True, False])[:count]
    raw = segmenter._pixels(image, (38, 64))[0, :, :38] * segmenter.model.pixel_std
    scaled = points * np.array([64 / 150, 38 / 90], np.float32)
    (expected,) = segmenter.model(
        [
            {
                "image": raw + segmenter.model.pixel_mean,
                "original_size": (90, 150),
                "point_coords": torch.from_numpy(scaled)[None],
                "point_labels": torch.from_numpy(inside.astype(np.int32))[None],
            }
        ],
        multimask_output=count == 1,
    )
    best = expected["iou_predictions"][0].argmax()
    mask = segmenter.segment_points(segmenter.encode(image), points, inside)
    assert mask.shape == (90, 150)
    assert (mask == expected["masks"][0, best].numpy()).mean() > 0.999


def test_the_photo_is_resized_in_rgb_and_normalised(segment_anything_folder):
    image = np.zeros((64, 64, 3), np.uint8)
    image[..., 0] = 255
    pixels = loaded(segment_anything_folder)._pixels(image, (64, 64))
    assert pixels[0, :, 9, 9].tolist() == pytest.approx(
        [(255 - 123.675) / 58.395, -116.28 / 57.12, -103.53 / 57.375], rel=1e-5
    )


def test_window_and_depth_are_read_from_the_tensors(segment_anything_folder):
    encoder = loaded(segment_anything_folder).model.image_encoder
    assert [block.window_size for block in encoder.blocks] == [3, 0]
    assert encoder.blocks[0].attn.num_heads == 2


def test_no_stand_in_for_torchvision_stays_behind(segment_anything_folder):
    loaded(segment_anything_folder)
    stubs = [n for n, m in sys.modules.items() if n.startswith("torchvision") and not m.__file__]
    assert stubs == []


def test_a_file_that_is_no_checkpoint_is_named_with_the_way_out(tmp_path):
    path = tmp_path / "sam.pth"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(WeightsUnavailable, match=r"is no SAM checkpoint .*; give the \.pth file"):
        loaded(path)


def test_a_checkpoint_of_another_model_is_named(tmp_path):
    path = tmp_path / "sam.pth"
    torch.save({"weight": torch.zeros(1)}, path)
    with pytest.raises(WeightsUnavailable, match=r"is no SAM checkpoint \(KeyError"):
        loaded(path)
