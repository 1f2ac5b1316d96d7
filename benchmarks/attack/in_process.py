"""A build without Prefect: what the flow does, one step after the other."""

from dataclasses import dataclass

from kizu.billing.ledger import Ledger
from kizu.billing.spending import dataset_spending
from kizu.cancellation import CancelToken
from kizu.intake import open_inventory, save_listing, take_in_files
from kizu.pairing import NormalImages, PairingRules, open_pairing, pair_files, save_pairs
from kizu.planning import estimate_build, plan_build
from kizu.publish.dataset import Dataset
from kizu.publish.samples import publish_shard
from kizu.publish.version import choose_version, make_latest, publish_version
from kizu.report import write
from kizu.spec import DatasetSpec
from kizu.stages import STAGES, StageRun, run_stage
from kizu.stages.grounding import choose_annotators
from kizu.store import Store
from kizu.summary import BuildSummary, last_summary, summarize

_FILES_PER_PART = 64  # as the flow's
_SAMPLES_PER_SHARD = 16  # as the flow's


@dataclass(frozen=True)
class Built:
    """What a build came to.

    Attributes:
        summary: What a person is told.
        failures: What the stages said of samples that failed.
    """

    summary: BuildSummary
    failures: tuple[str, ...]


def build(spec: DatasetSpec, store: Store, run: str) -> Built:
    """Build a dataset.

    Args:
        spec: The dataset.
        store: The store.
        run: The run's name; a run that was stopped stays stopped.
    """
    annotators = choose_annotators(spec.grounding)
    pictures = spec.editor.maker.pictures
    without = pictures.path if pictures else None
    files = save_listing(spec.images.path, store, _FILES_PER_PART, without=without)
    inventory = [take_in_files(part, store) for part in files]
    pairs = _paired(spec, inventory, store)
    normals = open_inventory(inventory, store)
    size = _SAMPLES_PER_SHARD
    plan = plan_build(spec, normals, annotators.versions, store, size, pairs)
    estimate_build(spec, list(plan.open(store)), plan.photos, store)
    cancel = CancelToken(store, run)
    failures: list[str] = []
    for stage in STAGES:
        for shard in plan.shards:
            report = run_stage(stage, shard, StageRun(store, cancel))
            failures += [failure.reason for failure in report.failures]
    version = choose_version(spec, normals.images, plan.shards, store)
    folder, outcomes = version.folder(), version.open_outcomes(store)
    proven = version.open_certification(store)
    if version.is_new and not version.is_empty:
        shards = version.open_work(store).shards
        parts = [publish_shard(store, folder, shard.open(store), proven.proof) for shard in shards]
        publish_version(store, version, spec, normals.images, parts)
    last_summary(store, spec.name)
    latest = make_latest(spec, version, store, left_out=plan.left_out, annotators=annotators)
    stop = cancel.reason()
    summary = summarize(
        outcomes,
        normals.without(open_pairing(plan.pairs, store).left_out),
        dataset=spec.name,
        version="" if version.is_empty else version.version,
        latest=latest,
        is_new=version.is_new,
        note=annotators.note,
        stopped=stop.sentence if stop else "",
        paid=dataset_spending(Ledger(store), spec.name),
        certificate=proven.accepted.sentence,
        dataset_address=store.address(folder.path("")),
        report_address=store.address(folder.report("index.html")),
    )
    if not version.is_empty:
        dataset = Dataset(store, folder)
        write.write_report(store, dataset, spec, summary, outcomes, plan.shards, proven)
    return Built(summary, tuple(failures))


def _paired(spec: DatasetSpec, inventory: list[str], store: Store) -> list[str]:
    pictures = spec.editor.maker.pictures
    if pictures is None:
        return []
    images = open_inventory(inventory, store).images
    normals = NormalImages(images, store, spec.images.path)
    normals.describe()
    parts = save_listing(pictures.path, store, _FILES_PER_PART, "editor.path")
    rules = PairingRules(spec, images, [])
    return [
        save_pairs(pair_files(part.open(store), rules, normals, store), store) for part in parts
    ]
