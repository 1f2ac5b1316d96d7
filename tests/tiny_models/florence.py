"""Florence-2 with random weights."""

import pytest

from tiny_models.seeds import seeded

WORDS = ("a", "scratch", "crack", "stain", "long", "hole", "dent", "chip")


@pytest.fixture(scope="session")
def florence2_folder(tmp_path_factory):
    """Weights that always answer `<loc_100><loc_200><loc_299><loc_599>`.

    Each decoder position's embedding is large in a channel of its own, in which only the answer's
    token at that position is not zero.
    """
    import torch
    from transformers import Florence2Config, Florence2ForConditionalGeneration

    answer = ("<loc_100>", "<loc_200>", "<loc_299>", "<loc_599>", "</s>")
    folder = tmp_path_factory.mktemp("florence2")
    vocabulary = save_florence_processor(folder)
    model = seeded(
        Florence2ForConditionalGeneration, Florence2Config(**tiny_florence(len(vocabulary)))
    )
    with torch.no_grad():
        decoder = model.model.language_model.decoder
        for name, parameter in decoder.named_parameters():
            if "norm" not in name:
                parameter.zero_()
        for step, token in enumerate(answer):
            decoder.embed_positions.weight[step + decoder.embed_positions.offset, step] = 100
            decoder.embed_tokens.weight[vocabulary.index(token), step] = 1
    model.save_pretrained(folder)
    return folder


def save_florence_processor(folder):
    """Save a processor whose tokenizer knows a few words, and return its vocabulary."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
    from transformers import CLIPImageProcessorPil, Florence2Processor, PreTrainedTokenizerFast

    special = ["<image>", "<poly>", "</poly>", "<sep>", *(f"<loc_{i}>" for i in range(1000))]
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", *special, "Locate", "in", "the", *WORDS]
    ids = {token: token_id for token_id, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))  # noqa: S106 - no secret
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",  # noqa: S106 - no secret
        eos_token="</s>",  # noqa: S106 - no secret
        pad_token="<pad>",  # noqa: S106 - no secret
        unk_token="<unk>",  # noqa: S106 - no secret
        extra_special_tokens={"image_token": "<image>"},
    )
    fast.add_tokens([AddedToken(token, special=True) for token in special])
    square = {"height": 64, "width": 64}
    images = CLIPImageProcessorPil(size=square, crop_size=square, do_center_crop=False)
    images.image_seq_length = 5
    Florence2Processor(image_processor=images, tokenizer=fast).save_pretrained(folder)
    return vocabulary


def tiny_florence(vocabulary_size):
    return {
        "vision_config": {
            "embed_dim": [8, 8, 8, 8],
            "num_heads": [1, 1, 1, 1],
            "num_groups": [1, 1, 1, 1],
            "depths": [1, 1, 1, 1],
            "window_size": 2,
            "projection_dim": 16,
        },
        "text_config": {
            "model_type": "bart",
            "vocab_size": vocabulary_size,
            "d_model": 16,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "encoder_ffn_dim": 16,
            "decoder_ffn_dim": 16,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "max_position_embeddings": 300,
            "bos_token_id": 0,
            "pad_token_id": 1,
            "eos_token_id": 2,
            "decoder_start_token_id": 2,
            "forced_eos_token_id": None,
        },
        "image_token_id": 4,
    }
