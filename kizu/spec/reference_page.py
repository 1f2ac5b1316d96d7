"""Prints the reference of the spec: every setting with its meaning, type, default and limits.

python -m kizu.spec.reference_page

The words stand at the settings themselves; this only sets them out, by way of their JSON schema.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kizu.markdown import code, plain, table
from kizu.spec.dataset import DatasetSpec

_ABOUT: Final = """\
# The spec

One YAML file describes one dataset; `kizu init` writes one with comments. This page is made from
the code: each setting with its default and its limits. A single item may stand for a list of one.
Relative paths start at the file's folder.
"""

_HEADS: Final = ("setting", "meaning", "type", "default", "limits")

_BOUNDS: Final[Mapping[str, str]] = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "characters: ≥ {}",
    "maxLength": "characters: ≤ {}",
    "minItems": "{} at least",
    "maxItems": "{} at most",
}
"""Limits as JSON schema names them."""

_TOLD_APART_BY: Final = ("name", "kind")
"""Settings that say which of several forms is meant."""

_Schema = Mapping[str, Any]


def page() -> str:
    """Return the page in Markdown."""
    schema = DatasetSpec.model_json_schema()
    return "\n".join([_ABOUT, *_sections("", schema, schema["$defs"], {})])


def _sections(
    place: str, model: _Schema, models: Mapping[str, _Schema], seen: dict[str, str]
) -> Iterator[str]:
    """Yield a model's section, then those of the models in it.

    Args:
        place: Where the model stands in a spec, as ``defects[].area``.
        model: Its JSON schema.
        models: All models by name.
        seen: The headings of models that have a section; filled in.
    """
    heading = place or "The whole"
    if place:
        yield f"## {heading} {{#{anchor(heading)}}}\n"
        yield f"{model['description'].split(chr(10))[0]}\n"
    below = [
        (inner, models[ref], ref)
        for name, field in model["properties"].items()
        for inner, ref in _inner_models(f"{place}.{name}".lstrip("."), field, models)
        if ref not in seen
    ]
    for inner, _, ref in below:
        seen.setdefault(ref, inner)
    rows = [_row(name, field, model, models, seen) for name, field in model["properties"].items()]
    yield table(_HEADS, rows)
    for inner, found, _ in below:
        yield from _sections(inner, found, models, seen)


def _inner_models(
    place: str, field: _Schema, models: Mapping[str, _Schema]
) -> Iterator[tuple[str, str]]:
    """Yield heading and name of each model that a field may hold."""
    forms = list(_forms(field))
    for form in forms:
        if "items" in form:
            yield from _inner_models(f"{place}[]", form["items"], models)
        elif ref := _model_of(form, models):
            yield f"{place}{_which(models[ref], several=len(forms) > 1)}", ref


def _forms(field: _Schema) -> Iterator[_Schema]:
    """Yield what a field may be, but for nothing at all."""
    several = field.get("anyOf") or field.get("oneOf")
    if several:
        for form in several:
            yield from _forms(form)
    elif field.get("type") != "null":
        yield field


def _model_of(form: _Schema, models: Mapping[str, _Schema]) -> str | None:
    """Return the name of the model that a form refers to; None of choices and plain values."""
    name = str(form.get("$ref", "")).rpartition("/")[2]
    return name if name and "properties" in models[name] else None


def _which(model: _Schema, *, several: bool) -> str:
    """Return what tells a model from others that could stand in its place."""
    for name in _TOLD_APART_BY:
        if chosen := model["properties"].get(name, {}).get("const"):
            return f" ({name}: {chosen})"
    title = model["title"]
    return f" ({title})" if several else ""


def anchor(heading: str) -> str:
    """Return the anchor of a heading.

    Example:
        >>> anchor("defects[].region (kind: box)")
        'defects-region-kind-box'
    """
    letters = (sign if sign.isalnum() or sign == "_" else "-" for sign in heading.lower())
    return "-".join(part for part in "".join(letters).split("-") if part)


def _short(heading: str) -> str:
    """Return the end of a heading, which is told apart from others in one row.

    Example:
        >>> _short("defects[].region (kind: box)"), _short("images.group")
        ('box', 'group')
    """
    inner = heading.partition(" (")[2].rpartition(")")[0]
    return inner.rpartition(": ")[2] if heading.endswith(")") else heading.rpartition(".")[2]


def _row(
    name: str,
    field: _Schema,
    model: _Schema,
    models: Mapping[str, _Schema],
    seen: Mapping[str, str],
) -> tuple[str, ...]:
    title, said = field.get("title", ""), field.get("description", "")
    meaning = f"**{plain(title)}.** {plain(said)}" if title else plain(said)
    kinds = dict.fromkeys(_kind(form, models, seen) for form in _forms(field))
    required = name in model.get("required", ())
    default = "**required**" if required else _default(field)
    return code(name), meaning, " or ".join(kinds), default, ", ".join(_limits(field))


def _kind(form: _Schema, models: Mapping[str, _Schema], seen: Mapping[str, str]) -> str:
    """Return a form's type in words; models as links to their sections."""
    if ref := _model_of(form, models):
        return f"[{plain(_short(seen[ref]))}](#{anchor(seen[ref])})"
    if "$ref" in form:
        form = models[form["$ref"].rpartition("/")[2]]
    if "items" in form:
        kinds = dict.fromkeys(_kind(item, models, seen) for item in _forms(form["items"]))
        return f"list of {' or '.join(kinds)}"
    choices = form.get("enum") or ([form["const"]] if "const" in form else [])
    return ", ".join(map(code, choices)) or str(form.get("type", "any"))


def _default(field: _Schema) -> str:
    value = field.get("default", "")
    if value is None or value in ("", [], {}):
        return ""
    return code(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _limits(field: _Schema) -> Iterator[str]:
    for form in _forms(field):
        for bound, words in _BOUNDS.items():
            if bound in form:
                yield words.format(plain(f"{form[bound]:,}"))


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - this is what it is for
