"""The demo's edits, taken through all stages without Prefect."""

import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from kizu.cancellation import CancelToken
from kizu.cli.demo import write_demo
from kizu.planning import plan_samples
from kizu.shards import save_shards
from kizu.sources import list_source, take_in
from kizu.spec import DatasetSpec
from kizu.stages import STAGES, StageRun, run_stage
from kizu.stages.grounding import choose_annotators
from kizu.stages.inputs import SampleInputs
from kizu.store import Store


def demo_fields(folder: Path, photos: int) -> dict[str, Any]:
    """Write the demo's photos into a folder; return the fields of its spec for so many of them."""
    fields: dict[str, Any] = yaml.safe_load(write_demo(folder).read_text(encoding="utf-8"))
    fields["images"] |= {"path": str(folder / "photos"), "max_edited": photos}
    return fields


def label_edits(
    store: Store, spec: DatasetSpec, ended: Callable[[str, float], None] = lambda *_: None
) -> Sequence[SampleInputs]:
    """Edit, compare, annotate and judge; return the samples with what was made of them.

    Args:
        store: The store.
        spec: What of.
        ended: Told of each stage its name and the seconds it took.
    """
    images = [take_in(file, store) for file in list_source(spec.images.path)]
    versions = choose_annotators(spec.grounding).versions
    [ref] = save_shards(plan_samples(spec, images), spec, versions, store, 10_000)
    run = StageRun(store, CancelToken(store, uuid.uuid4().hex))
    for stage in STAGES:
        started = time.perf_counter()
        run_stage(stage, ref, run)
        ended(stage.name, time.perf_counter() - started)
    shard = ref.open(store)
    return [SampleInputs(store, shard, sample) for sample in shard.samples]
