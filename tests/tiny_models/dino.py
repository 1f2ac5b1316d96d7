"""Grounding DINO and its successors with random weights."""

import pytest

from tiny_models.seeds import seeded

WORDS = ("a", "scratch", "crack", "stain", "long", "hole", "dent", "chip")


@pytest.fixture(scope="session")
def grounding_dino_folder(tmp_path_factory):
    from transformers import GroundingDinoConfig, GroundingDinoForObjectDetection

    model = seeded(GroundingDinoForObjectDetection, GroundingDinoConfig(**tiny_dino()))
    return save_dino(model, tmp_path_factory.mktemp("grounding-dino"))


@pytest.fixture(scope="session")
def mm_grounding_dino_folder(tmp_path_factory):
    from transformers import MMGroundingDinoConfig, MMGroundingDinoForObjectDetection

    model = seeded(MMGroundingDinoForObjectDetection, MMGroundingDinoConfig(**tiny_dino()))
    return save_dino(model, tmp_path_factory.mktemp("mm-grounding-dino"))


def save_dino(model, folder):
    from transformers import GroundingDinoImageProcessorPil

    model.save_pretrained(folder)
    size = {"shortest_edge": 64, "longest_edge": 128}
    GroundingDinoImageProcessorPil(size=size).save_pretrained(folder)
    save_bert_tokenizer(folder)
    return folder


def save_bert_tokenizer(folder):
    from transformers import BertTokenizer

    path = folder / "vocab.txt"
    path.write_text("\n".join(bert_vocabulary()), encoding="utf-8")
    BertTokenizer(str(path)).save_pretrained(folder)


def bert_vocabulary():
    """Return 1100 tokens, with the ids that Grounding DINO has written into its code."""
    vocabulary = [f"[unused{i}]" for i in range(1100)]
    fixed = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 1012: ".", 1029: "?"}
    for token_id, token in (*fixed.items(), *enumerate(WORDS, start=200)):
        vocabulary[token_id] = token
    return vocabulary


def tiny_dino():
    bert = {
        "model_type": "bert",
        "vocab_size": 1100,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "max_position_embeddings": 256,
    }
    swin = {
        "model_type": "swin",
        "embed_dim": 8,
        "depths": [1, 1, 1],
        "num_heads": [1, 2, 2],
        "window_size": 4,
        "image_size": 64,
        "out_indices": [1, 2, 3],
    }
    return {
        "backbone_config": swin,
        "text_config": bert,
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
