"""The slowest layers of two models, computed in bands that fit a processor's cache.

Both layers write arrays of hundreds of megabytes only to read them once. Here the same library
operations run on a part of the queries at a time; a query's numbers do not depend on its
neighbours, so the results are the same. For CPUs: a GPU is faster with one large piece.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import torch
from torch.nn.functional import scaled_dot_product_attention

BAND_ROWS: Final = 8
"""Rows of SAM's 64 x 64 grid; their bias takes 8 MB per head."""

BAND_QUERIES: Final = 1024
"""Queries of deformable attention; what they sample takes 16 MB for 8 heads and 4 levels."""


def attend_in_bands(encoder: Any) -> None:  # a transformers SAM or SAM-HQ image encoder
    """Let the layers of SAM that attend to the whole image do so band by band.

    SAM adds to its attention how far apart query and key lie (Li et al., "MViTv2", arXiv
    2112.01526); the library writes this down for all pairs, 0.8 GB per layer of ViT-B.
    """
    for layer in encoder.layers:
        if layer.window_size == 0 and layer.attn.use_rel_pos:
            layer.attn.forward = partial(banded_attention, layer.attn)


def sample_in_bands(model: Any) -> None:  # a transformers Grounding DINO model
    """Let the deformable attention of Grounding DINO sample its image features band by band."""
    for module in model.modules():
        if type(module).__name__ == "MultiScaleDeformableAttention":
            module.forward = partial(_banded_sampling, module.forward)


def banded_attention(
    attention: Any,  # a transformers SamVisionAttention
    hidden_states: torch.Tensor,
    output_attentions: object = None,
) -> tuple[torch.Tensor, None]:
    """Return what the attention module's own `forward` returns, without its weights.

    Args:
        attention: The module.
        hidden_states: (B, H, W, C).
        output_attentions: Of the library's signature; weights are never returned.

    Returns:
        (B, H, W, C), and None.
    """
    del output_attentions
    batch, height, width, _ = hidden_states.shape
    qkv = attention.qkv(hidden_states).reshape(
        batch, height * width, 3, attention.num_attention_heads, -1
    )
    query, key, value = qkv.permute(2, 3, 0, 1, 4).unbind(0)  # (heads, B, H * W, c) each
    down = attention.get_rel_pos(height, height, attention.rel_pos_h)
    across = attention.get_rel_pos(width, width, attention.rel_pos_w)
    heads = [_one_head(*parts, down, across) for parts in zip(query, key, value, strict=True)]
    joined = torch.stack(heads, dim=2)  # (B, H * W, heads, c)
    return attention.proj(joined.reshape(batch, height, width, -1)), None


def _one_head(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    down: torch.Tensor,
    across: torch.Tensor,
) -> torch.Tensor:
    """Return (B, H * W, c) of one head's (B, H * W, c) queries, keys and values.

    `down` (H, H, c) and `across` (W, W, c) embed how far apart two rows or columns are.
    """
    grid = query.reshape(len(query), len(down), len(across), -1)
    bias_down = torch.einsum("bhwc,hkc->bhwk", grid, down)
    bias_across = torch.einsum("bhwc,wkc->bhwk", grid, across)
    key, value = key[:, None].contiguous(), value[:, None].contiguous()
    bands = []
    for top in range(0, len(down), BAND_ROWS):
        rows = slice(top, top + BAND_ROWS)
        band = grid[:, rows].flatten(1, 2)[:, None]
        bias = bias_down[:, rows, :, :, None] + bias_across[:, rows, :, None, :]
        mask = bias.reshape(*band.shape[:3], key.shape[2])
        bands.append(scaled_dot_product_attention(band, key, value, mask)[:, 0])
    return torch.cat(bands, dim=1)


def _banded_sampling(forward: Callable[..., torch.Tensor], *inputs: Any) -> torch.Tensor:
    """Return (B, Q, C): what Q queries sample; `inputs` are those of the library's `forward`."""
    *features, locations, weights, step = inputs
    bands = zip(
        locations.split(BAND_QUERIES, dim=1), weights.split(BAND_QUERIES, dim=1), strict=True
    )
    return torch.cat([forward(*features, *band, step) for band in bands], dim=1)
