"""The painter behind the editor interface."""

from kizu.edit.editor import Edit
from kizu.edit.local import LocalEditor
from kizu.edit.painter import DefectKind, DriftProfile, imitate_drift, paint
from kizu.edit.painter.settings import PAINTER_MODEL
from kizu.edit.request import EditRequest
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import encode_png
from kizu.imaging.geometry import Fit


class PainterEditor(LocalEditor):
    """Paints the asked defect and, if asked to, redraws the picture as a model would."""

    def __init__(self, drift: DriftProfile = DriftProfile.NONE, fit: Fit = "pad") -> None:
        """Take how to paint; nothing is loaded.

        Args:
            drift: The redraw to imitate.
            fit: What of a photo is sent when sizes differ.
        """
        super().__init__(fit)
        self._drift = drift

    def edit(self, request: EditRequest, picture: RgbImage, region: Mask | None) -> Edit:
        """Paint; the request alone decides what comes out."""
        kind = DefectKind(str(request.ask["kind"]))
        branched = request.ask.get("branched")
        painting = paint(
            picture,
            kind,
            request.draw,
            region=region,
            area_fraction=request.asked_area,
            severity=request.asked_severity,
            branched=branched if isinstance(branched, bool) else None,
        )
        drifted = imitate_drift(painting, self._drift, request.draw)
        return Edit(
            picture=encode_png(drifted.image),
            model=PAINTER_MODEL,
            truth=drifted.truth,
            cost_usd=0.0,
        )
