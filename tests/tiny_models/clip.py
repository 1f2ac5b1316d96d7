"""OWL-ViT, OWLv2 and CLIPSeg with random weights."""

import string

import pytest

from tiny_models.seeds import seeded


@pytest.fixture(scope="session")
def owlv2_folder(tmp_path_factory):
    from transformers import Owlv2Config, Owlv2ForObjectDetection

    folder = tmp_path_factory.mktemp("owlv2")
    text, vision = tiny_clip_text(16), tiny_clip_vision(64, 8)
    config = Owlv2Config(text_config=text, vision_config=vision, projection_dim=16)
    seeded(Owlv2ForObjectDetection, config).save_pretrained(folder)
    save_clip_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def owlvit_folder(tmp_path_factory):
    from transformers import OwlViTConfig, OwlViTForObjectDetection

    folder = tmp_path_factory.mktemp("owlvit")
    text, vision = tiny_clip_text(16), tiny_clip_vision(64, 8)
    config = OwlViTConfig(text_config=text, vision_config=vision, projection_dim=16)
    seeded(OwlViTForObjectDetection, config).save_pretrained(folder)
    save_clip_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def clipseg_folder(tmp_path_factory):
    from transformers import CLIPSegConfig, CLIPSegForImageSegmentation, ViTImageProcessorPil

    folder = tmp_path_factory.mktemp("clipseg")
    config = CLIPSegConfig(
        text_config=tiny_clip_text(77),
        vision_config=tiny_clip_vision(32, 8),
        projection_dim=16,
        extract_layers=[0, 1],
        reduce_dim=8,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
    )
    seeded(CLIPSegForImageSegmentation, config).save_pretrained(folder)
    save_clip_tokenizer(folder)
    imagenet = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    ViTImageProcessorPil(size={"height": 352, "width": 352}, **imagenet).save_pretrained(folder)
    return folder


def save_clip_tokenizer(folder):
    from transformers import CLIPTokenizer

    letters = string.ascii_lowercase
    tokens = ["!", *letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: token_id for token_id, token in enumerate(tokens)}
    CLIPTokenizer(vocabulary, [], pad_token="!").save_pretrained(folder)  # noqa: S106 - no secret


def tiny_clip_text(length):
    return {
        "vocab_size": 55,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "max_position_embeddings": length,
        "projection_dim": 16,
        "bos_token_id": 53,
        "eos_token_id": 54,
        "pad_token_id": 0,
    }


def tiny_clip_vision(side_px, patch_px):
    return {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": side_px,
        "patch_size": patch_px,
    }
