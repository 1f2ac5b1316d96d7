"""Finds the foreground of a normal image once, and keeps it in the store."""

from kizu.edit.regions import foreground_mask
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.rle import decode_rle, encode_rle
from kizu.store import StageFolder, Store
from kizu.store.keys import content_key
from kizu.versions import DECODER_VERSION, FOREGROUND_VERSION


def stored_foreground(store: Store, normal_sha256: str, photo: RgbImage) -> Mask:
    """Return a photo's foreground, found once for all edits and stages.

    Args:
        store: Where it is kept.
        normal_sha256: The normal image.
        photo: Its pixels, (H, W, 3) uint8.

    Returns:
        (H, W) bool.
    """
    folder = _folder(store, normal_sha256)
    if not folder.done():
        folder.finish(encode_rle(foreground_mask(photo)))
    return folder.record_as(decode_rle)


def find_foreground(store: Store, normal_sha256: str) -> Mask | None:
    """Return a photo's foreground if it was found before, which spares decoding the photo."""
    folder = _folder(store, normal_sha256)
    return folder.record_as(decode_rle) if folder.done() else None


def _folder(store: Store, normal_sha256: str) -> StageFolder:
    key = content_key(
        "foreground", version=FOREGROUND_VERSION, decoder=DECODER_VERSION, normal=normal_sha256
    )
    return StageFolder(store, "foreground", key)
