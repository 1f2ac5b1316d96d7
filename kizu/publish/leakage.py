"""Which photographs of a published version show the same on both sides of a split."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kizu.imaging.thumbnails import thumbnail
from kizu.matching.duplicates import SAME, DuplicateSearch
from kizu.progress import advance, expect
from kizu.publish.dataset import Dataset, DatasetError, Sample
from kizu.publish.rows import TEST, TRAIN, TRAIN_DEFECTS
from kizu.sentences import some_of

COMPARE: Final = "compare"
LOOK: Final = "look at photos"
"""What progress is reported as."""

NOT_SEEN: Final = (
    "Not seen: one part from another side or put down anew, lots and serial numbers, turned or "
    "mirrored copies, crops of more than a twentieth at a side. images.group tells of them."
)

_SIDES: Final = {TRAIN: TRAIN, TRAIN_DEFECTS: TRAIN, TEST: TEST}


@dataclass(frozen=True)
class SplitPhoto:
    """A photograph that a version's images show.

    Attributes:
        name: Its path below the folder of photos.
        sides: "train" and "test", as far as its images are in them.
        fold: Its fold; -1 where there are none.
        sample: The image that shows it without a defect, where there is one.
    """

    name: str
    sides: frozenset[str]
    fold: int
    sample: Sample


@dataclass(frozen=True)
class NearPair:
    """Two photographs on different sides of a split.

    Attributes:
        first: The one of train, or of the lower fold.
        second: The other one.
        across: What they are in: "train / test", or "fold 0 / fold 3".
        likeness: How far both have the same alone, -1 to 1.
    """

    first: SplitPhoto
    second: SplitPhoto
    across: str
    likeness: float

    @property
    def is_leak(self) -> bool:
        """Whether both show the same."""
        return self.likeness >= SAME

    @property
    def verdict(self) -> str:
        """What that is called."""
        return "the same" if self.is_leak else "another"


@dataclass(frozen=True)
class Leakage:
    """What was found across the splits of a version.

    Attributes:
        dataset: The dataset's name.
        version: The version's.
        photos: How many photographs each side has.
        folds: How many folds there are; 0 for none.
        twice: Names of photographs of which images are in train and in test.
        pairs: All pairs that were looked at, the likest first.
        unreadable: Why photographs could not be looked at, a sentence each.
    """

    dataset: str
    version: str
    photos: Mapping[str, int]
    folds: int
    twice: tuple[str, ...]
    pairs: tuple[NearPair, ...]
    unreadable: tuple[str, ...]

    @property
    def leaks(self) -> tuple[NearPair, ...]:
        """Pairs that show the same."""
        return tuple(pair for pair in self.pairs if pair.is_leak)

    @property
    def is_proven(self) -> bool:
        """Whether there were two sides, all could be looked at, and nothing was found."""
        compared = bool(self.folds) or all(self.photos[side] for side in (TRAIN, TEST))
        return compared and not (self.leaks or self.twice or self.unreadable)

    @property
    def sentence(self) -> str:
        """What it comes to."""
        if self.twice:
            return (
                f"photos in train and in test at once: {len(self.twice)} "
                f"({some_of(self.twice)}). Figures on test are too good: build again with this kizu"
            )
        if self.leaks:
            shown = [f"{pair.first.name} and {pair.second.name}" for pair in self.leaks]
            return (
                f"pairs across the splits that show the same: {len(self.leaks)} "
                f"({some_of(shown, '; ')}). Figures on them are too good: build again with "
                "images.near_duplicates: true, tell images.group that they belong together, or "
                "remove one of each"
            )
        if self.unreadable:
            return f"nothing is proven: photos that could not be looked at: {len(self.unreadable)}"
        if not self.is_proven:
            empty = min((TRAIN, TEST), key=lambda side: self.photos[side])
            return f"there is nothing to compare: {empty} has no photos"
        nearest = f"{self.pairs[0].likeness:.2f}" if self.pairs else "none"
        return (
            f"no two photos across the splits show the same: {len(self.pairs)} pairs that look "
            f"most alike were compared, the nearest has likeness {nearest} ({SAME:g} is the same)"
        )

    def to_json(self, most: int) -> dict[str, Any]:
        """Return it as JSON, with so many of the nearest pairs."""
        return {
            "dataset": self.dataset,
            "version": self.version,
            "photos": dict(self.photos),
            "folds": self.folds,
            "proven": self.is_proven,
            "sentence": self.sentence,
            "same_from": SAME,
            "leaks": len(self.leaks),
            "compared": len(self.pairs),
            "in_train_and_test": list(self.twice),
            "unreadable": list(self.unreadable),
            "pairs": [
                {
                    "first": pair.first.name,
                    "second": pair.second.name,
                    "across": pair.across,
                    "likeness": round(pair.likeness, 4),
                    "verdict": pair.verdict,
                }
                for pair in self.pairs[:most]
            ],
            "not_seen": NOT_SEEN,
        }


def find_leakage(dataset: Dataset) -> Leakage:
    """Compare the photographs of a version across train and test, and across folds.

    Nothing that a build found is taken over: all is looked at anew.

    Raises:
        DatasetError: The tables cannot be read.
    """
    photos = list(split_photos(dataset))
    expect(LOOK, len(photos))
    small, shown, unreadable = [], [], []
    for photo in photos:
        try:
            small.append(thumbnail(photo.sample.image()))
            shown.append(photo)
        except DatasetError as error:
            unreadable.append(str(error))
        advance(LOOK)
    search = DuplicateSearch(small)
    wanted = {pair: _across(shown, pair) for pair in _candidates(search, shown)}
    expect(COMPARE, len(wanted))
    pairs = []
    for pair, likeness in search.likenesses(wanted):
        ordered = sorted((shown[at] for at in pair), key=lambda it: (TEST in it.sides, it.fold))
        pairs.append(NearPair(ordered[0], ordered[1], wanted[pair], likeness))
        advance(COMPARE)
    sides = Counter(side for photo in photos for side in photo.sides)
    return Leakage(
        dataset=dataset.name,
        version=dataset.version,
        photos={side: sides[side] for side in (TRAIN, TEST)},
        folds=len({photo.fold for photo in photos} - {-1}),
        twice=tuple(photo.name for photo in photos if len(photo.sides) > 1),
        pairs=tuple(sorted(pairs, key=lambda pair: -pair.likeness)),
        unreadable=tuple(unreadable),
    )


def split_photos(dataset: Dataset) -> Iterable[SplitPhoto]:
    """Return the photographs of a version that are in train, in test or in a fold.

    Raises:
        DatasetError: The tables cannot be read.
    """
    origin = {
        row["sample_id"]: (row["normal_sha256"], row["normal_name"])
        for row in dataset.rows("provenance", ["sample_id", "normal_sha256", "normal_name"])
    }
    samples: dict[str, list[Sample]] = {}
    for sample in dataset:
        sha256 = origin.get(sample.sample_id, ("", ""))[0] or sample.sample_id
        samples.setdefault(sha256, []).append(sample)
    for own in samples.values():
        sides = frozenset(_SIDES[each.row["split"]] for each in own if each.row["split"] in _SIDES)
        used = [each for each in own if each.row["split"] in _SIDES]
        best = min(used or own, key=lambda each: not each.is_normal)
        name = origin.get(best.sample_id, ("", ""))[1] or best.sample_id
        fold = int(best.row["fold"])
        if sides or fold >= 0:
            yield SplitPhoto(name, sides, fold, best)


def _candidates(search: DuplicateSearch, photos: Sequence[SplitPhoto]) -> list[tuple[int, int]]:
    """Return the pairs to look at that lie across train and test, or across folds."""
    by_side = search.candidates([int(TEST in photo.sides) for photo in photos])
    by_fold = search.candidates([photo.fold for photo in photos])
    across = {pair for pair in (*by_side, *by_fold) if _across(photos, pair)}
    return sorted(across)


def _across(photos: Sequence[SplitPhoto], pair: tuple[int, int]) -> str:
    """Return what two photographs are in that is to be kept apart; empty for nothing."""
    first, second = sorted((photos[at] for at in pair), key=lambda it: (TEST in it.sides, it.fold))
    if {*first.sides, *second.sides} == {TRAIN, TEST} and first.sides != second.sides:
        return f"{TRAIN} / {TEST}"
    if min(first.fold, second.fold) >= 0 and first.fold != second.fold:
        return f"fold {first.fold} / fold {second.fold}"
    return ""
