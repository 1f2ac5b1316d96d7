"""The demo: photographs of four drawn parts, and a spec for them."""

from pathlib import Path
from typing import Final

from kizu.demo_parts import PARTS, photograph_part
from kizu.imaging.codecs import encode_png

PHOTOS: Final = tuple((part, number) for part in PARTS for number in (1, 2))
"""Which part each photograph shows, and which one of that part it is."""

SPEC: Final = """\
# The demo's dataset: two photographs of each of four parts, four defects, two variants each.

name: demo

images:
  path: photos
  category: part
  group: '^[a-z]+' # photographs of one part stay in one split

defects:
  - defect_type: scratch
    prompt: a fine scratch, hardly to be seen
    phrases: [a scratch]
    severity: slight # some are lost in the picture's noise: those are rejected
    area: {min_fraction: 0.0004, max_fraction: 0.002}
    variants: 2
  - defect_type: crack
    prompt: a branching crack
    phrases: [a crack]
    variants: 2
  - defect_type: stain
    prompt: a brown stain with a soft edge
    phrases: [a stain]
    variants: 2
  - defect_type: hole
    prompt: a deep hole
    phrases: [a hole]
    area: {min_fraction: 0.0015, max_fraction: 0.009} # what the demonstration weights can see
    variants: 2

editor:
  # Redraw the whole picture slightly, as gpt-image-2 does.
  name: painter
  drift: gpt-image-2

grounding:
  # A small Grounding DINO and a small SAM that come with kizu and know five words of synthetic
  # defects. For real photos choose grounding-dino+sam or another: kizu annotators lists them.
  annotator: demo-grounding-dino+demo-sam

seed: 0
"""


def write_demo(folder: Path) -> Path:
    """Write photographs and spec of the demo; files that are there stay as they are.

    Returns:
        The spec file.
    """
    photos = folder / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    for part, number in PHOTOS:
        file = photos / f"{part}_{number}.png"
        if not file.exists():
            file.write_bytes(encode_png(photograph_part(part, number)))
    spec_file = folder / "dataset.yaml"
    if not spec_file.exists():
        spec_file.write_text(SPEC, encoding="utf-8")
    return spec_file
