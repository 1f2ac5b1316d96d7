"""The run form of ``build-dataset`` in Prefect's UI: its JSON schema, made from the flow's own.

Prefect's page draws a form from the schema of a flow's parameters. Drawn from the schema as
pydantic has it, a spec is ten thousand pixels long, its choices are called by Python's class names,
an annotator is a text to type, and whoever chooses another editor keeps the name of the first one.
So the form shows what a person decides, in words; all other settings stand in spec files. The
server checks parameters by the same schema, and takes a whole spec as well.
"""

from collections.abc import Mapping
from typing import Any, Final

from kizu.grounding.names import annotator_names

Schema = dict[str, Any]

_LEFT_TO_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "ImagesSpec": ("max_megapixels",),
    "GptImageSettings": (
        *("max_in_flight", "timeout_s", "max_attempts", "max_wait_s", "stop_after_failures"),
        *("max_refusals", "url_style", "partial_images", "batch_wait_s"),
    ),
    "FluxSettings": (
        *("max_in_flight", "timeout_s", "max_attempts", "max_wait_s", "stop_after_failures"),
        *("max_refusals", "api_version", "language"),
    ),
    "GroundingSettings": (
        *("phrase_threshold", "phrase_thresholds", "nms_iou", "max_boxes", "max_area_fraction"),
        *("tile_px", "saliency", "precision", "mmdet_python", "mmdet_config"),
        *("rivals", "on_normal"),
    ),
}
"""Settings that the form leaves to spec files, by the models that have them."""

_FIRST: Final[Mapping[str, tuple[str, ...]]] = {
    "DatasetSpec": ("name", "images", "defects", "editor", "grounding", "budget"),
    "DefectSpec": ("defect_type", "prompt", "phrases", "variants", "region", "area"),
    "GptImageSettings": ("name", "model", "quality", "size", "deployment", "auth", "secret_block"),
    "FluxSettings": ("name", "model", "size", "deployment", "auth", "secret_block"),
}
"""What comes first in a model's form; the rest follows in the order of the settings."""

_CALLED: Final[Mapping[str, str]] = {
    "GroundingSettings": "one annotator",
    "SeveralAnnotators": "several",
    "GroupSettings": "by a rule",
    "AreaRange": "from … to",
    "Severity": "choose",
    "Fidelity": "choose",
    "Complexity": "choose",
    "Prices": "your own",
    "BoxRegion": "a box",
    "ForegroundRegion": "the object",
    "MaskRegion": "drawn masks",
}
"""What a choice is called instead of its class; editors are called by their names."""

_NOTHING: Final[Mapping[str, str]] = {
    "group": "each by itself",
    "region": "anywhere",
    "area": "any",
    "severity": "any",
    "input_fidelity": "as the model is used best",
    "complexity": "as the model is used best",
    "prices": "list prices",
}
"""What it is called to leave a setting empty, where there is more than a box to type into."""

_AS_USUAL: Final = ("agree", "publish", "diff")
"""Sections that need no look: closed until a person opens them."""

_PARAMETERS: Final[Mapping[str, str]] = {
    "spec": "Dataset",
    "spec_file": "Spec file",
    "store_url": "Store",
    "shard_size": "Images per task",
    "stored_only": "Stored edits only",
    "rehash": "Read all photos anew",
}
"""What parameters are called, in their order in the form."""

_PLAIN: Final = ("string", "integer", "number")


def run_form(schema: Schema, *, of_file: bool = False) -> Schema:
    """Return the schema of the run form.

    It asks for the dataset or for a spec file, so that what is wrong is told beside the field it is
    about: of a choice between the two the page would say that neither is right.

    Args:
        schema: The flow's parameters, as Prefect describes them.
        of_file: Ask for a spec file.
    """
    asked = [name for name in _PARAMETERS if name != ("spec" if of_file else "spec_file")]
    properties = {
        name: {
            **_asked(name, schema["properties"][name]),
            "title": _PARAMETERS[name],
            "position": position,
        }
        for position, name in enumerate(asked)
    }
    if not of_file:
        return {
            **schema,
            "properties": properties,
            "definitions": {name: _model(name, one) for name, one in schema["definitions"].items()},
        }
    return {**schema, "properties": properties, "definitions": {}, "required": ["spec_file"]}


def _model(name: str, model: Schema) -> Schema:
    """Return a model as the form has it."""
    called = _CALLED.get(name, model["title"])
    described = {"description": model.get("description", "").partition("\n\n")[0]}
    if "properties" not in model:
        return {**model, "title": called, "description": ""}
    left, fields = _LEFT_TO_FILES.get(name, ()), model["properties"]
    first = _FIRST.get(name, ())
    order = [*first, *(field for field in fields if field not in {*first, *left})]
    shown = {
        field: {**_asked(field, fields[field]), "position": position}
        for position, field in enumerate(order)
    }
    editor = shown.get("name", {}).get("enum")
    title = editor[0] if editor else called
    kept: Schema = {"patternProperties": {f"^({'|'.join(left)})$": {}}} if left else {}
    return {**model, **described, **kept, "title": title, "properties": shown}


def _asked(name: str, field: Schema) -> Schema:
    """Return a setting as the form asks for it."""
    if name in _AS_USUAL:
        return _section(field)
    if name == "annotator":
        return {**field, "enum": list(annotator_names())}
    if "const" in field:  # a text box otherwise, which keeps what another choice had there
        return {**_without(field, "const"), "enum": [field["const"]], "default": field["const"]}
    if "oneOf" in field:  # the page draws it anew all the time, and mixes the choices up
        return {**_without(field, "oneOf", "discriminator"), "anyOf": field["oneOf"]}
    if {"type": "null"} in field.get("anyOf", []):
        return _optional(name, field)
    return field


def _optional(name: str, field: Schema) -> Schema:
    """Return a setting that may be left out: a box that may stay empty, or choices in words."""
    rest = _without(field, "anyOf", "default")
    some = [form for form in field["anyOf"] if form != {"type": "null"}]
    if name == "spec" or (len(some) == 1 and some[0].get("type") in _PLAIN):
        return {**rest, **some[0]}
    nothing = {"type": "null", "title": _NOTHING.get(name, "none")}
    choices = [choice for form in some for choice in form.get("oneOf", [form])]
    return {**rest, "anyOf": [nothing, *choices], "default": None}


def _section(field: Schema) -> Schema:
    """Return a section that is closed until a person opens it."""
    usual = {"type": "object", "title": "as usual", "const": {}}
    opened = {"$ref": field["$ref"], "title": "change"}
    return {**_without(field, "$ref"), "anyOf": [usual, opened], "default": {}}


def _without(field: Schema, *keys: str) -> Schema:
    return {key: value for key, value in field.items() if key not in keys}
