"""Reads the masks that users draw, once each."""

import posixpath

import fsspec
import numpy as np

from kizu.edit.regions import DrawnRegion, draw_region
from kizu.imaging.codecs import UnreadableImageError, decode_mask

_SUFFIX = ".png"


class DrawnMasks:
    """Drawn masks by path: one file for all photos, or a folder with one file per photo."""

    def __init__(self) -> None:
        """Start without any."""
        self._read: dict[str, DrawnRegion] = {}

    def of(self, path: str, photo: str) -> DrawnRegion:
        """Return the mask of a photo.

        Args:
            path: A mask file, or a folder of masks named like the photos.
            photo: The photo's path below its source.

        Raises:
            ValueError: There is no such mask, it cannot be read, or nothing in it is white.
        """
        place = path
        if not path.lower().endswith(_SUFFIX):
            place = posixpath.join(path, posixpath.splitext(photo)[0] + _SUFFIX)
        if place not in self._read:
            self._read[place] = _read_mask(place)
        return self._read[place]


def _read_mask(place: str) -> DrawnRegion:
    try:
        with fsspec.open(place, "rb") as opened:
            mask = decode_mask(opened.read())
    except FileNotFoundError as error:
        raise ValueError(
            f"there is no mask {place!r}; draw one, white where the defect may be"
        ) from error
    except (OSError, UnreadableImageError) as error:
        raise ValueError(f"the mask {place!r} cannot be read ({error})") from error
    flat = mask if mask.ndim == 2 else np.asarray(mask.any(axis=2))  # noqa: PLR2004 - axes
    if not flat.any():
        raise ValueError(f"the mask {place!r} is black all over; paint the region white")
    return draw_region(flat)
