"""Measures demonstration weights on scenes they never saw, through the annotators that users load.

python -m benchmarks.demo_weights.card work/held-out-crops.npz
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.demo_weights.scenes import MOST_DEFECTS, WORDS, Scenes, load_scenes
from kizu.grounding import GroundingSettings, load_annotator
from kizu.grounding.detections import Detections
from kizu.grounding.models.sam import load as load_sam
from kizu.grounding.protocols import Annotator
from kizu.grounding.registry import DEMO_WEIGHTS
from kizu.grounding.weights import find_weights
from kizu.imaging.arrays import Boxes
from kizu.imaging.boxes import box_iou, box_of
from kizu.imaging.masks import mask_iou

PHRASES: Final = tuple(f"a {word}" for word in WORDS)


@dataclass(frozen=True, eq=False)
class Truth:
    """The defects of one scene: (M, 4) boxes, M classes, (M, H, W) masks."""

    boxes: Boxes
    word: NDArray[np.int8]
    mask: NDArray[np.bool_]


def truth_of(scenes: Scenes, row: int) -> Truth:
    """Return what was painted and is still visible."""
    numbers = np.intersect1d(scenes.instance[row], np.arange(1, MOST_DEFECTS + 1))
    masks = scenes.instance[row][None] == numbers[:, None, None]
    boxes = np.concatenate([np.zeros((0, 4), np.float32), *map(box_of, masks)])
    return Truth(boxes, scenes.word[row][numbers - 1], masks)


def average_precision(found: Sequence[Detections], truths: Sequence[Truth], word: int) -> float:
    """Return AP at IoU 0.5 of one class: area under the interpolated precision-recall curve."""
    hits = list[tuple[float, bool]]()
    for detections, truth in zip(found, truths, strict=True):
        own = detections.select(np.array([p == PHRASES[word] for p in detections.phrase], bool))
        hits += _matched(own, truth.boxes[truth.word == word])
    hits.sort(key=lambda pair: -pair[0])
    right = np.cumsum([hit for _, hit in hits])
    if not len(right):
        return 0.0
    precision = right / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    recall = right / max(sum(int((t.word == word).sum()) for t in truths), 1)
    return float((np.diff(recall, prepend=0.0) * envelope).sum())


def _matched(own: Detections, boxes: Boxes) -> list[tuple[float, bool]]:
    free = np.ones(len(boxes), bool)
    result = []
    for row in np.argsort(-own.confidence, kind="stable"):
        overlap = box_iou(own.xyxy[row : row + 1], boxes)[0] * free if len(boxes) else np.zeros(0)
        hit = bool(overlap.size) and float(overlap.max()) >= 0.5  # the measure's own
        if hit:
            free[int(overlap.argmax())] = False
        result.append((float(own.confidence[row]), hit))
    return result


def detect(annotator: Annotator, scenes: Scenes) -> list[Detections]:
    """Return what is found of all five phrases in each scene."""
    found = list[Detections]()
    for image in tqdm(scenes.image, unit="scene", disable=None):
        found += [r for r in annotator.annotate([image], [PHRASES]) if isinstance(r, Detections)]
    return found


def mask_scores(
    folder: Path, scenes: Scenes, truths: Sequence[Truth]
) -> list[tuple[int, float, float]]:
    """Return for every defect its class, the IoU of SAM's mask for its true box, and of the box."""
    segmenter = load_sam(find_weights(str(folder), "sam"), GroundingSettings())
    rows = list[tuple[int, float, float]]()
    for image, truth in zip(scenes.image, truths, strict=True):
        if not len(truth.boxes):
            continue
        for mask, true, word, box in zip(
            segmenter.segment(image, truth.boxes), truth.mask, truth.word, truth.boxes, strict=True
        ):
            filled = np.zeros_like(true)
            left, top, right, bottom = box.astype(int)
            filled[top:bottom, left:right] = True
            rows.append((int(word), mask_iou(mask, true), mask_iou(filled, true)))
    return rows


def names_the_right_one(found: Sequence[Detections], truths: Sequence[Truth]) -> float:
    """Return the share of boxes on a defect (IoU 0.5 or more) whose phrase is that defect's."""
    right, on_defect = 0, 0
    for detections, truth in zip(found, truths, strict=True):
        if not len(detections) or not len(truth.boxes):
            continue
        overlap = box_iou(detections.xyxy, truth.boxes)
        for row in np.flatnonzero(overlap.max(axis=1) >= 0.5):
            on_defect += 1
            right += detections.phrase[row] == PHRASES[truth.word[overlap[row].argmax()]]
    return right / max(on_defect, 1)


def report(detector: Path, segmenter: Path, pools: list[Path], threshold: float) -> str:
    """Return the card as a Markdown table."""
    scenes = load_scenes(pools)
    truths = [truth_of(scenes, row) for row in range(len(scenes.image))]
    settings = GroundingSettings(detector_weights=str(detector), box_threshold=threshold)
    found = detect(load_annotator("grounding-dino", settings), scenes)
    masks = mask_scores(segmenter, scenes, truths)
    lines = [
        "| defect | painted | AP50 | IoU of the mask | IoU of the filled box |",
        "|---|---|---|---|---|",
    ]
    precision = [average_precision(found, truths, word) for word in range(len(WORDS))]
    for word, name in enumerate(WORDS):
        own = np.array([row[1:] for row in masks if row[0] == word])
        mask, box = own.mean(axis=0)
        lines.append(f"| {name} | {len(own)} | {precision[word]:.2f} | {mask:.2f} | {box:.2f} |")
    mask, box = np.array([row[1:] for row in masks]).mean(axis=0)
    lines.append(f"| all | {len(masks)} | {np.mean(precision):.2f} | {mask:.2f} | {box:.2f} |")
    named = names_the_right_one(found, truths)
    return "\n".join([*lines, "", f"Of the boxes on a defect, {named:.0%} name the right one."])


def main() -> None:
    """Print the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pools", type=Path, nargs="+")
    parser.add_argument("--detector", type=Path, default=DEMO_WEIGHTS / "detector")
    parser.add_argument("--segmenter", type=Path, default=DEMO_WEIGHTS / "segmenter")
    parser.add_argument("--threshold", type=float, default=0.05, help="least score of a box")
    chosen = parser.parse_args()
    print(report(chosen.detector, chosen.segmenter, chosen.pools, chosen.threshold))


if __name__ == "__main__":
    main()
