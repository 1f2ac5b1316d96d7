"""A build as the flow makes it, without Prefect."""

from kizu.cancellation import CancelToken
from kizu.intake import list_photos, note_known, open_inventory, take_in_files
from kizu.planning import estimate_build, plan_build
from kizu.publish.dataset import Dataset
from kizu.publish.samples import publish_shard
from kizu.publish.seen import plan_work
from kizu.publish.version import choose_version, make_latest, publish_version
from kizu.report.drawn import is_drawn, note_drawn
from kizu.report.write import write_report
from kizu.shards import SAMPLES_PER_PART
from kizu.splits import Groups
from kizu.stages import STAGES, StageRun, run_stage
from kizu.stages.grounding import choose_annotators
from kizu.summary import summarize_version


def bare_build(spec, store):
    """Build a dataset; return the plan and the summary."""
    path, annotators = spec.images.path, choose_annotators(spec.grounding)
    listing = list_photos(path, store, 64, spec.images.max_megapixels)
    taken = [take_in_files(part, store, spec.images.max_megapixels) for part in listing.parts]
    note_known(path, listing, taken, store)
    photos = open_inventory([*listing.known, *taken], store)
    plan = plan_build(spec, photos, annotators.versions, store, SAMPLES_PER_PART)
    plan = plan_work(plan, store, spec.name, 16)
    estimate_build(spec, list(plan.open(store)), plan.photos, store)
    run = StageRun(store, CancelToken(store, "a test"))
    for shard in plan.work:
        for stage in STAGES:
            run_stage(stage, shard, run)
    groups = Groups.open(plan.groups, store)
    version = choose_version(spec, photos.images, plan.shards, store, groups=groups)
    folder, proven = version.folder(), version.open_certification(store)
    if version.is_new and not version.is_empty:
        shards = version.open_work(store).shards
        rows = [publish_shard(store, folder, each.open(store), proven.proof) for each in shards]
        publish_version(store, version, spec, photos.images, rows, groups=groups)
    latest = make_latest(spec, version, store, left_out=plan.left_out, annotators=annotators)
    summary = summarize_version(
        store, version, photos, groups, annotators, stopped="", latest=latest
    )
    if not (version.is_empty or is_drawn(store, spec, summary, version)):
        dataset, outcomes = Dataset(store, folder), version.open_outcomes(store)
        write_report(store, dataset, spec, summary, outcomes, plan.shards, proven)
        note_drawn(store, spec, summary, version)
    return plan, summary
