"""Models that learn what is normal and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.imaging.arrays import FloatMap, RgbImage
from kizu.prove.feature_model import FeatureModel, fit_normal
from kizu.prove.features import Features
from kizu.prove.models import Scorer

_SIDE_PX: Final = 256  # what anomalib runs Padim with
_MEAN: Final = np.array((0.485, 0.456, 0.406), np.float32)  # of ImageNet's colours,
_STD: Final = np.array((0.229, 0.224, 0.225), np.float32)  # which the backbone was trained with
_LAYERS: Final = ("layer1", "layer2", "layer3")  # of a ResNet, as published
_BATCH: Final = 8  # pictures at a time: 100 MB of a ResNet's maps


class NoOneClassModelError(ValueError):
    """A one-class model cannot be had; the message says why and the way out."""


class OneClass(Protocol):
    """A model of what is normal."""

    remark: str
    """What a reader should know of it; empty for nothing."""

    def prepare(self, image: RgbImage) -> Any:  # noqa: ANN401 - the model's own
        """Return what its scorer reads of an (h, w, 3) uint8 picture."""
        ...

    def fit(self, normals: Sequence[RgbImage]) -> Scorer[Any]:
        """Learn from (h, w, 3) uint8 pictures without defects."""
        ...


class NormalPixels:
    """The filter bank's features of normal pixels, as one distribution."""

    remark = ""

    def __init__(self) -> None:
        """Nothing is learned yet."""
        self._model = FeatureModel()

    def prepare(self, image: RgbImage) -> Features:
        """Return the features of every pixel."""
        return self._model.prepare(image)

    def fit(self, normals: Sequence[RgbImage]) -> Scorer[Features]:
        """Learn from some pixels of every picture."""
        rng = np.random.default_rng(0)
        return fit_normal(
            [self._model.sample(each, np.zeros(each.shape[:2], bool), rng) for each in normals]
        )


class AnomalibPadim:
    """Padim of anomalib, on a ResNet-18: one distribution for each place of the picture."""

    def __init__(self) -> None:
        """Load the backbone.

        Raises:
            NoOneClassModelError: anomalib is not installed.
        """
        try:
            from anomalib.models.image.padim.torch_model import PadimModel  # noqa: PLC0415
        except ImportError as error:
            raise NoOneClassModelError(
                "--one-class padim needs anomalib; install it beside kizu: pip install anomalib"
            ) from error
        self._make = PadimModel
        try:
            self._new(pre_trained=True)
            self._pre_trained = True
        except Exception:  # noqa: BLE001 - hub clients raise what they like without a network
            self._pre_trained = False
        self.remark = "The one-class row is anomalib's Padim on a ResNet-18." + (
            ""
            if self._pre_trained
            else " Its weights are not on this computer, so its features are random: a smoke test "
            "that says nothing of the model."
        )

    def prepare(self, image: RgbImage) -> tuple[NDArray[np.float32], tuple[int, int]]:
        """Return the (3, 256, 256) input and the picture's (h, w)."""
        small = cv2.resize(image, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
        planes = np.asarray((small.astype(np.float32) / 255 - _MEAN) / _STD, np.float32)
        return planes.transpose(2, 0, 1), (image.shape[0], image.shape[1])

    def fit(self, normals: Sequence[RgbImage]) -> Scorer[Any]:
        """Learn from all pictures; equal pictures give equal scores."""
        import torch  # noqa: PLC0415 - takes seconds

        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            model = self._new(pre_trained=self._pre_trained).train()
            planes = [self.prepare(each)[0] for each in normals]
            for start in range(0, len(planes), _BATCH):
                model(torch.from_numpy(np.stack(planes[start : start + _BATCH])))
            model.fit()
            model.eval()

        def score(prepared: tuple[NDArray[np.float32], tuple[int, int]]) -> FloatMap:
            with torch.inference_mode():
                found = model(torch.from_numpy(prepared[0][None])).anomaly_map
            height, width = prepared[1]
            return np.asarray(cv2.resize(found[0, 0].numpy(), (width, height)), np.float32)

        return score

    def _new(self, *, pre_trained: bool) -> Any:  # noqa: ANN401 - anomalib's own
        return self._make(backbone="resnet18", layers=list(_LAYERS), pre_trained=pre_trained)


ONE_CLASS: Final[Mapping[str, Callable[[], OneClass]]] = {
    "features": NormalPixels,
    "padim": AnomalibPadim,
}
"""By name: what makes it."""


def load_one_class(name: str) -> OneClass:
    """Return a one-class model that has learned nothing yet.

    Raises:
        NoOneClassModelError: There is none of that name, or it is not installed.
    """
    if name not in ONE_CLASS:
        raise NoOneClassModelError(
            f"there is no one-class model {name!r}; choose one of {', '.join(ONE_CLASS)}"
        )
    return ONE_CLASS[name]()
