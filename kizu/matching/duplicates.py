"""Which photographs of a set show the same thing: one file twice, resized, cropped, re-exposed.

Two parts on one station differ less than two copies of one file may: every hash of the whole frame
calls them the same. What tells is what a photo has that those which look like it have not. So the
mean of its look-alikes is taken out of both photos, by least squares in a small window, with its
slopes, for no two lie in the same place; what is left of copies agrees, and of other parts does
not. Only photos that are each other's nearest by a cheap vector are compared so.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from kizu.cores import on_cores
from kizu.imaging.arrays import FloatMap
from kizu.imaging.borders import mirrored_border
from kizu.matching.features import (
    DETAIL_SIDE_PX,
    THUMBNAIL_SIDE_PX,
    frame_thumbnail,
)

Thumbnail: TypeAlias = NDArray[np.uint8]
"""(h, w) uint8 grey, as ``kizu.imaging.thumbnails`` makes it."""
Pair: TypeAlias = tuple[int, int]
"""Places of two photos, the lower first."""

SAME: Final = 0.8
"""Likeness from which two photos show the same; benchmarks/splits/near_duplicates.py has why."""

_FEW: Final = 0.98
"""The same where no third photo is there to tell what both have in common."""
_NEAREST: Final = 4  # photos nearest in own detail that a photo is compared with
_NEAREST_FRAMES: Final = 2  # photos nearest as a whole, for sets too small to have a common detail
_LEAST_DETAIL: Final = 0.15
"""Cosine of own details; of other parts it reaches .1 by chance, of a dark copy it was .21."""
_ITSELF: Final = 0.5  # cosine of own details; a look-alike beyond it may be a copy as well
_LOOKALIKES: Final = 8  # photos in the mean; their own details are an eighth of it each
_NEIGHBOURS: Final = 32  # nearest frames kept per photo, to choose look-alikes from
_COMMON_AXES: Final = 8  # principal axes taken out of details: light, place, the station itself
_PHOTOS_PER_AXIS: Final = 8  # in a smaller set an axis may be what two copies have alone
_SET_PHOTOS: Final = 500  # that the axes are fitted to; a second of CPU
_BLOCK: Final = 512  # photos compared at once with all others; 20 MB of floats for 10,000
_SAME_ASPECT: Final = 0.005  # of width over height; thumbnails are whole px
_LOOKS_ALIKE: Final = 0.3  # cosine of frames; of other scenes 0, of a crop by 6 % about .5
_STATION_MATES: Final = 8  # photos of one shape among the nearest frames: a station's
_LONE_MATES: Final = 3  # fewer of its own shape: it may be cropped
_FINE_SIGMA_PX: Final = 1.0  # px of the thumbnail; JPEG's noise is finer
_BROAD_SIGMA_PX: Final = 4.0  # px; light is broader
_WINDOW_PX: Final = 27  # px a side, in which look-alikes are fitted; a Gaussian of 8 px
_MARGIN_PX: Final = 6  # px at the edge, that alignment fills with reflections
_FLAT_LEVELS: Final = 0.3  # grey levels that rounding leaves
_RIDGE: Final = 1e-3  # of the mean energy of look-alikes
_SIDES_PX: Final = (24, 48, 128)  # px of the long side, coarse to fine; 6 % are 2 px of 24
_COARSE_SIDES_PX: Final = (24, 64)  # the same for look-alikes, whose slopes are fitted besides
_ITERATIONS: Final = 30  # of ECC; crops of 6 % settle in 15
_MOST_SHEAR: Final = 0.2  # of an affine map's linear part; copies are cropped by less


class DuplicateSearch:
    """Finds photos of a set that show the same; it holds some 35 KB for each."""

    def __init__(self, thumbnails: Sequence[Thumbnail]) -> None:
        """Take in the photos.

        Args:
            thumbnails: (h, w) uint8 each; in an order that does not depend on chance.
        """
        self._count = len(thumbnails)
        frames = np.zeros((self._count, THUMBNAIL_SIDE_PX**2), np.float32)
        for place, each in enumerate(thumbnails):
            frames[place] = frame_thumbnail(each).ravel()
        self._aspects = np.array([each.shape[1] / each.shape[0] for each in thumbnails])
        self._nearest = _nearest(frames, _NEIGHBOURS)
        self._upright: list[Thumbnail] = []
        self._odd = np.zeros(self._count, np.bool_)
        for place, each in enumerate(thumbnails):
            near = self._nearest[place]
            near = near[frames[near] @ frames[place] > _LOOKS_ALIKE]
            self._upright.append(self._in_place(place, each, near, thumbnails))
        self._details = _own_details(self._upright)

    def _in_place(
        self,
        place: int,
        own: Thumbnail,
        near: NDArray[np.int64],
        thumbnails: Sequence[Thumbnail],
    ) -> Thumbnail:
        """Return a photo as the station's others lie, if it alone is of another shape."""
        shapes = [np.abs(self._aspects[near] / self._aspects[at] - 1) < _SAME_ASPECT for at in near]
        if not shapes:
            return own
        mates = near[max(shapes, key=np.count_nonzero)]
        alike = np.abs(self._aspects[near] / self._aspects[place] - 1) < _SAME_ASPECT
        if len(mates) < _STATION_MATES or np.count_nonzero(alike) >= _LONE_MATES:
            return own
        self._odd[place] = True
        shape = thumbnails[mates[0]].shape
        station = _mean([thumbnails[at] for at in mates[:_LOOKALIKES]], shape)
        moved = _aligned(_resized(own.astype(np.float32), shape), station)
        return own if moved is None else np.asarray(np.clip(np.rint(moved), 0, 255), np.uint8)

    def candidates(self, sides: Sequence[int] | None = None) -> list[Pair]:
        """Return the pairs that are worth a close look, sorted; some three a photo.

        Args:
            sides: If given, a number for each photo: only pairs across are looked for.
        """
        of = None if sides is None else np.asarray(sides)
        pairs: set[Pair] = set()
        for rows, cosines in _cosines(self._details):
            if of is not None:
                cosines[of[rows, None] == of[None]] = -1
            best = _best(cosines, _NEAREST)
            for place, others in zip(rows, best, strict=True):
                at = cosines[place - rows[0], others]
                pairs.update(_pairs(int(place), others[at > _LEAST_DETAIL]))
        for place, others in enumerate(self._nearest):
            across = others if of is None else others[of[others] != of[place]]
            pairs.update(_pairs(place, across[:_NEAREST_FRAMES]))
        return sorted(pairs)

    def likenesses(self, pairs: Iterable[Pair]) -> Iterator[tuple[Pair, float]]:
        """Yield pairs as they are found out, on all cores, each with its likeness, -1 to 1.

        That is how far its photos have the same alone; ``SAME`` and more is the same. Two photos
        that both lie otherwise than their look-alikes cannot be told apart by them; they are
        unlike, as far as can be said.
        """
        by_photo: dict[int, list[Pair]] = {}
        for pair in pairs:
            by_photo.setdefault(self._upright_first(pair)[0], []).append(pair)
        for found in on_cores(self._looked_at, by_photo.values()):
            yield from found

    def _looked_at(self, pairs: Sequence[Pair]) -> list[tuple[Pair, float]]:
        """Look at the pairs of one photo; a look-alike is laid onto it once."""
        laid: dict[int, FloatMap | None] = {}
        return [(pair, self._likeness(*self._upright_first(pair), laid)) for pair in pairs]

    def _upright_first(self, pair: Pair) -> tuple[int, int]:
        """Return a pair with the photo first that lies as its look-alikes do, if one does."""
        first, second = sorted(pair, key=lambda at: bool(self._odd[at]))
        return first, second

    def _likeness(self, first: int, second: int, laid: dict[int, FloatMap | None]) -> float:
        if self._odd[first]:
            return 0.0
        ours = self._upright[first].astype(np.float32)
        theirs = _aligned(_resized(self._upright[second].astype(np.float32), ours.shape), ours)
        if theirs is None:
            return 0.0
        bands = _band(ours), _band(theirs)
        lookalikes = self._lookalikes(first, second)
        if not lookalikes:
            plain = _correlation(*bands)
            return plain if plain >= _FEW else min(plain, SAME - (_FEW - SAME))
        terms = _with_slopes(_band(self._common(lookalikes, ours, laid)))
        return _correlation(*_without(bands, terms))

    def _common(
        self, lookalikes: Sequence[int], ours: FloatMap, laid: dict[int, FloatMap | None]
    ) -> FloatMap:
        """Return the mean of look-alikes, each laid onto a photo, where they can be."""
        as_they_lie = {
            at: _resized(self._upright[at].astype(np.float32), ours.shape) for at in lookalikes
        }
        for at, each in as_they_lie.items():
            if at not in laid:
                laid[at] = _aligned(each, ours, _COARSE_SIDES_PX)
        moved = [found for at in lookalikes if (found := laid[at]) is not None]
        return np.asarray(np.mean(moved or [*as_they_lie.values()], axis=0), np.float32)

    def _lookalikes(self, first: int, second: int) -> list[int]:
        """Return the photos that look most like two, nearest first, and are no copies of them."""
        near = [at for at in self._nearest[first] if at != second and not self._odd[at]]
        if not near:
            return []
        cosines = self._details[near] @ self._details[[first, second]].T
        return [at for at, cos in zip(near, cosines, strict=True) if cos.max() < _ITSELF][
            :_LOOKALIKES
        ]


def _pairs(place: int, others: NDArray[np.int64]) -> Iterator[Pair]:
    return ((min(place, int(at)), max(place, int(at))) for at in others)


def _cosines(vectors: FloatMap) -> Iterator[tuple[NDArray[np.int64], FloatMap]]:
    """Yield blocks of places with their cosines to all (block, N); to themselves -1."""
    for start in range(0, len(vectors), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(vectors)))
        cosines = vectors[rows] @ vectors.T
        cosines[np.arange(len(rows)), rows] = -1
        yield rows, cosines


def _nearest(vectors: FloatMap, most: int) -> list[NDArray[np.int64]]:
    """Return for every vector (N, D) of unit length the places of the nearest others."""
    return [row for _, cosines in _cosines(vectors) for row in _best(cosines, most)]


def _best(cosines: FloatMap, most: int) -> NDArray[np.int64]:
    """Return the places of the highest of every row, highest first, without the row's own."""
    most = min(most, cosines.shape[1] - 1)
    return np.argsort(-cosines, axis=1, kind="stable")[:, :most]


def _own_details(thumbnails: Sequence[Thumbnail]) -> FloatMap:
    """Return what each photo has that the set has not in common, (N, D) of unit length."""
    details = np.zeros((len(thumbnails), DETAIL_SIDE_PX**2), np.float32)
    for place, each in enumerate(thumbnails):
        details[place] = frame_thumbnail(each, DETAIL_SIDE_PX, 2.0).ravel()
    if len(details) > 2:  # of two, the mean would leave the same of both
        details -= details.mean(axis=0)
    some = details[:: -(-len(details) // _SET_PHOTOS) or 1]
    if axes := min(_COMMON_AXES, max(len(some) // _PHOTOS_PER_AXIS - 1, 0)):
        common = np.linalg.svd(some, full_matrices=False)[2][:axes]
        details -= (details @ common.T) @ common
    details /= np.maximum(np.linalg.norm(details, axis=1, keepdims=True), 1e-6)
    return details


def _resized(image: FloatMap, shape: tuple[int, ...]) -> FloatMap:
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)


def _mean(images: Sequence[Thumbnail], shape: tuple[int, ...]) -> FloatMap:
    resized = [_resized(image.astype(np.float32), shape) for image in images]
    return np.asarray(np.mean(resized, axis=0), np.float32)


def _aligned(
    image: FloatMap, onto: FloatMap, sides_px: Sequence[int] = _SIDES_PX
) -> FloatMap | None:
    """Return a picture (H, W) moved onto another by an affine map; None if it does not fit.

    The map is found by enhanced correlation (Evangelidis and Psarakis 2008), coarse to fine.
    """
    warp = np.eye(2, 3, dtype=np.float32)
    for side in sides_px:
        scale = side / max(onto.shape)
        size = tuple(max(8, round(length * scale)) for length in onto.shape[::-1])
        small = [
            np.asarray(cv2.resize(each, size, interpolation=cv2.INTER_AREA), np.float32)
            for each in (onto, image)
        ]
        warp[:, 2] *= scale
        found = _ecc(small[0], small[1], warp)
        warp = warp if found is None else found
        warp[:, 2] /= scale
    if found is None:
        return None
    return np.asarray(
        cv2.warpAffine(
            image,
            warp,
            (onto.shape[1], onto.shape[0]),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=mirrored_border(image),
        ),
        np.float32,
    )


def _ecc(onto: FloatMap, image: FloatMap, start: FloatMap) -> FloatMap | None:
    everywhere = np.ones(image.shape, np.uint8)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ITERATIONS, 1e-4)
    try:
        _, found = cv2.findTransformECC(
            onto, image, start.copy(), cv2.MOTION_AFFINE, stop, everywhere, 3
        )
    except cv2.error:  # it does not converge, or one of them is flat
        return None
    linear = found[:, :2] - np.eye(2)
    return np.asarray(found, np.float32) if np.abs(linear).max() < _MOST_SHEAR else None


def _band(image: FloatMap) -> FloatMap:
    fine, broad = (
        cv2.GaussianBlur(image, (0, 0), sigma) for sigma in (_FINE_SIGMA_PX, _BROAD_SIGMA_PX)
    )
    return np.asarray(fine - broad, np.float32)


def _with_slopes(band: FloatMap) -> list[FloatMap]:
    slopes = (cv2.Sobel(band, cv2.CV_32F, dx, dy, ksize=3) for dx, dy in ((1, 0), (0, 1)))
    return [band, *(np.asarray(slope, np.float32) for slope in slopes)]


def _local_mean(values: FloatMap) -> FloatMap:
    window = (_WINDOW_PX, _WINDOW_PX)
    return np.asarray(cv2.blur(values, window, borderType=cv2.BORDER_REFLECT_101), np.float32)


def _without(bands: Sequence[FloatMap], terms: Sequence[FloatMap]) -> list[FloatMap]:
    """Return what least squares in a small window leaves of bands, (H, W) each, by terms."""
    shape = bands[0].shape
    gram = np.empty((*shape, len(terms), len(terms)), np.float32)
    shared = np.empty((*shape, len(terms), len(bands)), np.float32)
    for row, term in enumerate(terms):
        for place, band in enumerate(bands):
            shared[..., row, place] = _local_mean(term * band)
        for column in range(row + 1):
            gram[..., row, column] = gram[..., column, row] = _local_mean(term * terms[column])
    energy = float(np.trace(gram, axis1=-2, axis2=-1).mean()) / len(terms)
    gram += np.eye(len(terms), dtype=np.float32) * np.float32(_RIDGE * energy + 1e-4)
    weights = np.linalg.solve(gram, shared)
    explained = (weights * np.stack(terms, axis=-1)[..., None]).sum(axis=-2)
    return [
        np.asarray(band - explained[..., place], np.float32) for place, band in enumerate(bands)
    ]


def _correlation(first: FloatMap, second: FloatMap) -> float:
    """Correlate two bands (H, W), each at one local contrast."""
    inner = [_at_one_contrast(band) for band in (first, second)]
    lengths = [float(np.linalg.norm(each)) for each in inner]
    if min(lengths) < 1e-6:
        return 0.0
    return float((inner[0] * inner[1]).sum() / (lengths[0] * lengths[1]))


def _at_one_contrast(band: FloatMap) -> FloatMap:
    level = band / np.sqrt(_local_mean(band * band) + np.float32(_FLAT_LEVELS**2))
    margin = min(_MARGIN_PX, min(band.shape) // 4)
    inner = level[margin:-margin, margin:-margin] if margin else level
    return np.asarray(inner - inner.mean(), np.float32)
