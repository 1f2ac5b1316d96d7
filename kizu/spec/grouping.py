"""Which photos belong together, so that none of them is in train and another in test."""

import posixpath
import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Self, TypeAlias

from pydantic import AfterValidator, Field, field_validator, model_validator

from kizu.settings import KeyedByContent, Settings
from kizu.store.addresses import without_secrets

_TABLE_SUFFIXES: Final = (".csv", ".tsv", ".parquet")
_TableUrl: TypeAlias = Annotated[str, AfterValidator(without_secrets)]


class GroupSettings(Settings):
    r"""What says which photos are of one part: burst shots, exposures, lots, serial numbers.

    A text stands for a pattern, or for a table if it ends like one.

    Example:
        >>> GroupSettings.model_validate(r"tile(\d+)_").group_of("tile004_exp2_num_3811.jpg")
        '004'
    """

    pattern: str | None = Field(
        None,
        title="Pattern of names",
        description="A regular expression for a photo's path below the folder. Photos with the "
        r"same first group, or the same match if there is no group, belong together: 'tile(\d+)_'.",
    )
    folder: int | None = Field(
        None,
        title="Folder level",
        description="Photos in the same folder belong together: 1 for folders right below the "
        "source, 2 for those in them; -1 for the folder that a photo lies in, -2 the one above.",
    )
    table: Annotated[_TableUrl | None, KeyedByContent()] = Field(
        None,
        title="Table of groups",
        description="A CSV or Parquet file with the columns name and group.",
    )

    @model_validator(mode="before")
    @classmethod
    def _text_is_a_pattern(cls, fields: Any) -> Any:  # noqa: ANN401 - unchecked input
        if not isinstance(fields, str):
            return fields
        is_table = fields.strip().lower().endswith(_TABLE_SUFFIXES)
        return {"table" if is_table else "pattern": fields}

    @field_validator("pattern")
    @classmethod
    def _is_regular_expression(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"is no regular expression ({error})") from error
        return pattern

    @field_validator("folder")
    @classmethod
    def _is_a_level(cls, level: int | None) -> int | None:
        if level == 0:
            raise ValueError("is 0; levels are counted from 1, or from -1 upwards")
        return level

    @model_validator(mode="after")
    def _says_it_in_one_way(self) -> Self:
        if sum(way is not None for way in (self.pattern, self.folder, self.table)) != 1:
            raise ValueError("needs exactly one of pattern, folder and table")
        return self

    def group_of(self, name: str) -> str:
        """Return the group of a photo by pattern or folder; empty if they say nothing of it.

        Args:
            name: Its path below the source.

        Example:
            >>> GroupSettings(folder=1).group_of("lot 7/a/01.png")
            'lot 7'
        """
        return self._by_folder(name) if self.pattern is None else self._by_pattern(name)

    def _by_pattern(self, name: str) -> str:
        found = re.search(self.pattern or "", name)
        if found is None:
            return ""
        return found[0] if not found.re.groups else next(filter(None, found.groups()), "")

    def _by_folder(self, name: str) -> str:
        folders = posixpath.dirname(name).split("/") if "/" in name else []
        level = self.folder or 0
        depth = level if level > 0 else len(folders) + 1 + level
        return "/".join(folders[:depth]) if 0 < depth <= len(folders) else ""

    def says_nothing_of(self, name: str) -> str:
        """Say that no photo is in a group; ``name`` is one of them."""
        if self.pattern is not None:
            return f"images.group.pattern: {self.pattern!r} is in no photo's name, as {name!r}"
        if self.table is not None:
            return f"images.group.table: {self.table} names no photo, as {name!r}"
        return f"images.group.folder: no photo lies {self.folder} folders deep, as {name!r}"

    def with_paths(self, resolve: Callable[[str], str]) -> Self:
        """Return the settings with the table's place resolved."""
        return self.model_copy(update={"table": self.table and resolve(self.table)})
