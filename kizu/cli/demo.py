"""The demo: real photographs that scikit-image bundles, and a spec for them."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import encode_png

PHOTOS: Final = (
    "brick",
    "grass",
    "gravel",
    "coins",
    "coffee",
    "moon",
    "stereo_motorcycle",
    "clock",
)
"""Freely usable photographs in scikit-image's package; its README.txt gives their licences."""

_LONG_SIDE_PX: Final = 512

SPEC: Final = """\
# The demo's dataset: eight photographs, four defects, two variants each.

name: demo

images:
  path: photos
  category: surface

defects:
  - defect_type: scratch
    prompt: a long thin scratch across the surface
    phrases: [a scratch]
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

    Raises:
        ValueError: scikit-image, which brings the photographs, is not installed.
    """
    photos = folder / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    for name in PHOTOS:
        file = photos / f"{name}.png"
        if not file.exists():
            file.write_bytes(encode_png(_photo(name)))
    spec_file = folder / "dataset.yaml"
    if not spec_file.exists():
        spec_file.write_text(SPEC, encoding="utf-8")
    return spec_file


def _photo(name: str) -> RgbImage:
    try:
        from skimage import data  # an extra; only the demo needs it
    except ImportError as error:
        raise ValueError(
            "the demo's photographs come with scikit-image; run: pip install 'kizu[demo]'"
        ) from error
    loaded = getattr(data, name)()
    pixels = np.asarray(loaded[0] if isinstance(loaded, tuple) else loaded)
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    scale = _LONG_SIDE_PX / max(rgb.shape[:2])
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
