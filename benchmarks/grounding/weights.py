"""Random weights of Grounding DINO and SAM, in the true sizes or smaller ones of the same shape."""

from pathlib import Path
from typing import Any, Final

import torch
from tiny_models.dino import save_bert_tokenizer
from tiny_models.seeds import seeded
from transformers import (
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    GroundingDinoImageProcessorPil,
    SamConfig,
    SamImageProcessorPil,
    SamModel,
)

PHRASES: Final = ("a scratch", "a crack", "a stain", "a hole")
VOCABULARY: Final = 1100

SWIN_T: Final = {
    "model_type": "swin",
    "embed_dim": 96,
    "depths": [2, 2, 6, 2],
    "num_heads": [3, 6, 12, 24],
    "window_size": 7,
    "out_indices": [2, 3, 4],
}
"""The backbone of grounding-dino-tiny; the rest of its sizes are transformers' defaults."""

SWIN_REDUCED: Final = SWIN_T | {"embed_dim": 48, "num_heads": [3, 6, 12, 24]}
DETECTOR_REDUCED: Final[dict[str, Any]] = {
    "d_model": 128,
    "encoder_ffn_dim": 1024,
    "decoder_ffn_dim": 1024,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "num_queries": 300,
}
TEXT_REDUCED: Final = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 6}
VISION_REDUCED: Final = {
    "hidden_size": 384,
    "num_attention_heads": 6,
    "mlp_dim": 1536,
    "num_hidden_layers": 6,
    "global_attn_indexes": [1, 3, 5],
}
SIZES: Final = {"full": (800, 1333), "reduced": (400, 666)}
"""Shorter and longer side, in pixels, that the detector sees."""


def write_detector(folder: Path, scale: str) -> Path:
    """Write a detector of random weights; returns its folder."""
    text = {"model_type": "bert", "vocab_size": VOCABULARY}
    if scale == "full":
        config = GroundingDinoConfig(backbone_config=SWIN_T, text_config=text)
    else:
        config = GroundingDinoConfig(
            backbone_config=SWIN_REDUCED, text_config=text | TEXT_REDUCED, **DETECTOR_REDUCED
        )
    model = seeded(GroundingDinoForObjectDetection, config)
    with torch.no_grad():  # random scores would otherwise all round to one
        model.model.decoder.layer_norm.weight.fill_(0.01)
    model.save_pretrained(folder)
    shortest, longest = SIZES[scale]
    size = {"shortest_edge": shortest, "longest_edge": longest}
    GroundingDinoImageProcessorPil(size=size).save_pretrained(folder)
    save_bert_tokenizer(folder)
    return folder


def write_segmenter(folder: Path, scale: str) -> Path:
    """Write a SAM of random weights; returns its folder. Both scales see 1024 x 1024 px."""
    vision = {"initializer_range": 0.02} | (VISION_REDUCED if scale == "reduced" else {})
    seeded(SamModel, SamConfig(vision_config=vision)).save_pretrained(folder)
    SamImageProcessorPil().save_pretrained(folder)
    return folder
