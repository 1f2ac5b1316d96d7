"""The spec file that ``kizu init`` writes: short, commented, and valid as it is."""

import os
import posixpath
from pathlib import Path
from typing import Final

import yaml

from kizu.spec.texts import name_after

_TEMPLATE: Final = """\
# A kizu dataset. Check it with 'kizu plan {file}', make it with 'kizu build {file}'.

name: {name}

images:
  # A folder, a pattern like photos/*.jpg, or a URL (abfs://..., s3://...).
  path: {path}
  # What the photos show; goes into prompts and into the dataset.
  category: object
  # Edit only so many photos; the others stay normal, for training.
  # max_edited: 50

defects:
  # One entry per kind of defect. 'prompt' says what to add, in your own words and language;
  # 'phrases' is what the annotator looks for.
  - defect_type: scratch
    prompt: a long thin scratch across the surface
    phrases: [a scratch]
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
  name: painter
  drift: none

grounding:
  # Who looks for the phrases: a detector with a segmenter, or 'none'.
  annotator: grounding-dino+sam
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


def spec_template(source: str, file: Path) -> str:
    """Return the text of a spec file for a source of photos.

    Args:
        source: Folder, pattern or URL, as the user typed it.
        file: The spec file to be; a relative source is written relative to its folder.
    """
    name, path = _quoted(name_after(source)), _quoted(path_from(source, file))
    return _TEMPLATE.format(file=file, name=name, path=path)


def path_from(source: str, file: Path) -> str:
    """Return a source as a spec file says it: a relative one starts at the file's folder."""
    if "://" in source or Path(source).expanduser().is_absolute() or source.startswith("~"):
        return source
    relative = os.path.relpath(source, file.resolve().parent)
    return posixpath.join(*Path(relative).parts)


def _quoted(text: str) -> str:
    return yaml.safe_dump(text, allow_unicode=True, width=10_000).splitlines()[0]
