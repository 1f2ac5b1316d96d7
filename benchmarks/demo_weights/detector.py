"""Second stage: the detector, on the backbone that learned to segment.

Every batch has one caption. transformers' own loss leaves the encoder's proposal heads without a
gradient, so the loss is ours: encoder places and decoder queries answer for defects as
`assignment.py` says, with varifocal classification (Zhang et al. 2021) and GIoU plus L1 boxes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from tqdm import trange

from benchmarks.demo_weights.architecture import (
    ARTICLE_ID,
    FIRST_WORD_ID,
    INPUT_PX,
)
from benchmarks.demo_weights.assignment import Assignment, assign, generalized_iou
from benchmarks.demo_weights.batches import Example, batches, pixels
from benchmarks.demo_weights.scenes import WORDS, Scenes

STRIDES: Final = (8, 16, 32)
_ENCODER_PLACES, _DECODER_QUERIES = 9, 4  # that may answer for one defect
_REACH_PX: Final = 8.0  # a place so near a thin defect's box may answer for it
_STEPS_BETWEEN: Final = 250  # two times of writing what is there
_AVERAGE_SHARE: Final = 0.995  # of the old weights in the running average that is shipped


@dataclass(frozen=True)
class Caption:
    """A prompt and where its words are.

    Attributes:
        token_ids: The prompt.
        position: For each class in the prompt the place of its word.
    """

    token_ids: tuple[int, ...]
    position: dict[int, int]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one layer says: (B, N, T) logits and (B, N, 4) boxes cxcywh in shares of the image."""

    logits: torch.Tensor
    boxes: torch.Tensor
    places: int  # that may answer for one defect


def random_caption(rng: np.random.Generator) -> Caption:
    """Return a prompt of one to all words in any order, some with an article or an unknown word."""
    count = len(WORDS) if rng.random() < 0.5 else int(rng.integers(1, len(WORDS)))
    token_ids, position = [101], dict[int, int]()
    for word in rng.permutation(len(WORDS))[:count]:
        token_ids += [ARTICLE_ID] if rng.random() < 0.5 else []
        token_ids += [100] if rng.random() < 0.15 else []
        position[int(word)] = len(token_ids)
        token_ids += [FIRST_WORD_ID + int(word), 1012]
    return Caption((*token_ids, 102), position)


def predictions(model: Any, images: torch.Tensor, caption: Caption) -> Iterator[Predictions]:
    """Yield what the encoder and each decoder layer say."""
    ids = torch.tensor([caption.token_ids]).repeat(len(images), 1)
    seen = torch.ones_like(ids)
    output = model.model(
        pixel_values=images,
        input_ids=ids,
        attention_mask=seen,
        token_type_ids=torch.zeros_like(ids),
    )
    length = ids.shape[1]
    yield Predictions(
        output.enc_outputs_class[..., :length],
        output.enc_outputs_coord_logits.sigmoid(),
        _ENCODER_PLACES,
    )
    text = output.encoder_last_hidden_state_text
    reference = output.init_reference_points
    for layer, states in enumerate(output.intermediate_hidden_states.unbind(dim=1)):
        logits = model.class_embed[layer](states, text, seen.bool())[..., :length]
        moved = model.bbox_embed[layer](states) + torch.special.logit(reference, eps=1e-5)
        yield Predictions(logits, moved.sigmoid(), _DECODER_QUERIES)
        reference = output.intermediate_reference_points[:, layer]


def detection_loss(
    said: Predictions, examples: list[Example], caption: Caption, centres: torch.Tensor | None
) -> torch.Tensor:
    """Return one layer's loss over the batch.

    Args:
        said: The layer's predictions.
        examples: The batch.
        caption: Its prompt; defects it does not name are background.
        centres: (N, 2) x, y of the places in shares of the image; None for queries.
    """
    classes, wanted, regression, total = list[torch.Tensor](), list[torch.Tensor](), [], 0.0
    for row, example in enumerate(examples):
        named = [k for k, word in enumerate(example.word) if int(word) in caption.position]
        column = torch.tensor(
            [caption.position[int(example.word[k])] for k in named], dtype=torch.int64
        )
        truth = torch.from_numpy(example.boxes[named] / example.image.shape[0]).reshape(-1, 4)
        boxes = to_xyxy(said.boxes[row])
        chance = said.logits[row].sigmoid()
        allowed = _allowed(boxes, truth, centres)
        answer = assign(chance[:, column], boxes, truth, allowed, said.places)
        target = torch.zeros_like(chance)
        if named:
            target[torch.arange(len(boxes)), column[answer.defect]] = answer.target
            regression.append(_box_loss(boxes, truth, answer))
        classes.append(said.logits[row])
        wanted.append(target)
        total += float(answer.target.sum())
    classification = varifocal(torch.cat(classes), torch.cat(wanted))
    return (classification + sum(regression, torch.zeros(()))) / max(total, 1.0)


def varifocal(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the summed loss: wrong background counts by its squared score, defects by target."""
    chance = logits.sigmoid().detach()
    weight = torch.where(target > 0, target, 0.75 * chance**2)
    return torch.nn.functional.binary_cross_entropy_with_logits(
        logits, target, weight=weight, reduction="sum"
    )


def to_xyxy(boxes: torch.Tensor) -> torch.Tensor:
    """Return (..., 4) cxcywh boxes as xyxy."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def place_centres(side_px: int) -> torch.Tensor:
    """Return (N, 2) x, y of the encoder's places in shares of the image."""
    levels = []
    for stride in STRIDES:
        count = side_px // stride
        line = (torch.arange(count) + 0.5) / count
        levels.append(torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).reshape(-1, 2))
    return torch.cat(levels)


def _allowed(
    boxes: torch.Tensor, truth: torch.Tensor, centres: torch.Tensor | None
) -> torch.Tensor:
    if centres is None:
        return torch.ones(len(boxes), len(truth), dtype=torch.bool)
    reach = _REACH_PX / INPUT_PX
    after = centres[:, None] >= truth[None, :, :2] - reach
    before = centres[:, None] <= truth[None, :, 2:] + reach
    return (after & before).all(dim=2)


def _box_loss(boxes: torch.Tensor, truth: torch.Tensor, answer: Assignment) -> torch.Tensor:
    asked = answer.target > 0
    own, weight = truth[answer.defect[asked]], answer.target[asked]
    overlap = 2 * (1 - generalized_iou(boxes[asked], own))
    offset = 5 * (boxes[asked] - own).abs().sum(dim=1)
    return ((overlap + offset) * weight).sum()


def train(model: Any, scenes: Scenes, steps: int, batch: int, seed: int) -> Iterator[Any]:
    """Train in place; yield the running average of the weights every 250 steps and at the end."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    backbone = [p for p in model.model.backbone.parameters() if p.requires_grad]
    known = {id(p) for p in model.model.backbone.parameters()}
    rest = [p for p in model.parameters() if id(p) not in known]
    optimizer = torch.optim.AdamW(
        [{"params": rest, "lr": 1e-3}, {"params": backbone, "lr": 4e-4}], weight_decay=0.01
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [1e-3, 4e-4], steps, pct_start=0.05)
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(_AVERAGE_SHARE)
    )
    source = batches(scenes, batch, INPUT_PX, rng)
    centres = place_centres(INPUT_PX)
    losses = list[float]()
    model.train()
    for step in (bar := trange(steps, unit="step", desc="detector", disable=None)):
        examples, caption = next(source), random_caption(rng)
        layers = predictions(model, pixels(examples), caption)
        loss = torch.stack(
            [
                detection_loss(said, examples, caption, None if layer else centres)
                for layer, said in enumerate(layers)
            ]
        ).sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        losses = [*losses[-99:], float(loss)]
        bar.set_postfix(loss=f"{np.mean(losses):.3f}", refresh=False)
        if (step + 1) % _STEPS_BETWEEN == 0 or step + 1 == steps:
            yield average.module
