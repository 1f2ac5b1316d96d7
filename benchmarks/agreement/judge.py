"""The verdict on every measured edit with a simulated annotator, and whether it is right."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.agreement.measure import Measured
from benchmarks.agreement.pairs import EditKind
from benchmarks.agreement.photographs import scene_of
from benchmarks.agreement.witnesses import Witness, said_by
from kizu.agree.change import Change
from kizu.agree.fusion import fuse
from kizu.agree.proof import stratum_of
from kizu.agree.settings import AgreementSettings, AreaRange
from kizu.agree.testimony import Testimony, testimony
from kizu.agree.verdict import Verdict, agree
from kizu.diff.composite import mask_on_edited
from kizu.grounding.moved import move_detections
from kizu.imaging.arrays import Mask
from kizu.imaging.masks import mask_iou

LEAST_IOU: Final = 0.5
"""Of a label with the truth; less is a miss (PASCAL VOC, Everingham et al. 2010)."""
_SEEN_PX: Final = 16
"""Of a side effect in the label, at 512 pixels a side; fewer are hardly seen."""
DRIFT_FIGURES: Final = (
    *("shift_x_px", "shift_y_px", "warp_rms_px", "tone_delta_e", "relight_delta_e"),
    *("match_rate", "registration_residual_px"),
)
"""Of the comparison, what is kept of a sample beside the verdict's own figures."""
_ANNOTATOR: Final = "simulated"
NEVER_RIGHT: Final = frozenset({EditKind.NOTHING, EditKind.WRONG_TYPE, EditKind.WRONG_PLACE})
"""Edits that show no defect of the asked type in the asked place."""


def judge_all(
    edits: Iterable[Measured],
    witnesses: Sequence[Witness | None],
    settings: AgreementSettings | None = None,
) -> pd.DataFrame:
    """Return a row for every edit and annotator: the verdict, its figures, and the truth.

    Args:
        edits: Measured edits; each is looked at once.
        witnesses: The annotators' qualities; None is no annotator.
        settings: Thresholds of the verdict; None for those of kizu.
    """
    used = settings or AgreementSettings()
    return pd.DataFrame([judge(edit, witness, used) for edit in edits for witness in witnesses])


def judge(edit: Measured, witness: Witness | None, settings: AgreementSettings) -> dict[str, Any]:
    """Return one edit's row."""
    change = Change(edit.status, edit.mask, edit.anomaly_map, edit.threshold)
    region = None if edit.region is None else mask_on_edited(edit.region, edit.normal_from_edited)
    weighed = {} if witness is None else {_ANNOTATOR: _weighed(edit, witness)}
    counted = {annotator: each.kept for annotator, each in weighed.items()}
    fused = fuse(change, edit.edited, counted, region)
    area = AreaRange()
    limits = (area.min_fraction, area.max_fraction)
    rivals = {
        annotator: sure
        for annotator, each in weighed.items()
        if (sure := each.rival_confidence(fused.mask, area_fraction=limits, region=region))
        is not None
    }
    agreement = agree(change, fused, counted, area, settings, region=region, rivals=rivals)
    planned = edit.planned
    return {
        "photo": planned.photo,
        "scene": scene_of(planned.photo),
        "kind": planned.kind.value,
        "level": planned.level,
        "defect_type": planned.defect_type,
        "witness": witness.name if witness else "none",
        "reason": agreement.reason.value,
        "accepted": agreement.verdict is Verdict.ACCEPT,
        "stratum": stratum_of(agreement, settings).value,
        "score": agreement.score,
        **truth_of(edit, fused.mask),
        **agreement.figures.model_dump(),
        **{name: edit.drift[name] for name in DRIFT_FIGURES},
    }


def _weighed(edit: Measured, witness: Witness) -> Testimony:
    """What counts of what an annotator says; one that competes looks at the normal image too."""
    said = said_by(witness, edit.planned, edit.drawn, edit.shape)
    if not witness.competes:
        return testimony(said.found, None, None, edit.shape)
    edited_from_normal = np.linalg.inv(np.vstack([edit.normal_from_edited, [0.0, 0.0, 1.0]]))[:2]
    on_normal = move_detections(said.on_normal, edited_from_normal)
    return testimony(said.found, said.rivals, on_normal, edit.shape)


def truth_of(edit: Measured, label: Mask) -> dict[str, Any]:
    """Return whether a label, (H, W) bool, is wrong; strictly so if it holds a side effect too."""
    iou = mask_iou(label, edit.truth)
    wrong = edit.planned.kind in NEVER_RIGHT or iou < LEAST_IOU
    strays = np.count_nonzero(label & edit.besides) >= _SEEN_PX
    return {"iou": iou, "wrong": wrong, "strict": wrong or strays}
