"""Puts something else into a place of a JSON value."""

from collections.abc import Iterator
from typing import Any


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield every place in a JSON value, from the outside in."""
    yield above
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else ())
    )
    for part, item in items:
        yield from places(item, (*above, part))


def replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """Return a JSON value with another one in one place; ``KeyError`` as new value removes it."""
    if not place:
        return new
    part, *below = place
    items = dict(value.items() if isinstance(value, dict) else enumerate(value))
    if not below and new is KeyError:
        del items[part]
    else:
        items[part] = replaced(items.get(part), tuple(below), new)
    return items if isinstance(value, dict) else list(items.values())
