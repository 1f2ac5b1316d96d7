"""Groups of photos that stay in one split; a photo that nothing is said of is a group alone."""

from collections.abc import Collection, Iterable
from typing import Final, Self

from pydantic import Field

from kizu.settings import Record
from kizu.sources import NormalImage
from kizu.spec import DatasetSpec
from kizu.splits.told import told_groups
from kizu.store import Store
from kizu.store.keys import content_key, fraction_of

NO_FOLD: Final = -1
"""The fold of every image where no folds were asked for: no column of ``samples`` is null."""


class Group(Record):
    """Photos that stay together in one split.

    Attributes:
        name: What tables call it.
        key: What its split and fold are drawn from; it never changes with what else there is.
    """

    name: str
    key: str

    @classmethod
    def alone(cls, image: NormalImage) -> Self:
        """Return the group of a photo that nothing is said of: itself, drawn by its content."""
        return cls(name=image.name, key=content_key("split", sha256=image.sha256))

    @classmethod
    def told(cls, name: str) -> Self:
        """Return a group that the user named, drawn by its name."""
        return cls(name=name, key=content_key("split", group=name))

    def is_test(self, test_fraction: float) -> bool:
        """Draw the split; a higher fraction moves groups to test and none away from it."""
        return fraction_of(self.key) < test_fraction

    def fold(self, folds: int | None) -> int:
        """Draw one of so many folds, from 0; ``NO_FOLD`` of none."""
        if folds is None:
            return NO_FOLD
        return int(fraction_of(content_key("fold", group=self.key)) * folds)


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
        """Store the groups; return where they lie."""
        return store.put_json("builds/groups", self.model_dump(mode="json"))

    @classmethod
    def open(cls, path: str, store: Store) -> Self:
        """Read the groups of a build; of an older kizu's, which noted none, there are none."""
        return store.read_json_as(path, cls.model_validate) if path else cls()


NO_GROUPS: Final = Groups()
"""Every photo is a group alone."""


def group_photos(spec: DatasetSpec, images: Iterable[NormalImage]) -> Groups:
    """Group the photos of a dataset as its spec says.

    Args:
        spec: The dataset.
        images: The photos; of pictures without normal images, the pictures.

    Raises:
        ValueError: The spec's table cannot be used, or its rule says nothing of any photo.
    """
    images = list(images)
    told = told_groups(spec, [image.name for image in images])
    names = set(told.of.values())
    of = {image.sha256: _group(image, told.of.get(image.name), names) for image in images if names}
    return Groups(of=of, notes=told.notes)


def _group(image: NormalImage, told: str | None, names: Collection[str]) -> Group:
    if told is not None:
        return Group.told(told)
    alone = Group.alone(image)
    if image.name not in names:
        return alone
    return Group(name=f"{image.name}~{image.sha256[:8]}", key=alone.key)
