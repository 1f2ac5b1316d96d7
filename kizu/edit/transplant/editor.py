"""Transplanting behind the editor interface."""

from functools import lru_cache

from kizu.edit.editor import Edit, EditError, EditRefusedError
from kizu.edit.local import LocalEditor
from kizu.edit.request import EditRequest
from kizu.edit.transplant.blending import transplant
from kizu.edit.transplant.pose import Wanted
from kizu.edit.transplant.settings import TRANSPLANT_MODEL, TransplantSettings
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_png
from kizu.real_defects import read_real_picture


class TransplantEditor(LocalEditor):
    """Moves the real defect that a request names onto the photo."""

    def __init__(self, settings: TransplantSettings) -> None:
        """Take where the real defects are; nothing is read."""
        super().__init__(settings.fit)
        self._settings = settings
        self._read = lru_cache(maxsize=4)(read_real_picture)  # photos of a shard share few of them

    def edit(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> Edit:
        """Move the defect; the request alone decides what comes out.

        Raises:
            EditError: The picture of the defect is gone, or another one than was planned with.
            EditRefusedError: The region has no room for it.
        """
        source = self._settings.real_defect(request)
        try:
            shown, mask = self._read(self._settings.defects, source)
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
    area, pixels = request.asked_area, picture.shape[0] * picture.shape[1]
    return Wanted(
        area_px=(area[0] * pixels, area[1] * pixels) if area else None,
        severity=request.asked_severity,
    )
