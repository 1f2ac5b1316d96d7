import shutil

import numpy as np
import pytest
import torch
from transformers import (
    SamHQModel,
    SamHQProcessor,
    SamImageProcessorPil,
    SamModel,
    SamProcessor,
)

from kizu.grounding import GroundingSettings, WeightsUnavailable
from kizu.grounding.models.sam import load
from kizu.grounding.weights import find_weights

BOXES = np.array([[10, 5, 60, 30], [100, 40, 140, 80], [0, 0, 150, 90]], np.float32)


def loaded(folder):
    return load(find_weights(str(folder), "sam"), GroundingSettings())


def random_image(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (*shape, 3), dtype=np.uint8)


def library_masks(folder, image, boxes, model_class, processor_class):
    """Return the masks of the library's own processor, from start to end."""
    processor = processor_class(SamImageProcessorPil.from_pretrained(folder))
    model = model_class.from_pretrained(folder).eval()
    inputs = processor(image, input_boxes=[boxes.tolist()], return_tensors="pt")
    with torch.inference_mode():
        output = model(
            pixel_values=inputs["pixel_values"],
            input_boxes=inputs["input_boxes"].float(),
            multimask_output=False,
        )
    (masks,) = processor.post_process_masks(
        output.pred_masks, inputs["original_sizes"], inputs["reshaped_input_sizes"]
    )
    return masks[:, 0].numpy()


def library_point_mask(folder, image, points, labels, model_class, processor_class):
    """Return what the library's own processor draws at points: of several masks, the best one."""
    processor = processor_class(SamImageProcessorPil.from_pretrained(folder))
    model = model_class.from_pretrained(folder).eval()
    prompt = {"input_points": [points.tolist()], "input_labels": [labels.tolist()]}
    inputs = processor(image, **prompt, return_tensors="pt")
    with torch.inference_mode():
        output = model(
            pixel_values=inputs["pixel_values"],
            input_points=inputs["input_points"].float().reshape(1, 1, -1, 2),
            input_labels=inputs["input_labels"].reshape(1, 1, -1),
            multimask_output=len(points) == 1,
        )
    (masks,) = processor.post_process_masks(
        output.pred_masks, inputs["original_sizes"], inputs["reshaped_input_sizes"]
    )
    return masks[0, output.iou_scores[0, 0].argmax()].numpy()


POINTS = np.array([[30.5, 20.5], [12, 28]], np.float32)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("shape", [(90, 150), (150, 90), (31, 200)])
@pytest.mark.parametrize(
    ("folder", "classes"),
    [("sam_folder", (SamModel, SamProcessor)), ("sam_hq_folder", (SamHQModel, SamHQProcessor))],
)
def test_masks_at_points_are_those_of_the_librarys_own_processor(
    request, folder, classes, shape, count
):
    path = request.getfixturevalue(folder)
    image, points, labels = random_image(shape), POINTS[:count], np.array([True, False])[:count]
    segmenter = loaded(path)
    mask = segmenter.segment_points(segmenter.encode(image), points, labels)
    expected = library_point_mask(path, image, points, labels.astype(int), *classes)
    assert mask.shape == shape
    assert np.array_equal(mask, expected)


@pytest.mark.parametrize("shape", [(90, 150), (150, 90), (64, 64), (31, 200)])
def test_masks_are_those_of_the_librarys_own_processor(sam_folder, shape):
    image, boxes = random_image(shape), BOXES.clip(0, min(shape))
    expected = library_masks(sam_folder, image, boxes, SamModel, SamProcessor)
    masks = loaded(sam_folder).segment(image, boxes)
    assert masks.shape == (3, *shape)
    assert np.array_equal(masks, expected)


def test_masks_of_sam_hq_are_those_of_the_librarys_own_processor(sam_hq_folder):
    image = random_image((90, 150))
    expected = library_masks(sam_hq_folder, image, BOXES, SamHQModel, SamHQProcessor)
    assert np.array_equal(loaded(sam_hq_folder).segment(image, BOXES), expected)


@pytest.fixture(scope="session")
def brightness_folder(sam_folder, tmp_path_factory):
    """Weights whose mask is where the photo is brighter than its middle grey."""
    folder = tmp_path_factory.mktemp("brightness") / "sam"
    shutil.copytree(sam_folder, folder)
    model = SamModel.from_pretrained(folder)
    make_it_see_brightness(model)
    model.save_pretrained(folder)
    return folder


def make_it_see_brightness(model):
    """Let channel 0 carry a patch's brightness all the way to the mask, all else be zero."""
    encoder, decoder = model.vision_encoder, model.mask_decoder
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "layer_norm" not in name:
                parameter.zero_()
        patches = encoder.patch_embed.projection.weight
        patches[0] = 1 / patches[0].numel()
        encoder.neck.conv1.weight[0, 0] = 1
        encoder.neck.conv2.weight[0, 0, 1, 1] = 1
        decoder.upscale_conv1.weight[0, 0] = 1
        decoder.upscale_conv2.weight[0, 0] = 1
        decoder.upscale_layer_norm.bias.zero_()
        decoder.output_hypernetworks_mlps[0].proj_out.bias[0] = 1


@pytest.mark.parametrize("shape", [(96, 160), (160, 96)])
def test_masks_of_known_weights_lie_where_the_photo_is_bright(brightness_folder, shape):
    height, width = shape
    image = np.zeros((*shape, 3), np.uint8)
    image[height // 2 :, : width // 4] = 255  # lower left
    (mask,) = loaded(brightness_folder).segment(image, BOXES[:1])
    assert mask[height - 20, 5]
    assert not mask[20, 5]
    assert not mask[height - 20, width - 20]
    bright = image[..., 0] > 0
    assert (mask & bright).sum() / (mask | bright).sum() > 0.7


def test_each_box_has_the_mask_it_has_alone(sam_folder):
    segmenter, image = loaded(sam_folder), random_image((90, 150))
    together = segmenter.segment(image, BOXES)
    again = segmenter.segment(image, BOXES)
    assert together.tobytes() == again.tobytes()
    for row, mask in enumerate(together):
        (alone,) = segmenter.segment(image, BOXES[row : row + 1])
        assert (alone != mask).mean() < 0.001


def test_detector_weights_are_no_segmenter(grounding_dino_folder):
    with pytest.raises(WeightsUnavailable, match="holds a 'grounding-dino' model, expected 'sam'"):
        loaded(grounding_dino_folder)
