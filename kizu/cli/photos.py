"""Looks at the photos of a source before anything is built."""

from collections.abc import Mapping
from typing import NamedTuple

from kizu.cli.options import or_exit
from kizu.cli.terminal import progress_bars
from kizu.imaging.formats import DEFAULT_MAX_MEGAPIXELS
from kizu.imaging.thumbnails import thumbnail
from kizu.matching.duplicates import Thumbnail
from kizu.sources import Inventory, NormalImage, examine_pixels, list_source
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
    path: str, store: Store, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS
) -> LookedAt:
    """Examine a source's files with a progress bar; changes nothing.

    Args:
        path: Folder, pattern or URL.
        store: What it holds already is not decoded.
        max_megapixels: Larger photos are left out.
    """
    files = or_exit(list_source, path)
    found, thumbnails = [], {}
    with progress_bars() as bars:
        bars("look at photos", 0, len(files))
        for file in files:
            photo, pixels = examine_pixels(file, store, max_megapixels)
            found.append(photo)
            if isinstance(photo, NormalImage) and pixels is not None:
                thumbnails[photo.sha256] = thumbnail(pixels)
            bars("look at photos", 1, None)
    return LookedAt(Inventory.of(found), thumbnails)
