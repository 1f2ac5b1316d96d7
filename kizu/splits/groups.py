"""Which groups a dataset's photos are in; a photo that nothing is said of is a group alone."""

from collections.abc import Collection, Iterable
from typing import Final, Self

from pydantic import Field

from kizu.settings import Record
from kizu.sources import NormalImage
from kizu.spec import DatasetSpec
from kizu.splits.group import Group
from kizu.splits.joining import Placed, join_groups
from kizu.splits.near_duplicates import NOT_LOOKED_FOR, NearDuplicates
from kizu.splits.told import told_groups
from kizu.store import Store


class Groups(Record):
    """The groups of a dataset's photos.

    Attributes:
        of: Groups by the SHA-256 of their photos' files; photos that are groups alone may be left
            out.
        notes: What a user should know of them, one sentence per thing.
    """

    of: dict[str, Group] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def group_of(self, image: NormalImage) -> Group:
        """Return the group of a photo."""
        return self.of.get(image.sha256) or Group.alone(image)

    def save(self, store: Store) -> str:
        """Store the groups; return where they lie, empty where every photo is one alone."""
        if self == NO_GROUPS:
            return ""
        return store.put_json("builds/groups", self.model_dump(mode="json"))

    @classmethod
    def open(cls, path: str, store: Store) -> Self:
        """Read the groups of a build; of an older kizu's, which noted none, there are none."""
        return store.read_json_as(path, cls.model_validate) if path else cls()


NO_GROUPS: Final = Groups()
"""Every photo is a group alone."""


def group_photos(
    spec: DatasetSpec, images: Iterable[NormalImage], near: NearDuplicates = NOT_LOOKED_FOR
) -> Groups:
    """Group the photos of a dataset as its spec says, and with those that show the same.

    Args:
        spec: The dataset.
        images: The photos; of pictures without normal images, the pictures.
        near: Photos that show the same.

    Raises:
        ValueError: The spec's table cannot be used, or its rule says nothing of any photo.
    """
    images = list(images)
    told = told_groups(spec, [image.name for image in images])
    names = set(told.of.values())
    photos = {
        image.sha256: Placed(
            image.name, _group(image, told.of.get(image.name), names), image.name in told.of
        )
        for image in images
        if names or near.pairs
    }
    joined = join_groups(photos, near)
    of = {sha256: photo.group for sha256, photo in photos.items() if names}
    return Groups(of=of | dict(joined.of), notes=(*told.notes, *joined.notes))


def _group(image: NormalImage, told: str | None, names: Collection[str]) -> Group:
    if told is not None:
        return Group.told(told)
    alone = Group.alone(image)
    if image.name not in names:
        return alone
    return Group(name=f"{image.name}~{image.sha256[:8]}", key=alone.key)
