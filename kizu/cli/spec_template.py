"""The spec file that ``kizu init`` writes: short, commented, and valid as it is."""

import os
import posixpath
import re
from pathlib import Path
from typing import Final

import yaml

from kizu.grounding import catalogue
from kizu.spec.texts import name_after

_TEMPLATE: Final = """\
# A kizu dataset. Check it with 'kizu plan {file}', make it with 'kizu build {file}'.

name: {name}

images:
  # A folder, a pattern like photos/*.jpg, or a URL (abfs://..., s3://...).
  path: {path}
  # What the photos show; goes into prompts and into the dataset.
  category: {category}
  # Edit only so many photos; the others stay normal, for training.
  # max_edited: 50
  # How many bits of a 16-bit file the camera fills; else each photo is scaled by itself.
  # depth_bits: 12
  # Convert the colour profiles of transparent, palette, grey and 16-bit photos too.
  profiles: all

defects:
  # One entry per kind of defect. 'prompt' says what to add, in your own words and language;
  # 'phrases' is what the annotator looks for.
  - defect_type: hole
    prompt: a deep hole
    phrases: [a hole]
    variants: 1
  - defect_type: stain
    prompt: a brown stain with a soft edge
    phrases: [a stain]
    # Where the defect may be, in fractions of the image; without it the editor chooses.
    # region: {{kind: box, x0: 0.2, y0: 0.2, x1: 0.8, y1: 0.8}}
    # region: {{kind: foreground}}
    # Changes of another size go to review; 0.001 is 0.1 % of the image.
    # area: {{min_fraction: 0.001, max_fraction: 0.1}}

editor:
  # 'gpt-image' asks a gpt-image model and costs money: see docs/azure.md. Then write instead
  #   name: gpt-image
  #   model: gpt-image-1.5
  # 'painter' paints offline and free of charge. 'drift' imitates how a gpt-image model redraws
  # the whole picture: none, gpt-image-1.5, gpt-image-2, redraw.
{editor}
grounding:
  # Who looks for the phrases: a detector with a segmenter, or 'none'. 'kizu annotators' lists them.
{annotator}
  # Several, each with its own settings, instead; one that confirms a change is enough.
  # annotators: [grounding-dino+sam, {{annotator: clipseg, box_threshold: 0.3}}]

agree:
  # What happens to a clear change that no annotator could look at: review or accept.
  without_grounding: review

# Another seed asks for other edits (and pays for them again).
seed: 0

# What paid edits may cost; when it is reached the build stops and a higher cap goes on.
# budget:
#   max_requests: 100
#   max_cost_usd: 5.0
"""


_PAINTER: Final = """\
  name: painter
  drift: none
"""
_KEYED: Final = """\
  # {variable} is set here, so gpt-image can be asked.
"""
_WITH_WEIGHTS: Final = """\
  # Its weights are on this machine.
  annotator: {name}"""
_DEMONSTRATION: Final = """\
  # No other weights are on this machine. These come with kizu and know five words (scratch, crack,
  # stain, hole, dent) of painted defects: good for a first look. For real use fetch others,
  # {setup}
  # and write: annotator: {usual}
  annotator: demo-grounding-dino+demo-sam"""
_USUAL: Final = ("grounding-dino", "sam")
_PREFERRED: Final = (_USUAL, ("mm-grounding-dino", "sam2"), ("owlv2", "sam"), ("clipseg",))
"""In which order annotators are taken whose weights are here."""
_UNKNOWN: Final = "object"
_KEYS: Final = ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY")
_SAY_NOTHING: Final = re.compile(
    "photos|images|pictures|img|train|good|ok|normals?|data|home|users|root|tmp|mnt|desktop|documents|"
    "downloads|写真|画像",
    re.IGNORECASE,
)
"""Folder names that do not say what the photos show."""


def spec_template(source: str, file: Path) -> str:
    """Return the text of a spec file for a source of photos, with what runs on this machine.

    Args:
        source: Folder, pattern or URL, as the user typed it.
        file: The spec file to be; a relative source is written relative to its folder.
    """
    keys = [name for name in _KEYS if os.environ.get(name)]
    editor = _PAINTER + "".join(_KEYED.format(variable=name) for name in keys[:1])
    return _TEMPLATE.format(
        file=file,
        name=_quoted(name_after(source)),
        path=_quoted(path_from(source, file)),
        category=_quoted(category_after(source)),
        editor=editor,
        annotator=_annotator_lines(),
    )


def _annotator_lines() -> str:
    ready = {entry.name for entry in catalogue() if entry.is_ready}
    for parts in _PREFERRED:
        if ready.issuperset(parts):
            return _WITH_WEIGHTS.format(name="+".join(parts))
    setups = [entry.setup for entry in catalogue() if entry.name in _USUAL and entry.setup]
    return _DEMONSTRATION.format(setup=" and ".join(setups), usual="+".join(_USUAL))


def category_after(source: str) -> str:
    """Return what photos show, as far as their folder says.

    Example:
        >>> category_after("mvtec/bottle/train/good"), category_after("coffee_mugs/*.jpg")
        ('bottle', 'coffee mugs')
        >>> category_after("photos")
        'object'
    """
    below_home = source.removeprefix(str(Path.home()))
    parts = [part for part in re.split(r"[/\\]+", below_home) if part]
    said = [
        part for part in parts if not set(part) & set("*?[:.") and not _SAY_NOTHING.fullmatch(part)
    ]
    return (re.sub(r"[-_\s]+", " ", said[-1]).strip() if said else "") or _UNKNOWN


def path_from(source: str, file: Path) -> str:
    """Return a source as a spec file says it: a relative one starts at the file's folder."""
    if "://" in source or Path(source).expanduser().is_absolute() or source.startswith("~"):
        return source
    relative = os.path.relpath(source, file.resolve().parent)
    return posixpath.join(*Path(relative).parts)


def _quoted(text: str) -> str:
    return yaml.safe_dump(text, allow_unicode=True, width=10_000).splitlines()[0]
