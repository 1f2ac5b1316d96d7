"""The SAM family with random weights."""

import pytest

from tiny_models.clip import save_clip_tokenizer, tiny_clip_text
from tiny_models.seeds import seeded


@pytest.fixture(scope="session")
def sam_folder(tmp_path_factory):
    from transformers import SamConfig, SamModel

    folder = tmp_path_factory.mktemp("sam")
    seeded(SamModel, tiny_sam(SamConfig)).save_pretrained(folder)
    save_sam_processor(folder)
    return folder


@pytest.fixture(scope="session")
def sam_hq_folder(tmp_path_factory):
    from transformers import SamHQConfig, SamHQModel

    folder = tmp_path_factory.mktemp("sam-hq")
    seeded(SamHQModel, tiny_sam(SamHQConfig, vit_dim=16)).save_pretrained(folder)
    save_sam_processor(folder)
    return folder


@pytest.fixture(scope="session")
def sam2_folder(tmp_path_factory):
    from transformers import Sam2Config, Sam2Model

    folder = tmp_path_factory.mktemp("sam2")
    seeded(Sam2Model, Sam2Config(**tiny_sam2())).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def segment_anything_folder(tmp_path_factory):
    """Return a checkpoint file; the authors' package has no folders."""
    from functools import partial

    import torch

    from kizu.grounding.models.torchvision_stub import torchvision_or_stub

    with torchvision_or_stub():
        from segment_anything import modeling
    torch.manual_seed(0)
    model = modeling.Sam(
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
    )
    path = tmp_path_factory.mktemp("segment-anything") / "sam_tiny.pth"
    torch.save(model.state_dict(), path)
    return path


@pytest.fixture(scope="session")
def sam3_folder(tmp_path_factory):
    from transformers import Sam3Config, Sam3Model

    folder = tmp_path_factory.mktemp("sam3")
    seeded(Sam3Model, Sam3Config(**tiny_sam3())).save_pretrained(folder)
    save_clip_tokenizer(folder)
    return folder


def tiny_sam(config_class, **decoder):
    return config_class(
        vision_config={
            "hidden_size": 16,
            "output_channels": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 64,
            "patch_size": 8,
            "mlp_dim": 16,
            "num_pos_feats": 8,
            "global_attn_indexes": [0],
            "initializer_range": 0.02,
        },
        prompt_encoder_config={
            "hidden_size": 16,
            "image_size": 64,
            "patch_size": 8,
            "mask_input_channels": 4,
        },
        mask_decoder_config={
            "hidden_size": 16,
            "mlp_dim": 16,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
            **decoder,
        },
    )


def save_sam_processor(folder):
    from transformers import SamImageProcessorPil

    SamImageProcessorPil(
        size={"longest_edge": 64},
        pad_size={"height": 64, "width": 64},
        mask_size={"longest_edge": 16},
        mask_pad_size={"height": 16, "width": 16},
    ).save_pretrained(folder)


def tiny_sam2():
    hiera = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "image_size": [64, 64],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [4, 4, 4, 2],
        "global_attention_blocks": [3],
        "window_positional_embedding_background_size": [2, 2],
    }
    return {
        "vision_config": {
            "backbone_config": hiera,
            "backbone_channel_list": [64, 32, 16, 8],
            "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
            "fpn_hidden_size": 32,
        },
        "prompt_encoder_config": {
            "hidden_size": 32,
            "image_size": 64,
            "patch_size": 16,
            "mask_input_channels": 4,
        },
        "mask_decoder_config": {
            "hidden_size": 32,
            "mlp_dim": 16,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
        },
    }


def tiny_sam3():
    layer = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 16}
    vit = {
        "model_type": "sam3_vit_model",
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 56,
        "patch_size": 14,
        "pretrain_image_size": 28,
        "window_size": 2,
        "global_attn_indexes": [1],
    }
    return {
        "vision_config": {
            "backbone_config": vit,
            "fpn_hidden_size": 32,
            "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        },
        "text_config": {"model_type": "clip_text_model", **tiny_clip_text(32)},
        "geometry_encoder_config": {**layer, "num_layers": 1},
        "detr_encoder_config": {**layer, "num_layers": 1},
        "detr_decoder_config": {**layer, "num_layers": 1, "num_queries": 6},
        "mask_decoder_config": {"hidden_size": 32, "num_attention_heads": 2},
    }
