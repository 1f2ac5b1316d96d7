"""A version as a map-style dataset of PyTorch."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
import torch
from torch.utils.data import Dataset as TorchBase

from kizu.publish.dataset import Sample

Item: TypeAlias = dict[str, Any]
"""``image``: (3, H, W) float32 in [0, 1]; ``mask``: (H, W) bool; ``label``: 0 normal, 1 defect;
``class_index``: 0 normal, else from 1 in the order of ``classes``; ``sample_id``."""


class TorchDataset(TorchBase[Any]):
    """Reads a version's images one by one, in the order of its table; workers may share it.

    Attributes:
        classes: The defect types, sorted; ``class_index`` counts them from 1.
        samples: The samples, for what their rows say.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        classes: Sequence[str],
        transform: Callable[[Item], Any] | None = None,
    ) -> None:
        """Take what is to be read; nothing is."""
        self.samples = tuple(samples)
        self.classes = tuple(classes)
        self._transform = transform

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.samples)

    def __getitem__(self, index: int) -> Any:  # noqa: ANN401 - what the transform makes of it
        """Read an image with its mask.

        Raises:
            IndexError: There is none of that number.
            DatasetError: A file is missing, or is not the one that was published.
        """
        sample = self.samples[index]
        kind = sample.row["defect_type"]
        image = torch.from_numpy(np.moveaxis(sample.image(), 2, 0).astype(np.float32) / 255)
        mask = torch.from_numpy(sample.label().copy())
        item: Item = {
            "image": _as_known_to_torchvision("Image", image),
            "mask": _as_known_to_torchvision("Mask", mask),
            "label": int(not sample.is_normal),
            "class_index": self.classes.index(kind) + 1 if kind in self.classes else 0,
            "sample_id": sample.sample_id,
        }
        return self._transform(item) if self._transform else item


def _as_known_to_torchvision(kind: str, tensor: torch.Tensor) -> torch.Tensor:
    """Mark a tensor as image or mask where torchvision is: its transforms then move both alike."""
    if find_spec("torchvision") is None:
        return tensor
    from torchvision import tv_tensors  # noqa: PLC0415 - no package of ours

    marked: torch.Tensor = getattr(tv_tensors, kind)(tensor)
    return marked
