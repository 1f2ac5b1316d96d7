"""What is said of a spec that cannot be used."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self

import yaml

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


def load_yaml(file: Path) -> Any:  # noqa: ANN401 - YAML holds anything
    """Return what a YAML file holds.

    Raises:
        SpecError: If it is not there, not UTF-8 text, or no YAML.
    """
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SpecError(f"{file}: no such file; 'kizu init FOLDER' writes one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{file}: cannot be read as UTF-8 text ({error})") from error
    except yaml.YAMLError as error:
        raise SpecError(f"{file}: is not YAML: {' '.join(str(error).split())}") from error


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
            sentences.append(f"{_dotted(old)} is called {_dotted(new)} now; {way_out}")
        part, told = _renamed(value, renamed, old, new)
        sentences += told
        if not twice:
            found[name] = part
    return found, sentences


def _dotted(place: Iterable[object]) -> str:
    return ".".join(str(part) for part in place)


def _pattern(place: Iterable[object]) -> str:
    return _dotted("*" if isinstance(part, int) else part for part in place)


_WAYS_OUT: dict[str, str] = {
    "missing": "is missing; add it",
    "extra_forbidden": "is not a setting; check the spelling or remove it",
}


def problem_sentence(problem: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return one of pydantic's error details as a sentence: field, value, way out."""
    field = _dotted(problem["loc"]) or "the spec"
    if problem["type"] == "extra_forbidden" and field in REMOVED:
        return f"{field} {REMOVED[field]}"
    if problem["type"] in _WAYS_OUT:
        return f"{field} {_WAYS_OUT[problem['type']]}"
    if problem["type"].startswith("union_tag"):
        return _choice_sentence(field, problem)
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:  # of several fields together; the message names them
        return message
    value = problem["input"]
    shown = f" (got {value!r})" if isinstance(value, str | int | float | list) else ""
    return f"{field}: {message}{shown}"


def _choice_sentence(field: str, problem: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """Name a choice that does not exist, or one that was not made, with those there are."""
    context = problem["ctx"]
    if "tag" not in context:
        return f"{field}.{context['discriminator'].strip(chr(39))} is missing; add it"
    choices = re.findall(r"'([^']+)'", context["expected_tags"])
    return f"{field}: there is no {context['tag']!r}; choose one of {', '.join(choices)}"
