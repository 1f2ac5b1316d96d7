"""A compact U-Net with a stated budget: 300 batches of twelve crops, whatever it is trained on."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.prove.features import relative_lightness
from kizu.prove.models import Scorer

BATCHES: Final = 300  # about 45 CPU seconds; it is far from converged at 150
CROPS: Final = 12
CROP_PX: Final = 96  # of the reduced picture; its widest convolutions see 60
_WIDTH: Final = 8  # channels of the first level
_LEVELS: Final = 4
_MULTIPLE_PX: Final = 2 ** (_LEVELS - 1)
_LEARNING_RATE: Final = 3e-3
_ON_DEFECT: Final = 0.5  # of the crops hold a defect, if there are any
_COLOUR_UNIT: Final = 25.0  # Lab units that count as 1, as lightness is scaled


@dataclass(frozen=True, eq=False)
class Crops:
    """What crops are drawn from.

    Attributes:
        planes: (3, h, w) float16: lightness relative to the picture's own, and colour.
        mask: (h, w) bool.
        places: (n, 2) rows and columns of the defect's pixels.
    """

    planes: NDArray[np.float16]
    mask: Mask
    places: NDArray[np.intp]


class UNet:
    """A U-Net with four levels of 8 to 64 channels, trained from nothing."""

    def prepare(self, image: RgbImage) -> NDArray[np.float32]:
        """Return its (3, h, w) input."""
        lab = cv2.cvtColor(image.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
        lightness = relative_lightness(np.ascontiguousarray(lab[..., 0], np.float32))
        colour = lab[..., 1:].transpose(2, 0, 1) / np.float32(_COLOUR_UNIT)
        return np.concatenate([lightness[None], colour]).astype(np.float32)

    def sample(
        self,
        image: RgbImage,
        mask: Mask,
        rng: np.random.Generator,  # noqa: ARG002 - the Protocol's
    ) -> Crops:
        """Return the whole picture; crops are drawn while it trains."""
        return Crops(self.prepare(image).astype(np.float16), mask, np.argwhere(mask))

    def fit(self, samples: Sequence[Crops], seed: int) -> Scorer[NDArray[np.float32]]:
        """Train for the budget; pictures with a defect are drawn alike, and so are the others."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = _trained(samples, np.random.default_rng(seed))

        def score(planes: NDArray[np.float32]) -> FloatMap:
            height, width = planes.shape[1:]
            padding = ((0, 0), (0, -height % _MULTIPLE_PX), (0, -width % _MULTIPLE_PX))
            padded = np.pad(planes, padding, mode="symmetric")
            with torch.inference_mode():
                logits = network(torch.from_numpy(padded[None]))[0, 0].numpy()
            return np.asarray(logits[:height, :width], np.float32)

        return score


def _trained(samples: Sequence[Crops], rng: np.random.Generator) -> nn.Module:
    network = _Network().train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, BATCHES)
    marked = [each for each in samples if len(each.places)]
    plain = [each for each in samples if not len(each.places)] or marked
    for _ in range(BATCHES):
        drawn = [_crop((marked if rng.random() < _ON_DEFECT else plain), rng) for _ in range(CROPS)]
        inputs, wanted = (torch.from_numpy(np.stack(each)) for each in zip(*drawn, strict=True))
        loss = _loss(network(inputs)[:, 0], wanted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch has no types there
        optimizer.step()
        schedule.step()
    return network.eval()


def _crop(
    pictures: Sequence[Crops], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw a crop, turned and mirrored at random: (3, c, c) and (c, c) float32."""
    picture = pictures[int(rng.integers(len(pictures)))]
    height, width = picture.mask.shape
    if len(picture.places):
        y, x = picture.places[int(rng.integers(len(picture.places)))]
        y, x = (int(at + rng.integers(-CROP_PX // 3, CROP_PX // 3)) for at in (y, x))
    else:
        y, x = int(rng.integers(height)), int(rng.integers(width))
    top = min(max(y - CROP_PX // 2, 0), max(height - CROP_PX, 0))
    left = min(max(x - CROP_PX // 2, 0), max(width - CROP_PX, 0))
    window = (slice(top, top + CROP_PX), slice(left, left + CROP_PX))
    planes = picture.planes[:, *window].astype(np.float32)
    wanted = picture.mask[window].astype(np.float32)
    missing = [(0, CROP_PX - side) for side in wanted.shape]
    planes = np.pad(planes, [(0, 0), *missing], mode="symmetric")
    wanted = np.pad(wanted, missing, mode="symmetric")
    turns = int(rng.integers(4))
    planes, wanted = np.rot90(planes, turns, (1, 2)), np.rot90(wanted, turns)
    if rng.integers(2):
        planes, wanted = planes[..., ::-1], wanted[..., ::-1]
    return np.ascontiguousarray(planes), np.ascontiguousarray(wanted)


def _loss(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Cross entropy, and one minus the Dice overlap, which small defects would else not move."""
    chance = torch.sigmoid(logits)
    overlap = 2 * (chance * wanted).sum() + 1
    dice = overlap / (chance.sum() + wanted.sum() + 1)
    return nn.functional.binary_cross_entropy_with_logits(logits, wanted) + 1 - dice


class _Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = [_WIDTH * 2**level for level in range(_LEVELS)]
        self.down = nn.ModuleList(
            _block(before, after) for before, after in zip([3, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(
            _block(wide + narrow, narrow) for narrow, wide in itertools.pairwise(widths)
        )
        self.head = nn.Conv2d(_WIDTH, 1, 1)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        seen: list[torch.Tensor] = []
        for block in self.down:
            planes = block(planes if not seen else nn.functional.max_pool2d(planes, 2))
            seen.append(planes)
        for level in range(_LEVELS - 2, -1, -1):
            wide = nn.functional.interpolate(planes, scale_factor=2, mode="nearest")
            planes = self.up[level](torch.cat([wide, seen[level]], dim=1))
        return self.head(planes)  # type: ignore[no-any-return] # modules are typed loosely


def _block(before: int, after: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (before, after):
        layers += [
            nn.Conv2d(channels, after, 3, padding=1, padding_mode="reflect", bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)
