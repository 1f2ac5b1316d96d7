"""Tiny checkpoints with random weights, written once per test session.

Libraries are imported where they are used, so that tests of pure logic stay instant.
"""
# ruff: noqa: PLC0415 - see above

import json
import string
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

WORDS = ("a", "scratch", "crack", "stain", "long", "hole", "dent", "chip")


@dataclass
class Request:
    path: str
    headers: dict
    body: bytes


@dataclass
class Loopback:
    """A web service on this machine that gives scripted replies and remembers requests."""

    url: str
    replies: list = field(default_factory=list)
    reply_headers: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)


@pytest.fixture
def loopback():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.requests.append(Request(self.path, self.headers, body))
            status, reply = script.replies.pop(0)
            content = json.dumps(reply).encode()
            self.send_response(status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
            for name, value in (headers | script.reply_headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script = Loopback(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield script
        server.shutdown()
        thread.join()


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

    from kizu.ground.torchvision_stub import torchvision_or_stub

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


def seeded(model_class, config):
    """Return the model with the random weights of seed 0."""
    import torch

    torch.manual_seed(0)
    return model_class(config)


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


def save_clip_tokenizer(folder):
    from transformers import CLIPTokenizer

    letters = string.ascii_lowercase
    tokens = ["!", *letters, *(f"{c}</w>" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: token_id for token_id, token in enumerate(tokens)}
    CLIPTokenizer(vocabulary, [], pad_token="!").save_pretrained(folder)  # noqa: S106 - no secret


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
