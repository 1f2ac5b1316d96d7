"""The small SAM: from a box to the defect's mask.

transformers initialises SAM's image encoder with almost no variance and its positions with far too
much, because it expects trained weights; both are set to usual values here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import trange
from transformers import SamConfig, SamImageProcessorPil, SamModel

from benchmarks.demo_weights.batches import Example, batches, pixels
from benchmarks.demo_weights.scenes import Scenes

INPUT_PX: Final = 160
PATCH_PX: Final = 8
TRUTH_PX: Final = 2 * INPUT_PX
"""Side at which masks are judged: lines thinner than a pixel of the input keep their shape."""

_WIDTH: Final = 64
_POSITION_SCALE: Final = 1.0
ROUNDS: Final = ((1300, 1e-3), (900, 7e-4))
"""Steps and highest learning rate of each round of training."""

_BOXES_PER_IMAGE: Final = 4
_ENTROPY_WEIGHT: Final = 5.0
_BOX_JITTER: Final = 0.08  # of a box's sides; detectors' boxes are not exact


def new_segmenter() -> Any:
    """Return the segmenter with random weights."""
    cells = INPUT_PX // PATCH_PX
    model = SamModel(
        SamConfig(
            vision_config={
                "image_size": INPUT_PX,
                "patch_size": PATCH_PX,
                "hidden_size": 96,
                "num_hidden_layers": 4,
                "num_attention_heads": 4,
                "window_size": 0,
                "global_attn_indexes": [0, 1, 2, 3],
                "mlp_dim": 256,
                "output_channels": _WIDTH,
                "use_rel_pos": False,  # halves the cost of training
                "num_pos_feats": _WIDTH // 2,
                "initializer_range": 0.02,
                "scale": _POSITION_SCALE,
            },
            prompt_encoder_config={
                "hidden_size": _WIDTH,
                "image_size": INPUT_PX,
                "patch_size": PATCH_PX,
                "image_embedding_size": cells,
                "mask_input_channels": 8,
            },
            mask_decoder_config={
                "hidden_size": _WIDTH,
                "mlp_dim": 128,
                "num_attention_heads": 4,
                "iou_head_hidden_dim": 64,
            },
        )
    )
    torch.nn.init.normal_(model.shared_image_embedding.positional_embedding, std=_POSITION_SCALE)
    return model


def prompts(examples: list[Example], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (B, K, 4) jittered boxes and (B, K, S, S) masks; fewer than K defects repeat."""
    rows = [np.resize(rng.permutation(len(e.boxes)), _BOXES_PER_IMAGE) for e in examples]
    boxes = np.stack([_jittered(e.boxes[row], rng) for e, row in zip(examples, rows, strict=True)])
    masks = [
        e.instance[None] == e.number[r, None, None] for e, r in zip(examples, rows, strict=True)
    ]
    shrunk = boxes * (INPUT_PX / TRUTH_PX)
    return torch.from_numpy(shrunk), torch.from_numpy(np.stack(masks).astype(np.float32))


def _jittered(boxes: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    side = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    moved = boxes + rng.normal(0, _BOX_JITTER, boxes.shape) * side + rng.normal(0, 1, boxes.shape)
    return np.asarray(np.clip(moved, 0, TRUTH_PX), np.float32)


def mask_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return soft Dice plus weighted binary cross entropy, for (B, K, S, S) of each."""
    dims = (2, 3)
    chance = logits.sigmoid()
    shared = 2 * (chance * target).sum(dims) + 1
    dice = 1 - shared / (chance.sum(dims) + target.sum(dims) + 1)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
    return dice.mean() + _ENTROPY_WEIGHT * entropy


def train(scenes: Scenes, batch: int, seed: int) -> Any:
    """Return the trained segmenter."""
    torch.manual_seed(seed)
    model = new_segmenter()
    for number, (steps, rate) in enumerate(ROUNDS):
        source = batches(scenes, batch, TRUTH_PX, np.random.default_rng(seed + number))
        _train_round(model, source, steps, rate, np.random.default_rng(seed + number))
    return model


def _train_round(
    model: Any,
    source: Iterator[list[Example]],
    steps: int,
    rate: float,
    rng: np.random.Generator,
) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.1)
    losses = list[float]()
    model.train()
    for _ in (bar := trange(steps, unit="step", desc="segmenter", disable=None)):
        examples = [example for example in next(source) if len(example.boxes)]
        boxes, target = prompts(examples, rng)
        images = torch.nn.functional.avg_pool2d(pixels(examples), TRUTH_PX // INPUT_PX)
        output = model(pixel_values=images, input_boxes=boxes, multimask_output=False)
        logits = torch.nn.functional.interpolate(
            output.pred_masks[:, :, 0], size=(TRUTH_PX, TRUTH_PX), mode="bilinear"
        )
        loss = mask_loss(logits, target)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses = [*losses[-99:], float(loss)]
        bar.set_postfix(loss=f"{np.mean(losses):.3f}", refresh=False)


def save_segmenter(model: Any, folder: Path) -> None:
    """Write weights in half precision and image processor for `from_pretrained`."""
    model.to(torch.float16).save_pretrained(folder)
    SamImageProcessorPil(
        size={"longest_edge": INPUT_PX},
        mask_size={"longest_edge": 4 * INPUT_PX // PATCH_PX},
        pad_size={"height": INPUT_PX, "width": INPUT_PX},
        mask_pad_size={"height": 4 * INPUT_PX // PATCH_PX, "width": 4 * INPUT_PX // PATCH_PX},
    ).save_pretrained(folder)
