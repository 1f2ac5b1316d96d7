"""Gets the edit for a request: from the store if it is there, else from the editor, once."""

import logging

from kizu.billing.admission import CallGate
from kizu.billing.purchase import EditJob, buy_edit
from kizu.edit.editor import CropPlanner, EditError, Editor, EditRefusedError, StopEditingError
from kizu.edit.foreground import stored_foreground
from kizu.edit.paid import PaidEditor
from kizu.edit.prompted import goes_onto_object
from kizu.edit.regions import ForegroundRegion, Region, region_guide, region_mask
from kizu.edit.request import EditRequest
from kizu.edit.storage import (
    EditDamagedError,
    EditRecord,
    find_edit,
    save_edit,
    save_refusal,
)
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.geometry import Geometry
from kizu.store import Store

logger = logging.getLogger(__name__)


def obtain_edit(
    store: Store,
    editor: Editor | PaidEditor,
    request: EditRequest,
    photo: RgbImage,
    region: Region | None,
    gate: CallGate | None = None,
    prompt: str = "",
) -> EditRecord:
    """Return the record of a request's edit, making the edit only if the store lacks it.

    The answer is in the store before anything else happens to it. A refusal is an answer.

    Args:
        store: Where edits are kept.
        editor: Who makes a missing edit.
        request: What is asked for.
        photo: The normal image, (H, W, 3) uint8.
        region: Where the defect may be.
        gate: Admits the calls of a paid editor.
        prompt: What the user asked for, in words that edits of other photos share.

    Raises:
        EditError: The editor could not make it now.
        StopEditingError: The editor takes money, or may, and has no part in the ledger.
        ValueError: The editor is paid and there is no gate.
    """
    damage: EditDamagedError | None = None
    try:
        if record := find_edit(store, request.key):
            return record
    except EditDamagedError as error:
        damage = error
    if editor.is_paid:
        if gate is None:
            raise ValueError("a paid editor needs a gate, so that every call is in the ledger")
        job = plan_job(store, editor, request, photo, region, prompt)
        return buy_edit(store, gate, editor, job)
    if damage is None:
        return make_edit(store, editor, request, photo, region)
    return make_anew(store, editor, request, photo, region, damage)


def plan_job(
    store: Store,
    editor: CropPlanner,
    request: EditRequest,
    photo: RgbImage,
    region: Region | None,
    prompt: str,
) -> EditJob:
    """Return what is sent for an edit that is bought; arguments as of ``obtain_edit``."""
    geometry, sent_region = _plan(store, editor, request, photo, region)
    return EditJob(request, geometry.apply(photo), sent_region, geometry, prompt)


def make_anew(
    store: Store,
    editor: Editor,
    request: EditRequest,
    photo: RgbImage,
    region: Region | None,
    damage: EditDamagedError,
) -> EditRecord:
    """Make an edit in the place of a damaged one; arguments as of ``obtain_edit``.

    Raises:
        EditDamagedError: The editor cannot.
    """
    try:
        record = make_edit(store, editor, request, photo, region)
    except EditError as error:
        raise damage from error
    logger.warning("%s was damaged (%s) and is made anew", damage.file, damage.why)
    return record


def make_edit(
    store: Store, editor: Editor, request: EditRequest, photo: RgbImage, region: Region | None
) -> EditRecord:
    """Have an editor that costs nothing make an edit; arguments as of ``obtain_edit``."""
    geometry, sent_region = _plan(store, editor, request, photo, region)
    if editor.most_usd(request, geometry.model) != 0:
        raise StopEditingError(
            f"what an edit by {request.editor.get('name')} costs is not known to be nothing, and "
            "only paid editors' calls are in the ledger; choose another editor"
        )
    try:
        edit = editor.edit(request, geometry.apply(photo), sent_region)
    except EditRefusedError as refusal:
        return save_refusal(store, request, str(refusal), geometry)
    return save_edit(store, request, edit, geometry)


def _plan(
    store: Store, editor: CropPlanner, request: EditRequest, photo: RgbImage, region: Region | None
) -> tuple[Geometry, Mask | None]:
    """Plan what is sent, and carry the region there."""

    def foreground() -> Mask:
        return stored_foreground(store, request.normal_sha256, photo)

    height, width = photo.shape[:2]
    looked_at = ForegroundRegion() if region is None and goes_onto_object(request) else region
    geometry = editor.plan_crop(request, (width, height), region_guide(looked_at, foreground))
    mask = region_mask(region, (height, width), foreground)
    return geometry, None if mask is None else geometry.apply_mask(mask)
