"""Gets the edit for a request: from the store if it is there, else from the editor, once."""

from kizu.arrays import RgbImage
from kizu.edit.archive import EditRecord, find_edit, save_edit, save_refusal
from kizu.edit.editor import Editor, EditRefusedError
from kizu.edit.region import Region, region_mask
from kizu.edit.request import EditRequest
from kizu.geometry import Geometry
from kizu.store import Store


def obtain_edit(
    store: Store, editor: Editor, request: EditRequest, photo: RgbImage, region: Region | None
) -> EditRecord:
    """Return the record of a request's edit, making the edit only if the store lacks it.

    The answer is in the store before anything else happens to it. A refusal is an answer.

    Args:
        store: Where edits are kept.
        editor: Who makes a missing edit.
        request: What is asked for.
        photo: The normal image, (H, W, 3) uint8.
        region: Where the defect may be.

    Raises:
        EditError: The editor could not make it now.
    """
    if record := find_edit(store, request.key):
        return record
    geometry = Geometry.fit((photo.shape[1], photo.shape[0]), editor.sizes, editor.fit)
    mask = region_mask(region, photo)
    sent_mask = None if mask is None else geometry.apply_mask(mask)
    try:
        edit = editor.edit(request, geometry.apply(photo), sent_mask)
    except EditRefusedError as refusal:
        return save_refusal(store, request, str(refusal), geometry)
    return save_edit(store, request, edit, geometry)
