"""Joins groups of photos of which some show the same, and tells what came of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kizu.sentences import some_of
from kizu.splits.group import Group
from kizu.splits.near_duplicates import NearDuplicates

_SETTING: Final = "images.near_duplicates"


@dataclass(frozen=True)
class Placed:
    """A photo and the group that it is in by itself.

    Attributes:
        name: Its path below the source.
        group: The group.
        is_told: Whether the user named the group.
    """

    name: str
    group: Group
    is_told: bool


@dataclass(frozen=True)
class Joined:
    """Photos whose groups were joined.

    Attributes:
        of: Their groups, by the SHA-256 of their files.
        notes: What a user should know of them, one sentence per thing.
    """

    of: Mapping[str, Group]
    notes: tuple[str, ...]


def join_groups(photos: Mapping[str, Placed], near: NearDuplicates) -> Joined:
    """Join the groups of photos that show the same.

    A joined group is called and drawn as the group of the photo that was compared first, so a copy
    that comes later follows it, and photos that were placed stay where they are. Only a photo that
    shows the same as two of different groups makes one of them follow the other.

    Args:
        photos: Every photo, by the SHA-256 of its file.
        near: Photos that show the same.
    """
    known = [(one, other) for one, other, _ in near.pairs if one in photos and other in photos]
    pairs = [pair for pair in known if len({photos[each].group.key for each in pair}) == 2]
    if not pairs:
        return Joined({}, ())
    since = {sha256: near.since.get(sha256, near.now) for sha256 in photos}
    placed = [pair for pair in pairs if max(since[each] for each in pair) < near.now]
    after, before = (_groups(photos, each, since) for each in (pairs, placed))
    moved = [
        sha256
        for sha256, group in after.items()
        if since[sha256] < near.now and before.get(sha256, photos[sha256].group) != group
    ]
    return Joined(after, tuple(_notes(photos, pairs, moved)))


def _groups(
    photos: Mapping[str, Placed], pairs: Iterable[tuple[str, str]], since: Mapping[str, str]
) -> dict[str, Group]:
    """Return the group of every photo whose own group was joined with another."""
    leader: dict[str, str] = {}

    def lead(key: str) -> str:
        while leader.get(key, key) != key:
            key = leader[key]
        return key

    for pair in pairs:
        one, other = (lead(photos[each].group.key) for each in pair)
        leader.setdefault(one, one)
        leader[other] = one
    drawn_as: dict[str, Group] = {}
    for sha256 in sorted(photos, key=lambda each: (since[each], each)):
        group = photos[sha256].group
        if group.key in leader:
            drawn_as.setdefault(lead(group.key), group)
    return {
        sha256: drawn_as[lead(photo.group.key)]
        for sha256, photo in photos.items()
        if photo.group.key in leader
    }


def _notes(
    photos: Mapping[str, Placed], pairs: list[tuple[str, str]], moved: list[str]
) -> Iterable[str]:
    named = [" and ".join(sorted(photos[each].name for each in pair)) for pair in pairs]
    alike = len({each for pair in pairs for each in pair})
    yield (
        f"{alike} photos show the same as another ({some_of(named, '; ')}); they are kept in one "
        f"split with it ({_SETTING}: false would leave it to chance)"
    )
    apart = [
        name
        for name, pair in zip(named, pairs, strict=True)
        if all(photos[each].is_told for each in pair)
        and photos[pair[0]].group != photos[pair[1]].group
    ]
    if apart:
        yield (
            f"images.group keeps apart what shows the same ({some_of(apart, '; ')}); these groups "
            "are joined"
        )
    if moved:
        names = sorted(photos[sha256].name for sha256 in moved)
        yield (
            f"a new photo shows the same as photos of two groups, so {len(moved)} photos follow "
            f"another group than before ({some_of(names)}) and may change between train and test"
        )
