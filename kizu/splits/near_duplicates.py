"""Photos of a dataset that show the same though no rule says so; what was found is kept.

How alike two photos are follows from the others that look like them. So that no photo changes sides
because of others that come, a pair is looked at once, and what was found then stays.

``near_duplicates/1/datasets/NAME.json`` holds that of all photos of a dataset, and names the packs
of their thumbnails, so that a look costs as many requests however many photos there are, and one
where they are those of the last look.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import UnreadableImageError, decode_grey, encode_png
from kizu.imaging.thumbnails import thumbnail
from kizu.matching.duplicates import SAME, DuplicateSearch, Thumbnail
from kizu.progress import advance, expect
from kizu.sources import NormalImage, thumbnail_path
from kizu.splits.looks import Looks, LooksTable
from kizu.splits.thumbnail_packs import pack_thumbnails, read_packs
from kizu.store import DamagedFileError, Store

OpenPhoto: TypeAlias = Callable[[NormalImage], RgbImage]
"""Returns a photo's pixels, (H, W, 3) uint8."""

COMPARE: Final = "compare photos"
"""What progress is reported as."""

_OPENERS: Final = 4  # photos decoded at once where there is no thumbnail yet; 72 MB each at 24 MP


@dataclass(frozen=True)
class NearDuplicates:
    """Photos that show the same.

    Attributes:
        pairs: SHA-256 of both and their likeness, the likest first.
        since: When photos were first compared, by SHA-256, ISO 8601 in UTC.
        now: When this was; photos of that time are new.
        looked_at: How many pairs were looked at now.
    """

    pairs: tuple[tuple[str, str, float], ...] = ()
    since: Mapping[str, str] = field(default_factory=dict)
    now: str = ""
    looked_at: int = 0
    _found: LooksTable | None = field(default=None, repr=False)
    _thumbnails: Mapping[str, Thumbnail] = field(default_factory=dict, repr=False)
    _packed: Mapping[str, Collection[str]] = field(default_factory=dict, repr=False)

    def save(self, store: Store, dataset: str) -> None:
        """Keep what was found, so that the next build looks at new photos alone."""
        if self._found is None:
            return
        packs = pack_thumbnails(store, dataset, self._thumbnails, self._packed)
        self._found.with_packs(packs.named).save(store, dataset)
        for path in packs.replaced:  # by the table's packs, which it names by now
            store.remove(path)


NOT_LOOKED_FOR: Final = NearDuplicates()


def find_near_duplicates(
    dataset: str,
    images: Iterable[NormalImage],
    store: Store,
    open_photo: OpenPhoto,
    thumbnails: Mapping[str, Thumbnail] | None = None,
    *,
    keep: bool = True,
) -> NearDuplicates:
    """Find the photos of a dataset that show the same.

    Args:
        dataset: The dataset's name.
        images: The photos.
        store: Where thumbnails and what was found before lie; what is found now goes there by
            ``NearDuplicates.save``.
        open_photo: Opens a photo that has no thumbnail.
        thumbnails: Thumbnails at hand, by SHA-256.
        keep: Whether new thumbnails are stored.
    """
    photos = sorted({image.sha256: image for image in images}.values(), key=lambda it: it.sha256)
    names = [image.sha256 for image in photos]
    known = LooksTable.open(store, dataset, names)
    if known.is_of(names):
        since = {name: known.looks[name].since for name in names}
        return NearDuplicates(_pairs({name: known.looks[name].likeness for name in names}), since)
    packs = read_packs(store, known.packs)
    packed = {path: frozenset(pack) for path, pack in packs.items()}
    at_hand = {name: each for pack in packs.values() for name, each in pack.items()}
    at_hand |= thumbnails or {}

    def read(image: NormalImage) -> Thumbnail | None:
        found = at_hand.get(image.sha256)
        return _thumbnail(image, store, open_photo, keep=keep) if found is None else found

    with ThreadPoolExecutor(_OPENERS) as pool:
        small = dict(zip(names, pool.map(read, photos), strict=True))
    shown = {name: each for name, each in small.items() if each is not None}
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    found = _compared(shown, known, now, is_all=len(shown) == len(names))
    return replace(found, _packed=packed)


def _compared(
    shown: Mapping[str, Thumbnail], known: LooksTable, now: str, *, is_all: bool
) -> NearDuplicates:
    """Look closely at the candidates that were not looked at before."""
    names = list(shown)
    search = DuplicateSearch(list(shown.values()))
    looks = [known.looks.get(name) for name in names]
    since = {name: each.since if each else now for name, each in zip(names, looks, strict=True)}
    likeness = {
        name: dict(each.likeness) if each else {} for name, each in zip(names, looks, strict=True)
    }
    fresh = [pair for pair in search.candidates() if not _is_known(pair, names, likeness)]
    expect(COMPARE, len(fresh))
    for (first, second), found in search.likenesses(fresh):
        for one, other in ((first, second), (second, first)):
            likeness[names[one]][names[other]] = round(found, 4)
        advance(COMPARE)
    found_now = {name: Looks(since=since[name], likeness=likeness[name]) for name in names}
    return NearDuplicates(
        pairs=_pairs(likeness),
        since=since,
        now=now,
        looked_at=len(fresh),
        _found=known.with_looks(found_now, names if is_all else ()),
        _thumbnails=shown,
    )


def _pairs(likeness: Mapping[str, Mapping[str, float]]) -> tuple[tuple[str, str, float], ...]:
    """Return the pairs of photos at hand that show the same, the likest first."""
    pairs = {
        (min(one, other), max(one, other)): found
        for one, others in likeness.items()
        for other, found in others.items()
        if found >= SAME and other in likeness
    }
    return tuple((*pair, pairs[pair]) for pair in sorted(pairs, key=lambda it: (-pairs[it], it)))


def _is_known(
    pair: tuple[int, int], names: Sequence[str], likeness: Mapping[str, Mapping[str, float]]
) -> bool:
    one, other = (names[at] for at in pair)
    return other in likeness[one] or one in likeness[other]


def _thumbnail(
    image: NormalImage, store: Store, open_photo: OpenPhoto, *, keep: bool
) -> Thumbnail | None:
    """Return a photo's thumbnail, made once and kept; None of a photo that is lost."""
    path = thumbnail_path(image.sha256)
    try:
        return decode_grey(store.read_checked(path))
    except (FileNotFoundError, DamagedFileError, UnreadableImageError):
        try:
            made = thumbnail(open_photo(image))
        except DamagedFileError:
            return None
        if keep:
            store.write_checked(path, encode_png(made))
        return made
