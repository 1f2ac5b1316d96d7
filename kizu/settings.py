"""What all settings of kizu have in common, and which of them are part of a key."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict


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
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

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
