"""First stage: the backbone learns to segment the defects, which trains it faster than boxes."""

from typing import Any, Final

import numpy as np
import torch
from torch import nn
from tqdm import trange
from transformers import AutoBackbone

from benchmarks.demo_weights.architecture import INPUT_PX, backbone_config
from benchmarks.demo_weights.batches import Example, batches, pixels
from benchmarks.demo_weights.scenes import WORDS, Scenes

STRIDE: Final = 8
_LATERAL: Final = 64


class DenseHead(nn.Module):
    """Sums the backbone's levels at stride 8 and asks each place for each defect."""

    def __init__(self, channels: list[int]) -> None:
        """Take the channels of strides 8, 16 and 32."""
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(c, _LATERAL, 1) for c in channels)
        self.mix = nn.Sequential(nn.Conv2d(_LATERAL, _LATERAL, 3, padding=1), nn.ReLU())
        self.score = nn.Conv2d(_LATERAL, len(WORDS), 1)
        nn.init.constant_(self.score.bias, -4.0)  # defects are rare

    def forward(self, levels: list[torch.Tensor]) -> torch.Tensor:
        """Return (B, words, h, w) logits at the finest level's size."""
        size = levels[0].shape[-2:]
        same = [
            nn.functional.interpolate(lateral(level), size=size, mode="nearest")
            for lateral, level in zip(self.lateral, levels, strict=True)
        ]
        scores: torch.Tensor = self.score(self.mix(torch.stack(same).sum(dim=0)))
        return scores


def class_map(examples: list[Example]) -> torch.Tensor:
    """Return (B, words, S/8, S/8) float32: 1 where any pixel of the cell shows the defect."""
    side = examples[0].image.shape[0]
    maps = np.zeros((len(examples), len(WORDS), side, side), np.float32)
    for row, example in enumerate(examples):
        for word, number in zip(example.word, example.number, strict=True):
            maps[row, word][example.instance == number] = 1
    return nn.functional.max_pool2d(torch.from_numpy(maps), STRIDE)


def dense_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return focal loss (Lin et al. 2017, gamma 2) plus soft Dice over the batch, per word."""
    chance = logits.sigmoid()
    error = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    focal = (error * (chance - target).abs() ** 2).sum() / target.sum().clamp(min=1)
    shared = 2 * (chance * target).sum(dim=(0, 2, 3)) + 1
    dice = 1 - shared / (chance.sum(dim=(0, 2, 3)) + target.sum(dim=(0, 2, 3)) + 1)
    return focal + dice.mean()


def train(scenes: Scenes, steps: int, batch: int, seed: int) -> Any:
    """Return the trained backbone."""
    torch.manual_seed(seed)
    backbone = AutoBackbone.from_config(backbone_config())
    head = DenseHead(backbone.channels)
    parameters = [*backbone.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, steps, pct_start=0.1)
    source = batches(scenes, batch, INPUT_PX, np.random.default_rng(seed))
    losses = list[float]()
    for _ in (bar := trange(steps, unit="step", desc="backbone", disable=None)):
        examples = next(source)
        loss = dense_loss(head(list(backbone(pixels(examples)).feature_maps)), class_map(examples))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        losses = [*losses[-99:], float(loss)]
        bar.set_postfix(loss=f"{np.mean(losses):.3f}", refresh=False)
    return backbone
