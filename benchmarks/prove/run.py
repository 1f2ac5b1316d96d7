"""Builds a dataset on real normals with the painter, and proves it on the real defects beside them.

    python benchmarks/prove/run.py --real FOLDER --group 'tile[0-9]+' --out OUT
    python benchmarks/prove/run.py --real FOLDER --group 'tile[0-9]+' --out OUT --segmenter unet

Nothing of the folder is stored but in OUT: a store, proof.json, proof.md and proof.png. What is
built stays there, so a second run only trains. The whole chain is measured: the painter's pictures
are compared, judged and published, and what is trained on are the published files.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import torch
from tqdm import tqdm

from kizu import Dataset, DatasetSpec, open_dataset
from kizu.agree.verdict import Verdict
from kizu.progress import listening
from kizu.prove.comparison import ProofSettings
from kizu.prove.plot import save_plot
from kizu.prove.proof import prove
from kizu.prove.report import markdown
from kizu.prove.training_sets import TrainingSet
from kizu.store import Store

DEFECTS = (
    ("crack", "a thin crack"),
    ("blowhole", "a small hole"),
    ("break", "a chip at the edge"),
    ("fray", "a large chip"),
    ("uneven", "a discolouration"),
)
"""The kinds of magnetic tiles' defects, in words the painter knows."""


def built(photos: Path, out: Path, variants: int) -> Dataset:
    """Return the dataset of painted defects on a folder's photos; what is built is kept."""
    from kizu.building import run_build

    spec = DatasetSpec.parse(
        {
            "name": "painted",
            "images": {"path": str(photos)},
            "defects": [
                {"defect_type": kind, "prompt": prompt, "variants": variants}
                for kind, prompt in DEFECTS
            ],
            "grounding": {"annotator": "none"},
            "publish": {"latest": "always"},
        }
    )
    store = str(out / "store")
    run_build(spec, store)
    return open_dataset(store, spec.name)


@contextmanager
def bars() -> Iterator[None]:
    """Show a bar per stage while the block runs."""
    shown: dict[str, tqdm] = {}

    def show(stage: str, count: int, total: int | None) -> None:
        if stage not in shown:
            shown[stage] = tqdm(total=total, desc=stage)
        shown[stage].update(count)

    with listening(show):
        yield
    for bar in shown.values():
        bar.close()


def main() -> None:
    """Build and prove what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--real", type=Path, required=True, help="the folder of real defects")
    parser.add_argument("--normals", default="normal", help="its subfolder of normals")
    parser.add_argument("--group", help="regular expression: the part in a picture's name")
    parser.add_argument("--out", type=Path, required=True, help="where all of it goes")
    parser.add_argument("--variants", type=int, default=1, help="edits of each photo and defect")
    parser.add_argument("--segmenter", default="features")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", choices=[which.name for which in TrainingSet])
    parser.add_argument("--also", nargs="*", default=[], help="verdicts besides accept")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    start = time.process_time()
    dataset = built(options.real / options.normals, options.out, options.variants)
    print(dataset.samples.groupby(["defect_type", "verdict"]).size().to_string())
    print(f"built in {time.process_time() - start:.0f} CPU s")
    sets = tuple(TrainingSet[name] for name in options.sets or [each.name for each in TrainingSet])
    start = time.process_time()
    with bars():
        proof = prove(
            Store(str(options.out / "store")),
            dataset,
            options.real,
            group=options.group,
            segmenter=options.segmenter,
            settings=ProofSettings(seeds=options.seeds, sets=sets),
            also=tuple(Verdict(each) for each in options.also),
        )
    name = f"proof_{options.segmenter}"
    page = markdown(proof)
    print(page)
    print(f"proven in {time.process_time() - start:.0f} CPU s")
    (options.out / f"{name}.md").write_text(page, encoding="utf-8")
    (options.out / f"{name}.json").write_text(json.dumps(proof.to_json(), indent=1))
    save_plot(proof, options.out / f"{name}.png")


if __name__ == "__main__":
    main()
