"""Segmenters of pixels by their features: a small network, and a distance from the normal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from kizu.imaging.arrays import FloatMap, Mask, RgbImage
from kizu.prove.features import FEATURES, Features, describe
from kizu.prove.models import Scorer

MOST_POSITIVE: Final = 300  # pixels of a picture; more are neighbours that say the same
_MOST_NEGATIVE: Final = 600
_HIDDEN: Final = (32, 16)
_STEPS: Final = 600  # of 300, 600 and 900, by the real defects of training parts
BATCH: Final = 2048
_LEARNING_RATE: Final = 3e-3
_WEIGHT_DECAY: Final = 1e-4
_LEAST_SPREAD: Final = np.float32(1e-6)  # of a feature, as colour's in grey pictures
_RIDGE: Final = 1e-2  # of the mean variance, added to the covariance so that it can be inverted
_SMOOTHING_PX: Final = 1.0  # of the scores; single pixels are noise


@dataclass(frozen=True, eq=False)
class PixelSample:
    """Some pixels of a training picture.

    Attributes:
        positive: (n, ``FEATURES``) float32, of its defect.
        negative: (m, ``FEATURES``) float32, of what is around it.
    """

    positive: NDArray[np.float32]
    negative: NDArray[np.float32]


class FeatureModel:
    """A network of two small layers on the filter bank's features: seconds on one core."""

    def prepare(self, image: RgbImage) -> Features:
        """Return the features of a picture at the size it is judged at."""
        return describe(image)

    def sample(self, image: RgbImage, mask: Mask, rng: np.random.Generator) -> PixelSample:
        """Return some of a training picture's pixels, drawn at random."""
        features = describe(image)
        return PixelSample(
            _some(features[mask], MOST_POSITIVE, rng), _some(features[~mask], _MOST_NEGATIVE, rng)
        )

    def fit(self, samples: Sequence[PixelSample], seed: int) -> Scorer[Features]:
        """Train; every defect counts alike however large it is, and so does every picture."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return _trained(samples)


def fit_normal(samples: Sequence[PixelSample]) -> Scorer[Features]:
    """Return the Mahalanobis distance from the pixels without a defect, after PaDiM.

    One distribution for all places, because parts do not lie alike in photographs.
    """
    normal = np.concatenate([each.negative for each in samples]).astype(np.float64)
    mean = normal.mean(axis=0)
    covariance = np.cov(normal, rowvar=False)
    covariance += _RIDGE * np.trace(covariance) / FEATURES * np.eye(FEATURES)
    root = np.linalg.cholesky(np.linalg.inv(covariance)).astype(np.float32)
    centre = mean.astype(np.float32)

    def score(features: Features) -> FloatMap:
        return _smooth(np.sqrt(np.square((features - centre) @ root).sum(axis=-1)))

    return score


def _some(pixels: NDArray[np.float32], most: int, rng: np.random.Generator) -> NDArray[np.float32]:
    if len(pixels) <= most:
        return pixels
    return pixels[rng.choice(len(pixels), most, replace=False)]


def _trained(samples: Sequence[PixelSample]) -> Scorer[Features]:
    drawing = [PixelDrawing.of([each.positive for each in samples])]
    drawing += [PixelDrawing.of([each.negative for each in samples])]
    everything = np.concatenate([each.pixels for each in drawing])
    mean, spread = everything.mean(axis=0), everything.std(axis=0) + _LEAST_SPREAD
    inputs = [torch.from_numpy((each.pixels - mean) / spread) for each in drawing]
    network = nn.Sequential(
        nn.Linear(FEATURES, _HIDDEN[0]),
        nn.ReLU(),
        nn.Linear(*_HIDDEN),
        nn.ReLU(),
        nn.Linear(_HIDDEN[1], 1),
    )
    targets = torch.cat([torch.ones(BATCH // 2), torch.zeros(BATCH // 2)])
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, _STEPS)
    for _ in range(_STEPS):
        batch = torch.cat([of[each.draw()] for of, each in zip(inputs, drawing, strict=True)])
        loss = nn.functional.binary_cross_entropy_with_logits(network(batch)[:, 0], targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch has no types there
        optimizer.step()
        schedule.step()

    def score(features: Features) -> FloatMap:
        flat = torch.from_numpy((features.reshape(-1, FEATURES) - mean) / spread)
        with torch.inference_mode():
            logits = network(flat)[:, 0].numpy()
        return _smooth(logits.reshape(features.shape[:2]))

    return score


@dataclass(frozen=True, eq=False)
class PixelDrawing:
    """Pixels of pictures; each picture is drawn alike, however many pixels it has.

    Attributes:
        pixels: (n, ``FEATURES``) float32, one picture's after another's.
        starts: The first of each picture's.
        counts: How many each has.
    """

    pixels: NDArray[np.float32]
    starts: torch.Tensor
    counts: torch.Tensor

    @classmethod
    def of(cls, pictures: Sequence[NDArray[np.float32]]) -> "PixelDrawing":
        """Put the pixels of pictures, (m, ``FEATURES``) float32 each, one after another."""
        counts = np.array([len(each) for each in pictures if len(each)])
        starts = torch.from_numpy(np.cumsum(counts) - counts)
        return cls(np.concatenate(pictures), starts, torch.from_numpy(counts))

    def draw(self) -> torch.Tensor:
        """Return the places of half a batch of pixels."""
        picture = torch.randint(len(self.counts), (BATCH // 2,))
        return self.starts[picture] + (torch.rand(BATCH // 2) * self.counts[picture]).long()


def _smooth(scores: FloatMap) -> FloatMap:
    return np.asarray(cv2.GaussianBlur(scores, (0, 0), _SMOOTHING_PX), np.float32)
