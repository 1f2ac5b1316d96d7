"""Sum a build up, and draw its report."""

from prefect import task

from kizu.billing.ledger import Ledger
from kizu.billing.spending import dataset_spending
from kizu.intake import open_inventory
from kizu.pairing import open_pairing
from kizu.publish.dataset import Dataset
from kizu.publish.version import VersionRef
from kizu.report import write
from kizu.shards import BuildPlan
from kizu.spec import DatasetSpec
from kizu.splits import Groups
from kizu.stages.grounding import AnnotatorChoice
from kizu.store import Store
from kizu.summary import BuildSummary, summarize
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
    """Sum the build up, and write the page and the contact sheet of what it published.

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
    store, folder = Store(store_url), version.folder()
    outcomes, certification = version.open_outcomes(store), version.open_certification(store)
    groups = Groups.open(plan.groups, store)
    summary = summarize(
        outcomes,
        open_inventory(inventory, store).without(open_pairing(plan.pairs, store).left_out),
        dataset=spec.name,
        version="" if version.is_empty else version.version,
        latest=latest,
        is_new=version.is_new,
        note=" ".join(filter(None, [annotators.note, *groups.notes])),
        is_grounded=bool(annotators.versions),
        stopped=stopped,
        paid=dataset_spending(Ledger(store), spec.name),
        certificate=certification.accepted.sentence,
        is_shifted=bool(certification.accepted.alarms),
        dataset_address="" if version.is_empty else store.address(folder.path("")),
        report_address="" if version.is_empty else store.address(folder.report("index.html")),
    )
    if not version.is_empty:
        write.write_report(
            store, Dataset(store, folder), spec, summary, outcomes, plan.shards, certification
        )
    return summary
