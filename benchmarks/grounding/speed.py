"""Compares the annotator with the loops people write: same weights, same machine, one run.

One photo at a time, one CPU thread, four phrases and four boxes per photo. Weights are random, so
no accuracy is measured; the arithmetic is that of trained ones. Loading the models and decoding the
photos are not counted. Ours runs first, so that whatever only a first call costs is ours. Run::

    PYTHONPATH=tests python benchmarks/grounding/speed.py
    PYTHONPATH=tests python benchmarks/grounding/speed.py --scale full --images 1
    PYTHONPATH=tests python benchmarks/grounding/speed.py --detector FOLDER --segmenter FOLDER

`--scale full` has the sizes of grounding-dino-tiny and sam-vit-base; `reduced` has about half their
widths, layers of SAM and detector input, for a run of two minutes.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from plain import PlainLoop
from skimage import data
from weights import PHRASES, write_detector, write_segmenter

from kizu.grounding import AnnotationFailure, Annotator, GroundingSettings, load_annotator

BOXES = len(PHRASES)
Loop = Callable[[Image.Image], int]


def main() -> None:
    """Print CPU seconds per photo of each loop, and how many times ours they are."""
    options = _options()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        detector = options.detector or write_detector(Path(folder) / "detector", options.scale)
        segmenter = options.segmenter or write_segmenter(Path(folder) / "segmenter", options.scale)
        loops = _loops(detector, segmenter)
        photos = _photos(options.images, options.side)
        seconds = _measure(loops, photos)
    ours = np.mean(seconds["kizu"])
    print(f"{len(photos)} photos of {photos[0].width}x{photos[0].height} px, {BOXES} boxes each")
    for name, spent in seconds.items():
        print(f"{name:45}{np.mean(spent):8.2f} CPU s per photo{np.mean(spent) / ours:7.2f}x")
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory of all loops together {peak_gb:.1f} GB")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--detector", type=Path, help="Folder of a Grounding DINO.")
    parser.add_argument("--segmenter", type=Path, help="Folder of a SAM.")
    parser.add_argument("--scale", choices=("reduced", "full"), default="reduced")
    parser.add_argument("--images", type=int, default=2, help="Photos measured.")
    parser.add_argument("--side", type=int, default=1200, help="Long side of the photos, px.")
    return parser.parse_args()


def _loops(detector: Path, segmenter: Path) -> dict[str, Loop]:
    plain = PlainLoop(detector, segmenter)
    settings = GroundingSettings(
        detector_weights=str(detector),
        segmenter_weights=str(segmenter),
        box_threshold=0.0,
        max_boxes=BOXES,
        max_area_fraction=1.0,
        device="cpu",
    )
    annotator = load_annotator(settings.annotator, settings)
    return {
        "kizu": lambda photo: _annotate(annotator, photo),
        "plain: phrase by phrase, SAM box by box": lambda photo: plain.phrase_by_phrase(
            photo, PHRASES, BOXES
        ),
        "plain: one prompt, SAM box by box": lambda photo: plain.one_prompt(photo, PHRASES, BOXES),
        "plain: one prompt, SAM once": lambda photo: plain.one_prompt_one_embedding(
            photo, PHRASES, BOXES
        ),
    }


def _annotate(annotator: Annotator, photo: Image.Image) -> int:
    (found,) = annotator.annotate([np.asarray(photo)], [PHRASES])
    if isinstance(found, AnnotationFailure):
        raise TypeError(found.reason)
    return len(found)


def _measure(loops: dict[str, Loop], photos: list[Image.Image]) -> dict[str, list[float]]:
    """Return CPU seconds per photo; the loops take turns, so that a busy machine slows all."""
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for photo in photos:
        for name, run in loops.items():
            start = time.process_time()
            masks = run(photo)
            seconds[name].append(time.process_time() - start)
            if masks != BOXES:
                raise ValueError(f"{name} gave {masks} masks, expected {BOXES}")
    return seconds


def _photos(count: int, side_px: int) -> list[Image.Image]:
    photo = Image.fromarray(data.coffee())
    size = (side_px, round(side_px * photo.height / photo.width))
    large = photo.resize(size, Image.Resampling.BICUBIC)
    turns = [None, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM]
    return [large if turn is None else large.transpose(turn) for turn in (turns * count)[:count]]


if __name__ == "__main__":
    main()
