"""Measures what competing names and the normal image take away from right and from wrong testimony.

    python benchmarks/grounding/rivals.py --photos 4

The demo's photographs get the painter's five defects; the demonstration annotator is then asked for
each of the five in every edit, which is right once and wrong four times. Counted is how often a
detection touches the true mask, and how many detections lie elsewhere. The demonstration weights
know these five words only and were trained on this painter: the figures say what the rules do, not
how good they are with real weights.
"""

import argparse
import tempfile
import uuid
from collections import Counter
from pathlib import Path

from kizu.agree.testimony import testimony
from kizu.cancellation import CancelToken
from kizu.cli.demo import write_demo
from kizu.edit.storage import truth_path
from kizu.grounding import GroundingSettings, load_annotator
from kizu.grounding.encoded import EncodedDetections, encoded
from kizu.imaging.arrays import Mask, RgbImage
from kizu.imaging.codecs import decode_mask
from kizu.planning import plan_samples
from kizu.shards import save_shards
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.stages import EDIT, StageRun, run_stage
from kizu.stages.inputs import SampleInputs
from kizu.store import Store

PHRASES = ("scratch", "crack", "stain", "hole", "dent")
NOTHING = "clean surface"


def main() -> None:
    """Print, per rule, what is left of right and of wrong testimony."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=int, default=4)
    parser.add_argument("--drift", default="none", help="The painter's imitated drift.")
    parser.add_argument("--annotator", default="demo-grounding-dino")
    options = parser.parse_args()
    settings = GroundingSettings(annotator=options.annotator, device="cpu")
    annotator = load_annotator(options.annotator, settings)

    def look(picture: RgbImage, *phrases: str) -> EncodedDetections:
        [found] = annotator.annotate([picture], [phrases])
        return encoded(found)

    counts: Counter[tuple[str, bool, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for sample, truth in edits(Path(folder), options.photos, options.drift):
            normals = {phrase: look(sample.normal, phrase) for phrase in PHRASES}
            for phrase in PHRASES:
                others = [other for other in PHRASES if other != phrase]
                asked, rivals = look(sample.edited, phrase), look(sample.edited, *others)
                hopeless = look(sample.edited, *others, NOTHING)
                together = look(sample.edited, *PHRASES)
                won = [i for i, name in enumerate(together.phrase) if name == phrase]
                left = {
                    "asked alone": asked,
                    "rivals": kept(asked, rivals, None, truth),
                    f"rivals and {NOTHING!r}": kept(asked, hopeless, None, truth),
                    "on normal": kept(asked, None, normals[phrase], truth),
                    "both": kept(asked, rivals, normals[phrase], truth),
                    "all in one prompt": together.select(won),
                }
                is_right = phrase == sample.sample.defect_type
                for rule, found in left.items():
                    hits = [crop.touches(truth) for crop in found.crops(truth.shape)]
                    counts[rule, is_right, "asked"] += 1
                    counts[rule, is_right, "touch"] += any(hits)
                    counts[rule, is_right, "elsewhere"] += len(hits) - sum(hits)
    for rule in dict.fromkeys(rule for rule, _, _ in counts):
        for is_right, name in ((True, "right name"), (False, "wrong name")):
            asked, touch, elsewhere = (
                counts[rule, is_right, what] for what in ("asked", "touch", "elsewhere")
            )
            print(f"{rule:28} {name}: {touch}/{asked} touch the defect, {elsewhere} elsewhere")


def kept(
    asked: EncodedDetections,
    rivals: EncodedDetections | None,
    on_normal: EncodedDetections | None,
    truth: Mask,
) -> EncodedDetections:
    """Return what counts; drift is small enough for the normal image's frame to do."""
    return testimony(asked, rivals, on_normal, (truth.shape[0], truth.shape[1])).kept


def edits(folder: Path, photos: int, drift: str) -> list[tuple[SampleInputs, Mask]]:
    """Paint the five defects into photographs; return the samples with their true masks."""
    write_demo(folder)
    spec = DatasetSpec.parse(
        {
            "name": "rivals",
            "images": {"path": str(folder / "photos"), "max_edited": photos},
            "defects": [{"defect_type": name, "prompt": f"a {name}"} for name in PHRASES],
            "editor": {"name": "painter", "drift": drift},
            "grounding": {"annotator": "none"},
        }
    )
    store = Store(str(folder / "store"))
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    [ref] = save_shards(plan_samples(spec, images), spec, (), store, 10_000)
    run_stage(EDIT, ref, StageRun(store, CancelToken(store, uuid.uuid4().hex)))
    shard = ref.open(store)
    samples = [SampleInputs(store, shard, sample) for sample in shard.samples]
    return [
        (each, decode_mask(store.read(truth_path(each.picture.key))))
        for each in samples
        if each.has_picture
    ]


if __name__ == "__main__":
    main()
