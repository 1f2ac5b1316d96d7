"""CPU seconds of every stage per sample: the default by which ``kizu plan`` estimates minutes.

    python benchmarks/pace.py SIDE_PX...

Builds four of the demo's photographs, scaled to so many pixels on the longer side, with the painter
and the demonstration weights, one stage after the other in this process without Prefect. What
counts is the processor's time, not the clock's, so that a shared machine measures the same.
"""

import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from kizu.cancellation import CancelToken
from kizu.cli.demo import write_demo
from kizu.imaging.codecs import decode_image, encode_png
from kizu.intake import list_photos, open_inventory, take_in_files
from kizu.pace import DEFAULTS, who_works
from kizu.planning import plan_build
from kizu.spec import DatasetSpec
from kizu.stages import STAGES, StageRun, run_stage
from kizu.stages.grounding import choose_annotators
from kizu.store import Store


def measure(side_px: int, folder: Path) -> None:
    """Print what every stage takes for 16 samples, the loading of models included."""
    spec = DatasetSpec.from_yaml(write_demo(folder))
    for file in (folder / "photos").iterdir():
        photo = decode_image(file.read_bytes())
        scale = side_px / max(photo.shape[:2])
        scaled = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        file.write_bytes(encode_png(np.asarray(scaled, dtype=np.uint8)))
    spec = spec.model_copy(
        update={
            "defects": tuple(each.model_copy(update={"variants": 1}) for each in spec.defects),
            "images": spec.images.model_copy(update={"max_edited": 4}),
        }
    )
    store, chosen = Store(str(folder / "store")), choose_annotators(spec.grounding)
    parts = list_photos(spec.images.path, store, 64, spec.images.max_megapixels).parts
    taken = [take_in_files(part, store, spec.images.max_megapixels) for part in parts]
    plan = plan_build(spec, open_inventory(taken, store), chosen.versions, store, 16)
    [shard] = plan.shards
    run = StageRun(store, CancelToken(store, "pace"))
    for stage in STAGES:
        started = time.process_time()
        report = run_stage(stage, shard, run)
        cpu_s = time.process_time() - started
        who = who_works(stage.name, spec)
        sys.stdout.write(
            f"{side_px} px {stage.name} {who}: {report.made} samples, "
            f"{report.made_megapixels:.2f} megapixels, {cpu_s:.1f} CPU s; "
            f"default {DEFAULTS.get((stage.name, who))}\n"
        )


if __name__ == "__main__":
    for side in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as place:
            measure(int(side), Path(place))
