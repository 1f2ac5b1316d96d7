"""The small Grounding-DINO-type detector: its configuration, tokenizer and image processor."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import torch
from transformers import (
    BertTokenizer,
    GroundingDinoImageProcessorPil,
    MMGroundingDinoConfig,
    MMGroundingDinoForObjectDetection,
    ResNetConfig,
)

from benchmarks.demo_weights.scenes import WORDS

INPUT_PX: Final = 320
"""The shorter side that images are resized to."""

RARE_LOGIT: Final = -4.0
"""Where class scores start: hardly any place shows a defect."""

FIRST_WORD_ID: Final = 200
ARTICLE_ID: Final = 199
VOCABULARY_SIZE: Final = 1100
_BACKBONE: Final = "model.backbone.conv_encoder.model"
_FINISHED: Final = (f"{_BACKBONE}.embedder", f"{_BACKBONE}.encoder.stages.0")
_FIXED_IDS: Final = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 1012: ".", 1029: "?"}


def backbone_config() -> ResNetConfig:
    """Return a narrow ResNet-18 of strides 8, 16 and 32."""
    return ResNetConfig(
        embedding_size=24,
        hidden_sizes=[32, 64, 112, 160],
        depths=[1, 2, 2, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )


def new_detector(backbone: Mapping[str, torch.Tensor]) -> Any:
    """Return the detector with the trained backbone's weights and random others.

    All of it trains but the stem and the first stage, which the backbone's own training has
    finished; transformers would freeze the whole ResNet.
    """
    model = MMGroundingDinoForObjectDetection(
        MMGroundingDinoConfig(
            backbone_config=backbone_config(),
            text_config={
                "model_type": "bert",
                "vocab_size": VOCABULARY_SIZE,
                "hidden_size": 64,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "intermediate_size": 128,
                "max_position_embeddings": 64,
            },
            max_text_len=64,
            d_model=64,
            num_queries=30,
            encoder_layers=1,
            decoder_layers=2,
            encoder_ffn_dim=128,
            decoder_ffn_dim=128,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            num_feature_levels=3,
            encoder_n_points=2,
            dropout=0.0,
            fusion_droppath=0.0,
        )
    )
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.startswith(_FINISHED))
    for head in (model.model.encoder_output_class_embed, *model.class_embed):
        torch.nn.init.constant_(head.bias, RARE_LOGIT)
    model.get_submodule(_BACKBONE).load_state_dict(backbone, strict=False)  # batch norm is frozen
    return model


def save_detector(model: Any, folder: Path) -> None:
    """Write weights in half precision, tokenizer and image processor for `from_pretrained`."""
    folder.mkdir(parents=True, exist_ok=True)
    deepcopy(model).to(torch.float16).save_pretrained(folder)
    size = {"shortest_edge": INPUT_PX, "longest_edge": 2 * INPUT_PX}
    GroundingDinoImageProcessorPil(size=size).save_pretrained(folder)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(_vocabulary()) + "\n", encoding="utf-8")
    BertTokenizer(str(vocabulary)).save_pretrained(folder)


def _vocabulary() -> list[str]:
    tokens = [f"[unused{i}]" for i in range(VOCABULARY_SIZE)]
    words = {FIRST_WORD_ID + i: word for i, word in enumerate(WORDS)}
    for token_id, token in {**_FIXED_IDS, ARTICLE_ID: "a", **words}.items():
        tokens[token_id] = token
    return tokens
