"""How the groups of a dataset fall into train, test and folds, in words."""

from collections import Counter
from collections.abc import Collection, Sequence

from kizu.sources import NormalImage
from kizu.spec import DatasetSpec
from kizu.splits.group import Group
from kizu.splits.groups import Groups


def split_sentences(
    spec: DatasetSpec, images: Sequence[NormalImage], groups: Groups, edited: Collection[str]
) -> list[str]:
    """Say how many groups there are and how they fall, and what is odd about that.

    Args:
        spec: The dataset.
        images: Its photos.
        groups: Which of them stay together.
        edited: Those that get defects, by the SHA-256 of their files.
    """
    of = {image.sha256: groups.group_of(image) for image in images}
    sizes = Counter(of.values())
    with_edits = {of[sha256] for sha256 in edited}
    test = {group for group in with_edits if group.is_test(spec.publish.test_fraction)}
    photos_in_test = sum(sizes[group] for group in test)
    fall = (
        f"{_counted(len(sizes), 'group')} of {_counted(len(images), 'photo')}, the largest of "
        f"{max(sizes.values(), default=0)}: {_counted(len(sizes) - len(test), 'group')} "
        f"({_counted(len(images) - photos_in_test, 'photo')}) to train, "
        f"{_counted(len(test), 'group')} ({_counted(photos_in_test, 'photo')}) to test"
    )
    return [fall, *_folds(spec, list(sizes)), *_empty_sides(spec, with_edits, test)]


def _folds(spec: DatasetSpec, groups: Sequence[Group]) -> list[str]:
    folds = spec.publish.folds
    if folds is None:
        return []
    sizes = Counter(group.fold(folds) for group in groups)
    counts = [sizes[fold] for fold in range(folds)]
    said = [f"{folds} folds of {min(counts)} to {max(counts)} groups"]
    if not min(counts):
        said.append(f"{counts.count(0)} folds are empty; lower publish.folds, or add photos")
    return said


def _empty_sides(
    spec: DatasetSpec, with_edits: Collection[Group], test: Collection[Group]
) -> list[str]:
    """Say that a side of the split is empty though the spec asks for both."""
    if not with_edits or not 0 < spec.publish.test_fraction < 1:
        return []
    if len(test) not in (0, len(with_edits)):
        return []
    side = "train" if test else "test"
    told = f"no group with defects falls to {side}: there are too few of them"
    return [f"{told}; add photos of other parts, or change publish.test_fraction"]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
