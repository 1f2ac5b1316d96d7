import sys
from functools import partial

import numpy as np
import pytest
import torch

from kizu.ground import GroundSettings, WeightsUnavailable
from kizu.ground.segment_anything_sam import load
from kizu.ground.torchvision_stub import torchvision_or_stub
from kizu.ground.weights import find_weights

BOXES = np.array([[10, 5, 60, 30], [100, 40, 140, 80]], np.float32)


def tiny_model():
    with torchvision_or_stub():
        from segment_anything import modeling  # noqa: PLC0415 - imports torchvision
    torch.manual_seed(0)
    return modeling.Sam(
        modeling.ImageEncoderViT(
            img_size=64,
            patch_size=8,
            embed_dim=16,
            depth=2,
            num_heads=2,
            mlp_ratio=2,
            out_chans=32,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=3,
            global_attn_indexes=(1,),
        ),
        modeling.PromptEncoder(
            embed_dim=32, image_embedding_size=(8, 8), input_image_size=(64, 64), mask_in_chans=4
        ),
        modeling.MaskDecoder(
            transformer_dim=32,
            transformer=modeling.TwoWayTransformer(
                depth=2, embedding_dim=32, num_heads=8, mlp_dim=16
            ),
            iou_head_hidden_dim=16,
        ),
    ).eval()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("segment-anything") / "sam_tiny.pth"
    torch.save(tiny_model().state_dict(), path)
    return path


def loaded(path):
    return load(find_weights(str(path), "segment-anything"), GroundSettings())


def random_image(shape):
    return np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(90, 150), (150, 90)])
def test_masks_are_those_of_the_packages_own_forward_pass(checkpoint, shape):
    image, boxes = random_image(shape), BOXES.clip(0, 90)
    segmenter = loaded(checkpoint)
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


def test_the_photo_is_resized_in_rgb_and_normalised(checkpoint):
    image = np.zeros((64, 64, 3), np.uint8)
    image[..., 0] = 255
    pixels = loaded(checkpoint)._pixels(image, (64, 64))
    assert pixels[0, :, 9, 9].tolist() == pytest.approx(
        [(255 - 123.675) / 58.395, -116.28 / 57.12, -103.53 / 57.375], rel=1e-5
    )


def test_window_and_depth_are_read_from_the_tensors(checkpoint):
    encoder = loaded(checkpoint).model.image_encoder
    assert [block.window_size for block in encoder.blocks] == [3, 0]
    assert encoder.blocks[0].attn.num_heads == 2


def test_no_stand_in_for_torchvision_stays_behind(checkpoint):
    loaded(checkpoint)
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
