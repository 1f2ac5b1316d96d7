"""The table of segmenters that training sets are compared with."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from kizu.prove.models import Model


class UnknownSegmenterError(ValueError):
    """There is no segmenter of that name; the message lists those there are."""


def _features() -> Model[Any, Any]:
    from kizu.prove.feature_model import FeatureModel  # noqa: PLC0415 - torch takes seconds

    return FeatureModel()


def _unet() -> Model[Any, Any]:
    from kizu.prove.unet import UNet  # noqa: PLC0415 - torch takes seconds

    return UNet()


SEGMENTERS: Final[Mapping[str, Callable[[], Model[Any, Any]]]] = {
    "features": _features,
    "unet": _unet,
}
"""By name: what makes it."""


def load_segmenter(name: str) -> Model[Any, Any]:
    """Return a segmenter that is trained on nothing yet.

    Raises:
        UnknownSegmenterError: There is none of that name.
    """
    if name not in SEGMENTERS:
        raise UnknownSegmenterError(
            f"there is no segmenter {name!r}; choose one of {', '.join(SEGMENTERS)}"
        )
    return SEGMENTERS[name]()
