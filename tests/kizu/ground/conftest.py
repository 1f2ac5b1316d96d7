"""Tiny checkpoints with random or constructed weights, written once per test session."""

import pytest
import torch
from transformers import (
    BertTokenizer,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    GroundingDinoImageProcessorPil,
    MMGroundingDinoConfig,
    MMGroundingDinoForObjectDetection,
    SamConfig,
    SamImageProcessorPil,
    SamModel,
)

WORDS = ("a", "scratch", "crack", "stain", "long", "hole", "dent", "chip")


def bert_vocabulary():
    """Return 1100 tokens, with the ids that Grounding DINO has written into its code."""
    vocabulary = [f"[unused{i}]" for i in range(1100)]
    fixed = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 1012: ".", 1029: "?"}
    for token_id, token in (*fixed.items(), *enumerate(WORDS, start=200)):
        vocabulary[token_id] = token
    return vocabulary


def save_bert_tokenizer(folder):
    path = folder / "vocab.txt"
    path.write_text("\n".join(bert_vocabulary()), encoding="utf-8")
    BertTokenizer(str(path)).save_pretrained(folder)


def tiny_swin():
    return {
        "model_type": "swin",
        "embed_dim": 8,
        "depths": [1, 1, 1],
        "num_heads": [1, 2, 2],
        "window_size": 4,
        "image_size": 64,
        "out_indices": [1, 2, 3],
    }


def tiny_bert():
    return {
        "model_type": "bert",
        "vocab_size": 1100,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "max_position_embeddings": 256,
    }


def tiny_dino_options():
    return {
        "backbone_config": tiny_swin(),
        "text_config": tiny_bert(),
        "d_model": 32,
        "encoder_layers": 1,
        "decoder_layers": 2,
        "encoder_ffn_dim": 16,
        "decoder_ffn_dim": 16,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "num_queries": 12,
        "num_feature_levels": 3,
    }


def save_dino(model, folder):
    model.save_pretrained(folder)
    size = {"shortest_edge": 64, "longest_edge": 128}
    GroundingDinoImageProcessorPil(size=size).save_pretrained(folder)
    save_bert_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def grounding_dino_folder(tmp_path_factory):
    torch.manual_seed(0)
    model = GroundingDinoForObjectDetection(GroundingDinoConfig(**tiny_dino_options()))
    return save_dino(model, tmp_path_factory.mktemp("grounding-dino"))


@pytest.fixture(scope="session")
def mm_grounding_dino_folder(tmp_path_factory):
    torch.manual_seed(0)
    model = MMGroundingDinoForObjectDetection(MMGroundingDinoConfig(**tiny_dino_options()))
    return save_dino(model, tmp_path_factory.mktemp("mm-grounding-dino"))


@pytest.fixture(scope="session")
def sam_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sam")
    torch.manual_seed(0)
    SamModel(tiny_sam_config(SamConfig)).save_pretrained(folder)
    save_sam_processor(folder)
    return folder


def tiny_sam_config(config_class):
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
        },
    )


def save_sam_processor(folder):
    SamImageProcessorPil(
        size={"longest_edge": 64},
        pad_size={"height": 64, "width": 64},
        mask_size={"longest_edge": 16},
        mask_pad_size={"height": 16, "width": 16},
    ).save_pretrained(folder)
