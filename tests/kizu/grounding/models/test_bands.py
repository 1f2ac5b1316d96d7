import pytest
import torch
from transformers import SamHQVisionConfig, SamVisionConfig
from transformers.models.grounding_dino.modeling_grounding_dino import MultiScaleDeformableAttention
from transformers.models.sam.modeling_sam import SamVisionSdpaAttention
from transformers.models.sam_hq.modeling_sam_hq import SamHQVisionSdpaAttention

from kizu.grounding import GroundingSettings
from kizu.grounding.models import bands
from kizu.grounding.models.grounding_dino import load as load_dino
from kizu.grounding.models.sam import load as load_sam
from kizu.grounding.weights import find_weights

SIDE = 20  # rows of the grid: two whole bands and a part


@pytest.mark.parametrize(
    ("attention_class", "config_class"),
    [
        (SamVisionSdpaAttention, SamVisionConfig),
        (SamHQVisionSdpaAttention, SamHQVisionConfig),
    ],
)
def test_attention_in_bands_is_the_librarys_own(attention_class, config_class):
    torch.manual_seed(0)
    config = config_class(
        hidden_size=32, num_attention_heads=4, image_size=SIDE * 8, patch_size=8, mlp_dim=16
    )
    attention = attention_class(config, 0).eval()
    with torch.inference_mode():
        for embedding in (attention.rel_pos_h, attention.rel_pos_w):
            embedding.copy_(torch.randn(embedding.shape))
        states = torch.randn(2, SIDE, SIDE, 32)
        expected, _ = attention(states)
        found, _ = bands.banded_attention(attention, states)
    assert torch.allclose(found, expected, atol=1e-6)
    assert expected.std() > 0.01


def test_sampling_in_bands_is_the_librarys_own():
    torch.manual_seed(0)
    shapes = [(30, 40), (15, 20)]
    queries = 2 * bands.BAND_QUERIES + 7
    inputs = (
        torch.randn(1, 1500, 2, 8),
        torch.tensor(shapes),
        shapes,
        torch.tensor([0, 1200]),
        torch.rand(1, queries, 2, 2, 4, 2),
        torch.rand(1, queries, 2, 2, 4),
        64,
    )
    module = MultiScaleDeformableAttention()
    expected = module(*inputs)
    holder = torch.nn.ModuleList([module])
    bands.sample_in_bands(holder)
    assert torch.equal(module(*inputs), expected)


def test_a_loaded_sam_attends_in_bands_on_a_cpu(sam_folder):
    found = find_weights(str(sam_folder), "sam")
    model = load_sam(found, GroundingSettings(device="cpu")).model
    assert model.vision_encoder.layers[0].attn.forward.func is bands.banded_attention


@pytest.mark.parametrize("folder", ["grounding_dino_folder", "mm_grounding_dino_folder"])
def test_a_loaded_grounding_dino_samples_in_bands_on_a_cpu(folder, request):
    found = find_weights(str(request.getfixturevalue(folder)), "grounding-dino")
    model = load_dino(found, GroundingSettings(device="cpu")).model
    attention = model.model.encoder.layers[0].deformable_layer.self_attn.attn
    assert attention.forward.func is bands._banded_sampling
