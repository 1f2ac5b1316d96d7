import shutil

import numpy as np
import pytest
import torch
from transformers import Sam2Model

from kizu.grounding import GroundingSettings
from kizu.grounding.models.inputs import full_size_masks, pad_to_square, resize, square_pixels
from kizu.grounding.models.sam2 import load
from kizu.grounding.weights import find_weights

BOXES = np.array([[10, 5, 60, 30], [100, 40, 140, 80]], np.float32)


def loaded(folder):
    return load(find_weights(str(folder), "sam2"), GroundingSettings())


def random_image(shape):
    return np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)


def test_a_photo_and_its_stretched_copy_with_stretched_boxes_agree(sam2_folder):
    image = random_image((90, 150))
    stretch = np.array([64 / 150, 64 / 90] * 2, np.float32)
    segmenter = loaded(sam2_folder)
    masks = segmenter.segment(image, BOXES)
    small = segmenter.segment(resize(image, 64, 64), BOXES * stretch)
    rows, columns = np.mgrid[:64, :64]
    at_same_place = masks[
        :, ((rows + 0.5) * 90 / 64).astype(int), ((columns + 0.5) * 150 / 64).astype(int)
    ]
    assert masks.shape == (2, 90, 150)
    assert (at_same_place == small).mean() > 0.97
    unstretched = segmenter.segment(resize(image, 64, 64), BOXES.clip(0, 64))
    assert (at_same_place == unstretched).mean() < 0.97


@pytest.fixture(scope="session")
def brightness_folder(sam2_folder, tmp_path_factory):
    """Weights whose mask is where the photo is brighter than its middle grey."""
    folder = tmp_path_factory.mktemp("brightness") / "sam2"
    shutil.copytree(sam2_folder, folder)
    model = Sam2Model.from_pretrained(folder)
    backbone, decoder = model.vision_encoder.backbone, model.mask_decoder
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name:
                parameter.zero_()
        backbone.patch_embed.projection.weight[0, :, 3, 3] = 1 / 3
        model.vision_encoder.neck.convs[-1].weight[0, 0] = 1
        decoder.conv_s0.weight[0, 0] = 1
        for mlp in decoder.output_hypernetworks_mlps:
            mlp.proj_out.bias[0] = 1
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("shape", [(96, 160), (160, 96)])
def test_masks_of_known_weights_lie_where_the_photo_is_bright(brightness_folder, shape):
    height, width = shape
    image = np.zeros((*shape, 3), np.uint8)
    image[height // 2 :, : width // 4] = 255  # lower left
    (mask,) = loaded(brightness_folder).segment(image, BOXES[:1])
    bright = image[..., 0] > 0
    assert (mask & bright).sum() / (mask | bright).sum() > 0.7


def test_full_size_masks_keep_rows_and_columns_apart():
    logits = -torch.ones(1, 4, 4)
    logits[0, 0, 3] = 20  # upper right
    (mask,) = full_size_masks(logits, (40, 80))
    assert mask[2, 77]
    assert not mask[37, 2]


def test_square_pixels_are_channels_first_and_normalised():
    image = np.zeros((10, 20, 3), np.uint8)
    image[..., 2] = 255
    pixels = square_pixels(image, 8, (0.5, 0.5, 0.5), (0.5, 0.5, 0.25))
    assert pixels.shape == (1, 3, 8, 8)
    assert pixels[0, :, 4, 4].tolist() == [-1, -1, 2]


def test_padding_to_a_square_adds_below_or_right():
    image = np.full((2, 3, 3), 9, np.uint8)
    assert pad_to_square(image)[2].sum() == 0
    assert np.array_equal(pad_to_square(image)[:2], image)


@pytest.mark.parametrize("shape", [(96, 160), (160, 96)])
def test_masks_at_points_of_known_weights_lie_where_the_photo_is_bright(brightness_folder, shape):
    height, width = shape
    image = np.zeros((*shape, 3), np.uint8)
    image[height // 2 :, : width // 4] = 255  # lower left
    segmenter = loaded(brightness_folder)
    mask = segmenter.segment_points(
        segmenter.encode(image), np.array([[5, height - 5]], np.float32), np.array([True])
    )
    bright = image[..., 0] > 0
    assert (mask & bright).sum() / (mask | bright).sum() > 0.7


def test_a_point_and_its_place_in_a_stretched_copy_mean_the_same(sam2_folder):
    image, segmenter = random_image((90, 150)), loaded(sam2_folder)
    points = np.array([[30, 20], [120, 60]], np.float32)
    inside = np.array([True, False])
    mask = segmenter.segment_points(segmenter.encode(image), points, inside)
    stretched = points * np.array([64 / 150, 64 / 90], np.float32)
    small = segmenter.segment_points(segmenter.encode(resize(image, 64, 64)), stretched, inside)
    rows, columns = np.mgrid[:64, :64]
    at_same_place = mask[
        ((rows + 0.5) * 90 / 64).astype(int), ((columns + 0.5) * 150 / 64).astype(int)
    ]
    assert (at_same_place == small).mean() > 0.97
