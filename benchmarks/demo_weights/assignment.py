"""Which places answer for which defect: task-aligned assignment.

Feng et al., "TOOD: Task-aligned One-stage Object Detection" (arXiv 2108.07755): the places whose
class score and box agree best with a defect answer for it, and the better they agree the higher the
score they are asked for. Several places may answer for one defect; non-maximum suppression follows
at inference, as in Ouyang-Zhang et al., "NMS Strikes Back" (arXiv 2212.06137).
"""

from dataclasses import dataclass
from typing import Final

import torch

_SCORE_POWER: Final = 0.5
_IOU_POWER: Final = 4.0


@dataclass(frozen=True, eq=False)
class Assignment:
    """What each of N places is asked for.

    Attributes:
        target: (N,) float32, the score it should give, 0 for no defect.
        defect: (N,) int64, row of its defect; meaningless where target is 0.
    """

    target: torch.Tensor
    defect: torch.Tensor


@torch.no_grad()
def assign(
    scores: torch.Tensor, boxes: torch.Tensor, truth: torch.Tensor, allowed: torch.Tensor, most: int
) -> Assignment:
    """Return who answers for what in one image.

    Args:
        scores: (N, M) probability of each defect's class at each place.
        boxes: (N, 4) xyxy as the places predict them now.
        truth: (M, 4) xyxy of the defects.
        allowed: (N, M) bool, places that may answer for a defect.
        most: Most places per defect.
    """
    if len(truth) == 0:
        return Assignment(torch.zeros(len(boxes)), torch.zeros(len(boxes), dtype=torch.int64))
    iou = pairwise_iou(boxes, truth)
    fit = (scores**_SCORE_POWER * (iou + 1e-3) ** _IOU_POWER).masked_fill(~allowed, 0)
    best = fit.topk(min(most, len(boxes)), dim=0).indices
    chosen = torch.zeros_like(allowed).scatter_(0, best, value=True) & allowed
    fit = fit.masked_fill(~chosen, 0)
    ceiling = iou.masked_fill(~chosen, 0).amax(dim=0)
    target = fit / fit.amax(dim=0).clamp(min=1e-9) * ceiling
    return Assignment(*target.max(dim=1))


def pairwise_iou(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return (N, M) intersection over union of (N, 4) and (M, 4) xyxy boxes."""
    corner = torch.maximum(left[:, None, :2], right[None, :, :2])
    opposite = torch.minimum(left[:, None, 2:], right[None, :, 2:])
    shared = (opposite - corner).clamp(min=0).prod(dim=2)
    union = area(left)[:, None] + area(right)[None] - shared
    return shared / union.clamp(min=1e-9)


def area(boxes: torch.Tensor) -> torch.Tensor:
    """Return (N,) areas of xyxy boxes."""
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1)


def generalized_iou(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return (N,) generalized IoU of paired xyxy boxes (Rezatofighi et al. 2019)."""
    corner = torch.maximum(left[:, :2], right[:, :2])
    opposite = torch.minimum(left[:, 2:], right[:, 2:])
    shared = (opposite - corner).clamp(min=0).prod(dim=1)
    union = area(left) + area(right) - shared
    low, high = torch.minimum(left[:, :2], right[:, :2]), torch.maximum(left[:, 2:], right[:, 2:])
    hull = (high - low).prod(dim=1).clamp(min=1e-9)
    return shared / union.clamp(min=1e-9) - (hull - union) / hull
