"""Photos of a dataset that show the same though no rule says so; what was found is kept.

How alike two photos are follows from the others that look like them. So that no photo changes sides
because of others that come, a pair is looked at once, and what was found then stays.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias

from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import UnreadableImageError, decode_grey, encode_png
from kizu.imaging.thumbnails import thumbnail
from kizu.matching.duplicates import SAME, DuplicateSearch, Thumbnail
from kizu.progress import advance, expect
from kizu.settings import Record
from kizu.sources import NormalImage, thumbnail_path
from kizu.store import DamagedFileError, Store, keyed
from kizu.versions import DUPLICATES_VERSION

OpenPhoto: TypeAlias = Callable[[NormalImage], RgbImage]
"""Returns a photo's pixels, (H, W, 3) uint8."""

COMPARE: Final = "compare photos"
"""What progress is reported as."""

_OPENERS: Final = 4  # photos decoded at once where there is no thumbnail yet; 72 MB each at 24 MP
_READERS: Final = 16  # files read at once; stores answer slowly and in parallel


class Looks(Record):
    """What is known of a photo and others, by their files' SHA-256; one JSON file in the store.

    Attributes:
        since: When it was first compared, ISO 8601 in UTC.
        likeness: How alike others were found, -1 to 1.
    """

    since: str
    likeness: dict[str, float]


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
    _changed: Mapping[str, Looks] = field(default_factory=dict, repr=False)

    def save(self, store: Store) -> None:
        """Keep what was found, so that the next build looks at new photos alone."""

        def write(item: tuple[str, Looks]) -> None:
            store.write_json(_looks_path(item[0]), item[1].model_dump(mode="json"))

        with ThreadPoolExecutor(_READERS) as pool:
            list(pool.map(write, self._changed.items()))


NOT_LOOKED_FOR: Final = NearDuplicates()


def find_near_duplicates(
    images: Iterable[NormalImage],
    store: Store,
    open_photo: OpenPhoto,
    thumbnails: Mapping[str, Thumbnail] | None = None,
    *,
    keep: bool = True,
) -> NearDuplicates:
    """Find the photos of a dataset that show the same.

    Args:
        images: The photos.
        store: Where thumbnails and what was found before lie; what is found now goes there by
            ``NearDuplicates.save``.
        open_photo: Opens a photo that has no thumbnail.
        thumbnails: Thumbnails at hand, by SHA-256.
        keep: Whether new thumbnails are stored.
    """
    photos = sorted({image.sha256: image for image in images}.values(), key=lambda it: it.sha256)
    at_hand = thumbnails or {}

    def read(image: NormalImage) -> Thumbnail | None:
        found = at_hand.get(image.sha256)
        return _thumbnail(image, store, open_photo, keep=keep) if found is None else found

    with ThreadPoolExecutor(_OPENERS) as pool:
        small = dict(zip((image.sha256 for image in photos), pool.map(read, photos), strict=True))
    shown = {name: each for name, each in small.items() if each is not None}
    with ThreadPoolExecutor(_READERS) as pool:
        looks = pool.map(lambda name: _known_looks(name, store), shown)
        known = dict(zip(shown, looks, strict=True))
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    return _compared(list(shown), list(shown.values()), known, now)


def _compared(
    names: Sequence[str], small: Sequence[Thumbnail], known: Mapping[str, Looks | None], now: str
) -> NearDuplicates:
    """Look closely at the candidates that were not looked at before."""
    search = DuplicateSearch(small)
    since = {name: looks.since if looks else now for name, looks in known.items()}
    likeness = {name: dict(looks.likeness) if looks else {} for name, looks in known.items()}
    changed = {name for name, looks in known.items() if looks is None}
    fresh = [pair for pair in search.candidates() if not _is_known(pair, names, likeness)]
    expect(COMPARE, len(fresh))
    for first, second in fresh:
        found = round(search.likeness((first, second)), 4)
        for one, other in ((first, second), (second, first)):
            likeness[names[one]][names[other]] = found
            changed.add(names[one])
        advance(COMPARE)
    pairs = {
        (min(one, other), max(one, other)): found
        for one, others in likeness.items()
        for other, found in others.items()
        if found >= SAME and other in likeness
    }
    return NearDuplicates(
        pairs=tuple(
            (*pair, pairs[pair]) for pair in sorted(pairs, key=lambda it: (-pairs[it], it))
        ),
        since=since,
        now=now,
        looked_at=len(fresh),
        _changed={
            name: Looks(since=since[name], likeness=likeness[name]) for name in sorted(changed)
        },
    )


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


def _known_looks(sha256: str, store: Store) -> Looks | None:
    try:
        return store.read_json_as(_looks_path(sha256), Looks.model_validate)
    except (FileNotFoundError, DamagedFileError):
        return None


def _looks_path(sha256: str) -> str:
    return f"{keyed(f'near_duplicates/{DUPLICATES_VERSION}', sha256)}.json"
