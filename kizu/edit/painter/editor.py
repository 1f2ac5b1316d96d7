"""The painter behind the editor interface."""

from typing import Final, Literal

from kizu.edit.editor import Edit
from kizu.edit.painter import DefectKind, DriftProfile, imitate_drift, paint
from kizu.edit.painter.settings import PAINTER_MODEL
from kizu.edit.request import EditRequest, Severity
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_png
from kizu.imaging.geometry import Fit, FreeSizes, Geometry

PAINTER_SIZES: Final = FreeSizes(
    multiple_px=16,  # as gpt-image-2
    min_pixels=0,
    max_pixels=40_000_000,  # of which each Lab array takes half a gigabyte
    max_edge_px=16_384,  # OpenCV's remap ends at 32,767
    max_aspect=16.0,  # by eye: narrower strips leave a defect no room
)
"""Sizes the painter works in."""


class PainterEditor:
    """Paints the asked defect and, if asked to, redraws the picture as a model would."""

    def __init__(self, drift: DriftProfile = DriftProfile.NONE, fit: Fit = "pad") -> None:
        """Take how to paint; nothing is loaded.

        Args:
            drift: The redraw to imitate.
            fit: What of a photo is sent when sizes differ.
        """
        self._drift = drift
        self._fit = fit

    @property
    def is_paid(self) -> Literal[False]:
        """False: painting is free."""
        return False

    def plan_crop(
        self,
        request: EditRequest,  # noqa: ARG002 - the Protocol's
        source: tuple[int, int],
        guide: Mask | None,  # noqa: ARG002 - the Protocol's
    ) -> Geometry:
        """Send the whole photo, or its centre, in a size of steps of 16 px."""
        return Geometry.fit(source, PAINTER_SIZES, self._fit)

    def most_usd(self, request: EditRequest, size: tuple[int, int]) -> float:  # noqa: ARG002 - the Protocol's
        """Return 0: painting is free."""
        return 0.0

    def edit(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> Edit:
        """Paint; the request alone decides what comes out."""
        kind = DefectKind(str(request.ask["kind"]))
        area = request.ask["area"]
        wanted = (float(area[0]), float(area[1])) if isinstance(area, list) else None  # type: ignore[arg-type] # JSON; the plan wrote two numbers
        severity, branched = request.ask.get("severity"), request.ask.get("branched")
        painting = paint(
            picture,
            kind,
            request.draw,
            region=region,
            area_fraction=wanted,
            severity=Severity(str(severity)) if severity else None,
            branched=branched if isinstance(branched, bool) else None,
        )
        drifted = imitate_drift(painting, self._drift, request.draw)
        return Edit(
            picture=encode_png(drifted.image),
            model=PAINTER_MODEL,
            truth=drifted.truth,
            cost_usd=0.0,
        )
