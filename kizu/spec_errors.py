"""What is said of a spec that cannot be used."""

import re
from pathlib import Path
from typing import Any

import yaml


class SpecError(ValueError):
    """A spec that cannot be used; one line per problem: field, value, way out."""


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


_WAYS_OUT: dict[str, str] = {
    "missing": "is missing; add it",
    "extra_forbidden": "is not a setting; check the spelling or remove it",
}


def problem_sentence(problem: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return one of pydantic's error details as a sentence: field, value, way out."""
    field = ".".join(str(part) for part in problem["loc"]) or "the spec"
    if problem["type"] in _WAYS_OUT:
        return f"{field} {_WAYS_OUT[problem['type']]}"
    if problem["type"].startswith("union_tag"):
        return _choice_sentence(field, problem)
    message = problem["msg"].removeprefix("Value error, ")
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
