"""Builds a dataset on real normals with the painter, and proves it on the real defects beside them.

    python benchmarks/prove/run.py --real FOLDER --group 'tile[0-9]+' --out OUT
    python benchmarks/prove/run.py --real FOLDER --group 'tile[0-9]+' --out OUT --segmenter unet

--editor painter transplant takes the datasets of both together; transplant moves the folder's own
real defects, and what it made of a part that is tested is not trained on there. Nothing of the
folder is stored but in OUT: a store, and the proof as .json, .md and .png. What is built stays
there, so a second run only trains. The whole chain is measured: pictures are compared, judged and
published, and the published files are trained on. No annotator is asked, so all samples wait for
review and are trained on as they are, which --also changes.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import time
from pathlib import Path

import cv2
import torch
from progress import bars

from kizu import Dataset, DatasetSpec, open_dataset
from kizu.agree.verdict import Verdict
from kizu.prove.comparison import ProofSettings, compare
from kizu.prove.dataset_pictures import dataset_pictures
from kizu.prove.plot import save_plot
from kizu.prove.proof import Proof
from kizu.prove.real_folder import open_real_folder
from kizu.prove.report import markdown
from kizu.prove.segmenters import load_segmenter
from kizu.prove.training_sets import TrainingSet
from kizu.store import Store

DEFECTS = (
    ("crack", "a thin straight crack"),
    ("blowhole", "a small hole"),
    ("break", "a chip at the edge"),
    ("fray", "a large dark stain"),
    ("uneven", "a discolouration"),
)
"""The kinds of magnetic tiles' defects, in words the painter knows."""


def built(editor: str, real: Path, normals: str, out: Path, variants: int) -> Dataset:
    """Return the dataset that an editor makes on a folder's photos; what is built is kept."""
    from kizu.building import run_build

    moves = {"defects": str(real)} if editor == "transplant" else {}
    spec = DatasetSpec.parse(
        {
            "name": editor,
            "images": {"path": str(real / normals)},
            "editor": {"name": editor, **moves},
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
    parser.add_argument("--also", nargs="*", default=["review"], help="verdicts besides accept")
    parser.add_argument("--editor", nargs="+", default=["painter"], help="painter, transplant")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    start = time.process_time()
    datasets = [
        built(editor, options.real, options.normals, options.out, options.variants)
        for editor in options.editor
    ]
    for dataset in datasets:
        print(dataset.samples.groupby(["defect_type", "verdict"]).size().to_string())
    print(f"built in {time.process_time() - start:.0f} CPU s")
    sets = tuple(TrainingSet[name] for name in options.sets or [each.name for each in TrainingSet])
    settings = ProofSettings(seeds=options.seeds, sets=sets)
    start = time.process_time()
    with bars():
        proof = proven(datasets, options, settings)
    name = "_".join([*options.editor, options.segmenter])
    page = markdown(proof)
    print(page)
    print(f"proven in {time.process_time() - start:.0f} CPU s")
    (options.out / f"{name}.md").write_text(page, encoding="utf-8")
    (options.out / f"{name}.json").write_text(json.dumps(proof.to_json(), indent=1))
    save_plot(proof, options.out / f"{name}.png")


def proven(datasets: list[Dataset], options: argparse.Namespace, settings: ProofSettings) -> Proof:
    """Prove several datasets as one training set."""
    store, also = Store(str(options.out / "store")), [Verdict(each) for each in options.also]
    real = open_real_folder(options.real, options.group)
    made = [dataset_pictures(store, each, real.parts, also) for each in datasets]
    normals = [each for each in made[0].pictures if each.is_normal]
    defects = [each for one in made for each in one.pictures if not each.is_normal]
    found = compare(
        real.pictures, [*normals, *defects], settings, load_segmenter(options.segmenter)
    )
    name = " + ".join(each.name for each in datasets)
    return Proof(name, options.segmenter, settings, found, 0.0, real.left_out)


if __name__ == "__main__":
    main()
