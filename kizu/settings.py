"""What all settings of kizu have in common, and which of them are part of a key."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator


@dataclass(frozen=True)
class Operational:
    """Marks a setting that cannot change a result: how fast, where, by whom, for how much."""


@dataclass(frozen=True)
class KeyedByContent:
    """Marks what leads to files, as a path does: what is found is part of a key, not the way."""


class Settings(BaseModel):
    """Base of all settings: immutable, and an unknown name is an error instead of a silent typo.

    A setting is part of the keys of what it shapes, unless its annotation carries
    ``Operational()`` or ``KeyedByContent()``.

    Where a list is expected, a single item stands for a list of it. Numbers are finite.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, fields: Any) -> Any:  # noqa: ANN401 - unchecked input
        if not isinstance(fields, Mapping):
            return fields
        lists = _lists_of(cls)
        return {
            name: [value] if name in lists and _is_one(value) else value
            for name, value in fields.items()
        }

    def shaping(self) -> dict[str, Any]:
        """Return, as JSON, the settings that can change a result; keys are made from these.

        Example:
            >>> from typing import Annotated
            >>> class Blur(Settings):
            ...     sigma_px: float = 1.0
            ...     threads: Annotated[int, Operational()] = 2
            >>> Blur().shaping()
            {'sigma_px': 1.0}
        """
        plain = self.model_dump(mode="json")
        return {
            name: _shaping_of(getattr(self, name), plain[name])
            for name, field in type(self).model_fields.items()
            if not any(isinstance(mark, Operational | KeyedByContent) for mark in field.metadata)
        }


@cache
def _lists_of(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields that hold a list of any length."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if _is_list(field.annotation))


def _is_list(annotation: Any) -> bool:  # noqa: ANN401 - any annotation
    if get_origin(annotation) is tuple:
        return get_args(annotation)[-1:] == (...,)
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))


def _is_one(value: object) -> bool:
    return isinstance(value, str | int | float | Mapping | BaseModel)


def _shaping_of(value: object, plain: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return what of a value is part of a key; ``plain`` is the whole of it as JSON."""
    if isinstance(value, Settings):
        return value.shaping()
    if isinstance(value, tuple):
        return [_shaping_of(item, part) for item, part in zip(value, plain, strict=True)]
    return plain


class Record(BaseModel):
    """Base of what kizu writes as JSON and reads again: immutable and exact."""

    model_config = ConfigDict(extra="forbid", frozen=True)
