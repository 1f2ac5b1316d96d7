"""Sum a build up, and draw its report."""

from prefect import task

from kizu.intake import open_inventory
from kizu.pairing import open_pairing
from kizu.publish.dataset import Dataset
from kizu.publish.version import VersionRef
from kizu.report import drawn, write
from kizu.shards import BuildPlan
from kizu.spec import DatasetSpec
from kizu.splits import Groups
from kizu.stages.grounding import AnnotatorChoice
from kizu.store import Store
from kizu.summary import BuildSummary, summarize_version
from tasks.caching import UNCACHED


@task(name="report", **UNCACHED)
def write_report(
    spec: DatasetSpec,
    inventory: list[str],
    plan: BuildPlan,
    version: VersionRef,
    annotators: AnnotatorChoice,
    store_url: str,
    *,
    stopped: str,
    latest: str,
) -> BuildSummary:
    """Sum the build up; write page and contact sheet of what it published, unless they are there.

    Args:
        spec: The dataset.
        inventory: Where the listings of the photos lie.
        plan: The build's samples.
        version: The version, which may be empty and not published.
        annotators: Who annotated.
        store_url: The store.
        stopped: Why the build stopped early, or empty.
        latest: The version that is the dataset's latest one now, or empty.
    """
    store = Store(store_url)
    photos = open_inventory(inventory, store).without(open_pairing(plan.pairs, store).left_out)
    groups = Groups.open(plan.groups, store)
    summary = summarize_version(
        store, version, photos, groups, annotators, stopped=stopped, latest=latest
    )
    if not (version.is_empty or drawn.is_drawn(store, spec, summary, version)):
        dataset = Dataset(store, version.folder())
        outcomes, proven = version.open_outcomes(store), version.open_certification(store)
        write.write_report(store, dataset, spec, summary, outcomes, plan.shards, proven)
        drawn.note_drawn(store, spec, summary, version)
    return summary
