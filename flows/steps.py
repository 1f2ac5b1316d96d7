"""Parts that several flows have in common."""

import time
from collections.abc import Sequence
from typing import Any

from prefect import State, get_run_logger, unmapped
from prefect.futures import wait
from prefect.states import Completed, Failed

from flows.pipeline import submit_pipeline
from kizu.billing.ledger import Ledger
from kizu.intake import INTAKE, open_inventory
from kizu.pace import note_pace
from kizu.pairing import PAIR, open_pairing, save_pairs
from kizu.progress import expect
from kizu.publish.samples import PUBLISH, UnpublishedError
from kizu.publish.version import LostNormalsError, VersionRef
from kizu.shards import BuildPlan
from kizu.sources import Skipped
from kizu.spec import DatasetSpec
from kizu.stages import EDIT, Stage
from kizu.stages.grounding import AnnotatorChoice
from kizu.store import Store
from kizu.summary import BuildSummary, SamplesFailedError, last_summary
from kizu.tally import StageTally, fold_ledger, settle, spent_so_far, tally_reports
from tasks.artifacts import show_pairs, show_summary, wait_with_progress
from tasks.intake import list_photos, note_photos, take_in_part
from tasks.pairing import describe_part, list_pictures, note_unused_rows, pair_part
from tasks.publish import choose_version, make_latest, publish_shard, publish_version
from tasks.report import write_report
from tasks.stage import cancel_token, reports_of
from tasks.yield_alert import emit_yield_alert

FILES_PER_PART = 64


def take_in_photos(spec: DatasetSpec, store_url: str, *, rehash: bool = False) -> list[str]:
    """Take the normal images into the store; return where their listings lie."""
    if not spec.has_normals:
        return []
    pictures = spec.editor.maker.pictures
    without = pictures.path if pictures else None
    path, read_as = spec.images.path, (spec.images.max_megapixels, spec.images.decoding)
    listing = list_photos(path, store_url, FILES_PER_PART, *read_as, without=without, rehash=rehash)
    unread = sum(part.files for part in listing.parts)
    get_run_logger().info("%d photos are read; the others are known by size and time", unread)
    expect(INTAKE, unread)
    if not listing.parts:
        return list(listing.known)
    parts = list(listing.parts)
    taken: list[str] = take_in_part.map(
        parts, unmapped(store_url), *map(unmapped, read_as)
    ).result()
    note_photos(path, listing, taken, store_url, spec.images.decoding)
    return [*listing.known, *taken]


def pair_pictures(spec: DatasetSpec, inventory: list[str], store_url: str) -> list[str]:
    """Pair the pictures that an editor brings with their normal images.

    Returns:
        Where it is stored what became of them; nothing for editors that make their edits.
    """
    pictures = spec.editor.maker.pictures
    if pictures is None:
        return []
    wait(
        [
            describe_part.submit(part, spec.images.path, store_url, spec.images.decoding)
            for part in inventory
        ]
    )
    files = list_pictures(pictures.path, store_url, FILES_PER_PART)
    expect(PAIR, sum(part.files for part in files))
    one = unmapped(files), unmapped(spec), unmapped(inventory), unmapped(store_url)
    paired: list[str] = pair_part.map(files, *one).result()
    pairs = [*paired, note_unused_rows(files, spec, inventory, store_url)]
    show_pairs(spec, open_pairing(pairs, Store(store_url)))
    return pairs


def go_through(
    stages: Sequence[Stage], spec: DatasetSpec, plan: BuildPlan, store_url: str
) -> list[StageTally]:
    """Take all shards through stages, and wait for them; return what was done."""
    store = Store(store_url)
    buys = plan.to_do > 0 and EDIT in stages and spec.editor.is_paid
    ledger = Ledger(store) if buys else None
    before = spent_so_far(ledger, spec.name)
    futures = submit_pipeline(plan, store_url, stages)
    wait_with_progress(spec.name, futures, plan.to_do)
    names = [stage.name for stage in stages]
    done = tally_reports(names, reports_of(futures), before, spent_so_far(ledger, spec.name))
    if ledger is not None:
        fold_ledger(ledger)
    note_pace(store, spec, done)
    return done


def publish_build(
    spec: DatasetSpec,
    inventory: list[str],
    plan: BuildPlan,
    annotators: AnnotatorChoice,
    store_url: str,
    done: Sequence[StageTally],
) -> BuildSummary:
    """Publish a version if what is in the store makes a new one; write the report."""
    started = time.perf_counter()
    version, lost = _publish_samples(spec, inventory, plan, store_url)
    plan = _without(plan, lost, inventory, store_url)
    before = last_summary(Store(store_url), spec.name)
    latest = make_latest(spec, version, plan.left_out, annotators, store_url)
    stop = cancel_token(store_url).reason()
    summary = write_report(
        spec,
        inventory,
        plan,
        version,
        annotators,
        store_url,
        stopped=stop.sentence if stop else "",
        latest=latest,
    )
    stages = settle(
        done,
        finished=plan.samples - plan.to_do,
        judged=summary.judged,
        refused=summary.refused,
        published=version.to_write(Store(store_url)),
        seconds=time.perf_counter() - started,
    )
    summary = summary.model_copy(update={"stages": stages})
    if summary.is_shifted:
        get_run_logger().warning(summary.certificate)
    get_run_logger().info(summary.headline)
    show_summary(summary, version, store_url)
    emit_yield_alert(before, summary)
    return summary


def _publish_samples(
    spec: DatasetSpec, inventory: list[str], plan: BuildPlan, store_url: str
) -> tuple[VersionRef, dict[str, str]]:
    """Publish a version; samples and photos that cannot be published are left out, and named.

    Returns:
        The version, and why normal images are lost, by the SHA-256 of their files.
    """
    unpublished: dict[str, str] = {}
    lost: dict[str, str] = {}
    while True:
        version = choose_version(
            spec,
            inventory,
            plan.shards,
            store_url,
            unpublished,
            lost,
            plan.groups,
            plan.shard_size,
        )
        if not version.is_new or version.is_empty:
            return version, lost
        work = version.open_work(Store(store_url))
        expect(PUBLISH, work.samples)
        same = unmapped(version), unmapped(store_url), unmapped(dict(unpublished))
        parts = publish_shard.map(work.shards, *same) if work.shards else []
        found = [part.result(raise_on_failure=False) for part in parts]
        for failure in found:
            if isinstance(failure, UnpublishedError):
                unpublished |= failure.reasons
            elif isinstance(failure, BaseException):
                raise failure
        if any(isinstance(failure, UnpublishedError) for failure in found):
            continue
        try:
            publish_version(spec, inventory, version, found, store_url, lost, plan.groups)
        except LostNormalsError as failure:
            lost |= failure.reasons
        else:
            return version, lost


def _without(
    plan: BuildPlan, lost: dict[str, str], inventory: list[str], store_url: str
) -> BuildPlan:
    """Return a plan that names lost photos among the files that are left out."""
    if not lost:
        return plan
    store = Store(store_url)
    skipped = [
        Skipped(image.name, lost[image.sha256], unreadable=True)
        for image in open_inventory(inventory, store).images
        if image.sha256 in lost
    ]
    noted = save_pairs(skipped, store)
    left_out = plan.left_out + len(lost)
    return plan.model_copy(update={"pairs": (*plan.pairs, noted), "left_out": left_out})


def final_state(summary: BuildSummary) -> State[Any]:
    """Fail after everything else is published, so that Retry is offered for what is missing."""
    if not summary.failed:
        unchanged = "" if summary.is_new else f"; nothing changed since version {summary.version}"
        data = summary.model_dump(mode="json")
        return Completed(message=f"{summary.headline}{unchanged}", data=data)
    if summary.only_waits:
        data = summary.model_dump(mode="json")
        return Completed(message=f"{summary.headline}; {_waiting(summary)}", data=data)
    message = _failure(summary)
    return Failed(message=message, data=SamplesFailedError(message, summary))


def _waiting(summary: BuildSummary) -> str:
    reason = summary.problems[0].reason.removeprefix("edit: ")
    return f"{summary.waiting} edits wait: {reason}"


def _failure(summary: BuildSummary) -> str:
    if summary.stopped:
        waiting = f"{summary.failed} of {summary.samples} samples are not made yet"
        return f"{waiting}: {summary.stopped}"
    reason = summary.problems[0].reason
    return (
        f"{summary.failed} of {summary.samples} samples failed, for example: {reason}. "
        "Mend the cause and press Retry: only they are made."
    )
