"""Looks at the photos of a source before anything is built."""

from collections.abc import Mapping
from typing import NamedTuple

from kizu.cli.options import or_exit
from kizu.cli.terminal import out, progress_bars
from kizu.imaging.codecs import PLAIN, Decoding
from kizu.imaging.formats import DEFAULT_MAX_MEGAPIXELS
from kizu.imaging.thumbnails import thumbnail
from kizu.intake import find_known
from kizu.matching.duplicates import Thumbnail
from kizu.sources import Inventory, NormalImage, Skipped, examine_pixels, list_source
from kizu.store import Store


class LookedAt(NamedTuple):
    """What is known of a source's photos.

    Attributes:
        inventory: Those that can be used, and those that cannot.
        thumbnails: Of photos that the store does not have yet, by the SHA-256 of their files.
    """

    inventory: Inventory
    thumbnails: Mapping[str, Thumbnail]


def look_at_photos(
    path: str,
    store: Store,
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    decoding: Decoding = PLAIN,
    *,
    rehash: bool = False,
) -> LookedAt:
    """Examine a source's files with a progress bar; changes nothing.

    Args:
        path: Folder, pattern or URL.
        store: What it holds already is not decoded.
        max_megapixels: Larger photos are left out.
        decoding: How they are read.
        rehash: Read photos too whose size and time, or ETag, did not change.
    """
    files = or_exit(list_source, path)
    known = {} if rehash else find_known(path, files, store, max_megapixels, decoding)
    unknown = [file for file in files if file.url not in known]
    found: list[NormalImage | Skipped] = list(known.values())
    thumbnails = {}
    with progress_bars() as bars:
        bars("look at photos", 0, len(unknown))
        for file in unknown:
            photo, pixels = examine_pixels(file, store, max_megapixels, decoding)
            found.append(photo)
            if isinstance(photo, NormalImage) and pixels is not None:
                thumbnails[photo.sha256] = thumbnail(pixels)
            bars("look at photos", 1, None)
    if known:
        way = "'kizu plan --rehash' reads them"
        out.print(f"{len(known)} photos are known by size and time and not read; {way}.")
    return LookedAt(Inventory.of(found), thumbnails)
