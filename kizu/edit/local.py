"""What editors on this machine share: they are free, and take photos of almost any size."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from kizu.edit.request import EditRequest
from kizu.imaging.arrays import Mask
from kizu.imaging.geometry import Fit, FreeSizes, Geometry

LOCAL_SIZES: Final = FreeSizes(
    multiple_px=16,  # as gpt-image-2
    min_pixels=0,
    max_pixels=40_000_000,  # of which each Lab array takes half a gigabyte
    max_edge_px=16_384,  # OpenCV's remap ends at 32,767
    max_aspect=16.0,  # by eye: narrower strips leave a defect no room
)
"""Sizes that editors on this machine work in."""

FitSetting: TypeAlias = Annotated[
    Fit,
    Field(
        title="Fit",
        description="'pad' sends the whole photo, 'crop' only its centre, when sizes differ.",
    ),
]
"""What of a photo is sent, as the settings of such an editor have it."""


class LocalEditor:
    """Base of editors that change the photo on this machine."""

    def __init__(self, fit: Fit) -> None:
        """Take what of a photo is sent when sizes differ."""
        self._fit = fit

    @property
    def is_paid(self) -> Literal[False]:
        """False: it is made on this machine."""
        return False

    def plan_crop(
        self,
        request: EditRequest,  # noqa: ARG002 - the Protocol's
        source: tuple[int, int],
        guide: Mask | None,  # noqa: ARG002 - the Protocol's
    ) -> Geometry:
        """Send the whole photo, or its centre, in a size of steps of 16 px."""
        return Geometry.fit(source, LOCAL_SIZES, self._fit)

    def most_usd(self, request: EditRequest, size: tuple[int, int]) -> float:  # noqa: ARG002 - the Protocol's
        """Return 0: it is made on this machine."""
        return 0.0
