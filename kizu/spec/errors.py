"""What is said of a spec that cannot be used."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, Self, get_args

from pydantic import BaseModel, ValidationError

from kizu.spec.values import Place, dotted, shown_text

RENAMED: Final[Mapping[str, str]] = {
    "ground": "grounding",
    "grounding.max_area_share": "max_area_fraction",
}
"""Settings that had another name in an earlier kizu: where they were, and what they are called now.

Above them, the names of today; ``*`` stands for every item of a list.
"""

_BY_BOXES: Final = "decides nothing any more, agree.min_box_iou took its place; remove it"
REMOVED: Final[Mapping[str, str]] = {
    "agree.min_mask_containment": _BY_BOXES,
    "agree.min_coverage": _BY_BOXES,
    "agree.max_box_area_ratio": _BY_BOXES,
    "agree.max_box_ratio": _BY_BOXES,
}
"""Settings of an earlier kizu that are gone, and what to do."""


class SpecError(ValueError):
    """A spec that cannot be used; one line per problem: field, value, way out."""

    @classmethod
    def of(cls, origin: str, problems: Iterable[str]) -> Self:
        """Return the error that tells all problems of a spec, each after where it was read."""
        return cls("\n".join(f"{origin}: {problem}" for problem in problems))


def with_current_names(
    fields: Any,  # noqa: ANN401 - unchecked input
    renamed: Mapping[str, str] = RENAMED,
) -> tuple[Any, list[str]]:
    """Give settings with an old name the one of today, so that what else is wrong can be told too.

    Args:
        fields: Fields as read from YAML or JSON.
        renamed: New names by dotted place, as ``RENAMED``.

    Returns:
        The fields, and one sentence per old name.

    Example:
        >>> with_current_names({"ground": {"annotator": "none"}})
        ({'grounding': {'annotator': 'none'}}, ['ground is called grounding now; rename it'])
    """
    return _renamed(fields, renamed, (), ())


def _renamed(
    fields: Any,  # noqa: ANN401 - unchecked input
    renamed: Mapping[str, str],
    written: tuple[object, ...],
    current: tuple[object, ...],
) -> tuple[Any, list[str]]:
    """Rename below one place, given as it is written and by the names of today."""
    sentences: list[str] = []
    if isinstance(fields, list):
        items = []
        for row, value in enumerate(fields):
            item, told = _renamed(value, renamed, (*written, row), (*current, row))
            items.append(item)
            sentences += told
        return items, sentences
    if not isinstance(fields, dict):
        return fields, []
    found: dict[object, Any] = {}
    for key, value in fields.items():
        name = renamed.get(_pattern((*current, key)), key)
        old, new = (*written, key), (*current, name)
        twice = name != key and name in fields
        if name != key:
            way_out = "remove it, for both are there" if twice else "rename it"
            sentences.append(f"{dotted(old)} is called {dotted(new)} now; {way_out}")
        part, told = _renamed(value, renamed, old, new)
        sentences += told
        if not twice:
            found[name] = part
    return found, sentences


def _pattern(place: tuple[object, ...]) -> str:
    return dotted(tuple("*" if isinstance(part, int) else part for part in place))


_SETTINGS_WANTED: Final = frozenset({"model_type", "model_attributes_type", "dict_type"})
"""Pydantic's types of problems where something else stands than settings."""


def problem_sentences(
    error: ValidationError,
    model: type[BaseModel],
    fields: Any,  # noqa: ANN401 - unchecked input
    lines: Mapping[Place, int] | None = None,
) -> list[str]:
    """Return pydantic's problems as sentences: line, field, value, way out.

    What is said of a part follows from what is wrong inside it, and is left out.

    Args:
        error: The problems.
        model: What the fields were to be.
        fields: The fields.
        lines: The line of each value, where they come from a file.
    """
    problems = error.errors()
    inner = {problem["loc"][:end] for problem in problems for end in range(len(problem["loc"]))}
    sentences = []
    for problem in problems:
        if problem["loc"] in inner:
            continue
        place = _written_place(problem["loc"], fields)
        line = _line_of(place, lines or {})
        said = _sentence(problem, place, model)
        sentences.append(f"line {line}: {said}" if line else said)
    return sentences


def _sentence(problem: Any, place: Place, model: type[BaseModel]) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    field, kind, value = dotted(place) or "the spec", problem["type"], problem["input"]
    if kind == "extra_forbidden":
        return f"{field} {REMOVED.get(field) or _unknown(problem['loc'], model)}"
    if kind.startswith("union_tag"):
        return _choice_sentence(field, problem)
    if kind == "missing":
        return f"{field} is missing; add it"
    if value is None and place:
        return f"{field} is empty; give a value, or remove the line"
    message = str(problem["msg"]).removeprefix("Value error, ").split(", unable to ")[0]
    if kind in _SETTINGS_WANTED:
        message = "takes settings of its own, as 'name: value' below it"
    if not place:  # of several fields together; the message names them
        return message
    shown = f" (got {_shown(value)})" if isinstance(value, str | int | float | list) else ""
    return f"{field}: {message}{shown}"


def _shown(value: object) -> str:
    return shown_text(repr(value))


def _written_place(place: Place, fields: Any) -> Place:  # noqa: ANN401 - unchecked input
    """Return a place without the names of choices, which pydantic puts between."""
    written: list[str | int] = []
    for row, part in enumerate(place):
        is_last = row == len(place) - 1
        if isinstance(fields, Mapping) and part not in fields and not is_last:
            continue
        written.append(part)
        fields = _item(fields, part)
    return tuple(written)


def _item(fields: Any, part: str | int) -> Any:  # noqa: ANN401 - unchecked input
    if isinstance(fields, Mapping):
        return fields.get(part)
    if isinstance(fields, Sequence) and isinstance(part, int) and not isinstance(fields, str):
        return fields[part] if part < len(fields) else None
    return fields  # one item where a list is meant


def _line_of(place: Place, lines: Mapping[Place, int]) -> int | None:
    """Return the line of a value, or of the nearest thing around it."""
    around = (place[:end] for end in range(len(place), 0, -1))
    return next((lines[part] for part in around if part in lines), None)


def _unknown(place: Place, model: type[BaseModel]) -> str:
    names = setting_names(place[:-1], model)
    near = get_close_matches(str(place[-1]), names, n=1)
    return (
        f"is not a setting; did you mean {near[0]}?"
        if near
        else ("is not a setting; check the spelling or remove it")
    )


def setting_names(place: Place, model: type[BaseModel]) -> list[str]:
    """Return the names of the settings that there are at a place.

    Args:
        place: Names of settings, numbers of items, and names of choices.
        model: The settings that the place starts at.
    """
    models = [model]
    for part in place:
        below = [m.model_fields[part].annotation for m in models if part in m.model_fields]
        if below:
            models = [found for annotation in below for found in _models_in(annotation)]
        elif isinstance(part, str):
            models = [m for m in models if _is_choice(m, part)] or models
    return list(dict.fromkeys(name for m in models for name in m.model_fields))


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - any annotation
    """Return the settings that an annotation names, in unions and lists too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _is_choice(model: type[BaseModel], name: str) -> bool:
    """Tell whether settings are chosen by a name: one of their fields can be nothing else."""
    return any(get_args(field.annotation) == (name,) for field in model.model_fields.values())


def _choice_sentence(field: str, problem: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """Name a choice that does not exist, or one that was not made, with those there are."""
    context = problem["ctx"]
    if "tag" not in context:
        return f"{field}.{context['discriminator'].strip(chr(39))} is missing; add it"
    choices = re.findall(r"'([^']+)'", context["expected_tags"])
    tag = shown_text(str(context["tag"]))
    near = get_close_matches(tag, choices, n=1)
    guess = f"; did you mean {near[0]}?" if near else f"; choose one of {', '.join(choices)}"
    return f"{field}: there is no {tag!r}{guess}"
