"""Measures what outlines that a segmenter draws do to the demo's published labels.

    python -m benchmarks.grounding.outlines --photos 8

The demo's edits are labelled twice, with and without ``grounding.outlines``, and both labels are
held against what the painter painted. The demonstration weights are small and were trained on this
painter; the figures say what the rules let pass, not how good outlines by real weights are.
"""

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.grounding.demo_edits import demo_fields, label_edits
from kizu.diff import Status
from kizu.edit.storage import truth_path
from kizu.imaging.codecs import decode_mask
from kizu.imaging.masks import mask_iou
from kizu.spec import DatasetSpec
from kizu.stages import DIFF, FUSE, VERDICT
from kizu.stages.inputs import SampleInputs
from kizu.store import Store

ALONE: Final = {"device": "cpu", "rivals": False, "on_normal": False}


class Labelled(NamedTuple):
    """One label: its defect, its IoU with the truth, its verdict, and if an outline was taken."""

    defect_type: str
    iou: float
    verdict: str
    outlined: bool


def main() -> None:
    """Print, per defect, the mean IoU with the truth without and with outlines."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--annotator", default="demo-grounding-dino+demo-sam")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fields = demo_fields(Path(folder), options.photos)
        store = Store(str(Path(folder) / "store"))
        plain, drawn = (
            labelled(store, DatasetSpec.parse({**fields, "grounding": grounding}))
            for grounding in (
                {"annotator": options.annotator, "outlines": outlines, **ALONE}
                for outlines in (False, True)
            )
        )
    print(
        f"{sum(a.verdict != b.verdict for a, b in zip(plain, drawn, strict=True))} verdicts differ"
    )
    by_defect: defaultdict[str, list[tuple[Labelled, Labelled]]] = defaultdict(list)
    for pair in zip(plain, drawn, strict=True):
        by_defect[pair[0].defect_type].append(pair)
    for defect, pairs in by_defect.items():
        before, after = (float(np.mean([each[at].iou for each in pairs])) for at in (0, 1))
        taken = sum(each.outlined for _, each in pairs)
        print(f"{defect}: {len(pairs)} labels, IoU {before:.2f} -> {after:.2f}, {taken} outlined")


def labelled(store: Store, spec: DatasetSpec) -> list[Labelled]:
    """Return the labels of all edits that changed, on the normal images' grid."""
    samples = label_edits(store, spec)
    return [_label(each) for each in samples if DIFF.result(each).status is Status.CHANGED]


def _label(sample: SampleInputs) -> Labelled:
    truth = decode_mask(sample.store.read(truth_path(sample.sample.request.key)))
    return Labelled(
        sample.sample.defect_type,
        mask_iou(FUSE.composite(sample).label, truth),
        VERDICT.result(sample).verdict.value,
        FUSE.result(sample).outlined,
    )


if __name__ == "__main__":
    main()
