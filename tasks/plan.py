"""Plan a build, and say what it comes to."""

from itertools import chain

from prefect import get_run_logger, task

from kizu import planning
from kizu.checks import deep_photos
from kizu.grounding import GroundingChoice
from kizu.intake import open_inventory
from kizu.planning import BuildEstimate, estimate_build
from kizu.publish import names
from kizu.publish.seen import plan_work
from kizu.shards import SAMPLES_PER_PART, BuildPlan
from kizu.spec import DatasetSpec
from kizu.stages import grounding
from kizu.stages.grounding import AnnotatorChoice
from kizu.store import Store
from tasks.artifacts import show_plan
from tasks.caching import CACHED_IN_RUN, UNCACHED


@task(name="choose annotators", **UNCACHED)
def choose_annotators(settings: GroundingChoice) -> AnnotatorChoice:
    """Find out which annotators this machine can run, without loading them."""
    return grounding.choose_annotators(settings)


@task(name="plan", **CACHED_IN_RUN)
def plan_build(
    spec: DatasetSpec,
    inventory: list[str],
    pairs: list[str],
    annotators: AnnotatorChoice,
    store_url: str,
    shard_size: int,
    *,
    stored_only: bool = False,
) -> BuildPlan:
    """Plan the samples of all usable photos, and store what stages have to make as shards.

    Args:
        spec: The dataset.
        inventory: Where the listings of the photos lie.
        pairs: Where it is stored which of the editor's own pictures were paired.
        annotators: Who annotates.
        store_url: The store.
        shard_size: Samples per shard.
        stored_only: Leave out samples whose edit the store does not hold.

    Raises:
        SourceError: No photo can be used, or no edit is in the store where only those count.
    """
    store = Store(store_url)
    photos = open_inventory(inventory, store)
    if deep := deep_photos(photos, spec.images.depth_bits):
        get_run_logger().warning(deep)
    plan = planning.plan_build(
        spec,
        photos,
        annotators.versions,
        store,
        SAMPLES_PER_PART,
        pairs,
        stored_only=stored_only,
    )
    return plan_work(plan, store, spec.name, shard_size)


@task(name="check name", **UNCACHED)
def check_name(spec: DatasetSpec, inventory: list[str], plan: BuildPlan, store_url: str) -> None:
    """Refuse a name that another dataset was published under, before anything is bought.

    Raises:
        NameTakenError: It is another's, and ``publish.take_over`` is not set.
    """
    store = Store(store_url)
    photos = (image.sha256 for image in open_inventory(inventory, store).images)
    alone = (sample.normal.sha256 for sample in plan.open(store) if not sample.has_normal)
    names.check_name(store, spec, chain(photos, alone))


@task(name="estimate", **UNCACHED)
def estimate(spec: DatasetSpec, plan: BuildPlan, store_url: str) -> BuildEstimate:
    """Work out what a plan would make and cost, and show it before anything is bought."""
    store = Store(store_url)
    found = estimate_build(spec, list(plan.open(store)), plan.photos, store)
    show_plan(spec, found)
    return found
