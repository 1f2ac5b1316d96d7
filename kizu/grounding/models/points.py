"""Clicks as the models of the SAM family take them, and which of their masks is meant.

One click may mean a part, an object or a group: SAM then draws three masks, and the one it is
surest of is taken. Several clicks leave no doubt, and it draws one (Kirillov et al., arXiv
2304.02643, section 3).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def point_prompt(
    model: Any,
    points_xy: NDArray[np.float32],
    inside: NDArray[np.bool_],
    shape: tuple[int, int],
    resized: Sequence[int],
) -> dict[str, Any]:
    """Return clicks on one object as arguments of the library's models.

    Args:
        model: The model, for its device and number type.
        points_xy: (N, 2) float32 pixels of the image.
        inside: (N,) bool, which of them lie on the object.
        shape: The image's (H, W).
        resized: The (H, W) the model sees it at, before padding.
    """
    scale = np.array([resized[1] / shape[1], resized[0] / shape[0]], np.float32)
    points = torch.from_numpy(points_xy * scale).to(model.device)
    labels = torch.from_numpy(inside.astype(np.int32)).to(model.device)
    return {
        "input_points": points[None, None],  # (image, object, N, 2)
        "input_labels": labels[None, None],
        "multimask_output": len(points_xy) == 1,
    }


def best_mask(logits: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
    """Return (1, h, w), the mask a model is surest of.

    Args:
        logits: (1, 1, M, h, w), its masks of one object in one image.
        quality: (1, 1, M), its own estimate of their IoU.
    """
    best = int(quality[0, 0].argmax())
    return logits[0, 0, best : best + 1].float()
