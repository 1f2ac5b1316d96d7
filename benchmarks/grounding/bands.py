"""Measures what computing SAM's attention in bands brings: time, peak memory, and equal bits.

Random weights in the sizes of sam-vit-base, one CPU thread, four boxes. Each run is a process of
its own, because peak memory never falls. Run both and compare::

    PYTHONPATH=tests python benchmarks/grounding/bands.py
    PYTHONPATH=tests python benchmarks/grounding/bands.py --unbanded
"""

import argparse
import hashlib
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from weights import write_segmenter

from kizu.grounding import GroundingSettings
from kizu.grounding.models.sam import load
from kizu.grounding.weights import find_weights

SHAPE = (800, 1200, 3)
BOXES = np.array(
    [[10, 10, 200, 200], [300, 300, 500, 400], [600, 100, 900, 300], [20, 500, 300, 700]],
    np.float32,
)


def main() -> None:
    """Print CPU seconds, peak memory and a hash of the masks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--unbanded", action="store_true", help="As the library computes it.")
    parser.add_argument("--segmenter", type=Path, help="Folder of a SAM, instead of random weights")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        weights = options.segmenter or write_segmenter(Path(folder), "full")
        sam = load(find_weights(str(weights), "sam"), GroundingSettings(device="cpu"))
    if options.unbanded:
        for layer in sam.model.vision_encoder.layers:
            layer.attn.__dict__.pop("forward", None)
    image = np.random.default_rng(0).integers(0, 255, SHAPE, dtype=np.uint8)
    start = time.process_time()
    masks = sam.segment(image, BOXES)
    seconds = time.process_time() - start
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    sha256 = hashlib.sha256(masks.tobytes()).hexdigest()
    print(f"{seconds:.1f} CPU s, peak {peak_gb:.1f} GB, masks {sha256[:12]}")


if __name__ == "__main__":
    main()
