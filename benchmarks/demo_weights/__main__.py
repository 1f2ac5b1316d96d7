"""Trains the demonstration weights from nothing: about two hours of one core.

    python -m benchmarks.demo_weights work

What is there already is not made again, so an interrupted training goes on with its next stage.
"""

import argparse
from pathlib import Path
from typing import Final

import torch

from benchmarks.demo_weights import backbone, detector, segmenter
from benchmarks.demo_weights.architecture import new_detector, save_detector
from benchmarks.demo_weights.scenes import load_scenes, paint_pool

POOLS: Final = {
    "train-1": (1500, 1, False),
    "train-2": (1500, 2, False),
    "train-3": (1500, 3, False),
    "held-out-crops": (200, 91, False),
    "held-out-photos": (200, 90, True),
}
"""Scenes, seed, and whether their photographs are held out, of each pool."""

SEED: Final = 0


def main() -> None:
    """Paint, train, and write everything below one folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    work = parser.parse_args().work
    for name, (count, seed, held_out) in POOLS.items():
        if not (work / f"{name}.npz").exists():
            paint_pool(work / f"{name}.npz", count, seed, held_out=held_out)
    scenes = load_scenes([work / f"{name}.npz" for name in POOLS if name.startswith("train")])
    if not (work / "backbone.pt").exists():
        trained = backbone.train(scenes, steps=1100, batch=16, seed=SEED)
        torch.save(trained.state_dict(), work / "backbone.pt")
    if not (work / "detector").exists():
        torch.manual_seed(SEED)
        model = new_detector(torch.load(work / "backbone.pt"))
        for average in detector.train(model, scenes, steps=2000, batch=12, seed=SEED):
            save_detector(average, work / "detector")
    if not (work / "segmenter").exists():
        trained = segmenter.train(scenes, batch=16, seed=SEED)
        segmenter.save_segmenter(trained, work / "segmenter")


if __name__ == "__main__":
    main()
