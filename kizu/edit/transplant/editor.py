"""Transplanting behind the editor interface."""

from functools import lru_cache
from typing import Literal

from kizu.edit.editor import Edit, EditError, EditRefusedError
from kizu.edit.painter.editor import PAINTER_SIZES
from kizu.edit.request import EditRequest, Severity
from kizu.edit.transplant.blending import transplant
from kizu.edit.transplant.pose import Wanted
from kizu.edit.transplant.settings import TRANSPLANT_MODEL
from kizu.edit.transplant.sources import RealDefect, read_real_defect
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_png
from kizu.imaging.geometry import Fit, Geometry


class TransplantEditor:
    """Moves the real defect that a request names onto the photo."""

    def __init__(self, path: str, fit: Fit = "pad") -> None:
        """Take where the real defects are; nothing is read.

        Args:
            path: The folder.
            fit: What of a photo is sent when sizes differ.
        """
        self._path = path
        self._fit = fit
        self._read = lru_cache(maxsize=4)(read_real_defect)  # photos of a shard share few of them

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
        return Geometry.fit(source, PAINTER_SIZES, self._fit)

    def most_usd(self, request: EditRequest, size: tuple[int, int]) -> float:  # noqa: ARG002 - the Protocol's
        """Return 0: it is made on this machine."""
        return 0.0

    def edit(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> Edit:
        """Move the defect; the request alone decides what comes out.

        Raises:
            EditError: The picture of the defect is gone, or another one than was planned with.
            EditRefusedError: The region has no room for it.
        """
        ask = {name: str(value) for name, value in request.ask.items() if value is not None}
        source = RealDefect(
            ask["source"], ask["mask"], "", ask["source_sha256"], ask["mask_sha256"]
        )
        try:
            shown, mask = self._read(self._path, source)
        except ValueError as error:
            raise EditError(str(error), cause=source.name) from error
        painted = transplant(
            picture, shown, mask, request.draw, region=region, wanted=_wanted(request, picture)
        )
        if painted is None:
            raise EditRefusedError(
                f"the region leaves no room for the defect of {source.name}; make it larger"
            )
        return Edit(
            picture=encode_png(painted.image),
            model=TRANSPLANT_MODEL,
            truth=painted.truth,
            cost_usd=0.0,
            note=f"the defect of {source.name} was moved here",
        )


def _wanted(request: EditRequest, picture: RgbImage) -> Wanted:
    area, severity = request.ask["area"], request.ask["severity"]
    pixels = picture.shape[0] * picture.shape[1]
    return Wanted(
        area_px=(float(area[0]) * pixels, float(area[1]) * pixels)  # type: ignore[arg-type] # JSON; the plan wrote two numbers
        if isinstance(area, list)
        else None,
        severity=Severity(str(severity)) if severity else None,
    )
