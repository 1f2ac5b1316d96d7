"""A group of photos that stays in one split, and how its split and fold are drawn."""

from typing import Final, Self

from kizu.settings import Record
from kizu.sources import NormalImage
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
