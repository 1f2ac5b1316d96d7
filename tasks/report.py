"""Draws the report of a build."""

from prefect import task

from kizu.billing.ledger import Ledger
from kizu.billing.spending import spent_by
from kizu.imaging.codecs import encode_png
from kizu.outputs import SampleOutputs
from kizu.progress import advance, expect
from kizu.publish.dataset import Dataset
from kizu.publish.outcomes import Outcome
from kizu.report import CardPictures, Page, contact_sheet, draw_card, render_page
from kizu.report.gather import gather_card
from kizu.report.yields import yield_rows
from kizu.shards import ShardRef
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.summary import SUMMARY_FILE, BuildSummary, cards_to_show, next_steps, summarize
from tasks.grounding import AnnotatorChoice
from tasks.intake import open_inventory
from tasks.publish import VersionRef
from tasks.stage import UNCACHED

STAGE = "report"


@task(name="report", **UNCACHED)
def write_report(
    spec: DatasetSpec,
    inventory: list[str],
    shards: tuple[ShardRef, ...],
    version: VersionRef,
    annotator: AnnotatorChoice,
    store_url: str,
    *,
    stopped: str,
    latest: str,
) -> BuildSummary:
    """Sum the build up, and write the page and the contact sheet of what it published.

    Args:
        spec: The dataset.
        inventory: Where the listings of the photos lie.
        shards: The build's samples.
        version: The version, which may be empty and not published.
        annotator: Who annotated.
        store_url: The store.
        stopped: Why the build stopped early, or empty.
        latest: The version that is the dataset's latest one now, or empty.
    """
    store = Store(store_url)
    folder = version.folder()
    outcomes = version.open_outcomes(store)
    summary = summarize(
        outcomes,
        open_inventory(inventory, store),
        dataset=spec.name,
        version="" if version.is_empty else version.version,
        latest=latest,
        is_new=version.is_new,
        note=annotator.note,
        stopped=stopped,
        paid=spent_by(Ledger(store).totals(), spec.name),
        dataset_address="" if version.is_empty else store.address(folder.path("")),
        report_address="" if version.is_empty else store.address(folder.report("index.html")),
    )
    if version.is_empty:
        return summary
    cards = _draw_cards(store, shards, outcomes, Dataset(store, folder))
    page = _page(spec, summary, outcomes, cards)
    store.write(folder.report("index.html"), render_page(page).encode())
    store.write(folder.report("index.ja.html"), render_page(page, language="ja").encode())
    store.write(folder.report("contact_sheet.png"), encode_png(contact_sheet(cards)))
    store.write_json(folder.report(SUMMARY_FILE), summary.model_dump(mode="json"))
    return summary


def _draw_cards(
    store: Store, shards: tuple[ShardRef, ...], outcomes: list[Outcome], dataset: Dataset
) -> list[CardPictures]:
    shown = set(cards_to_show(outcomes))
    expect(STAGE, len(shown))
    cards = []
    for ref in shards:
        shard = ref.open(store)
        for sample in shard.samples:
            if sample.sample_id in shown:
                cards.append(_card(SampleOutputs(store, shard, sample), dataset))
                advance(STAGE)
    return cards


def _card(outputs: SampleOutputs, dataset: Dataset) -> CardPictures:
    """Return a sample's pictures, drawn once."""
    if outputs.card.done():
        return CardPictures.from_json(outputs.card.record())
    pictures = draw_card(gather_card(outputs, dataset[outputs.sample.sample_id]))
    outputs.card.finish(pictures.to_json())
    return pictures


def _page(
    spec: DatasetSpec, summary: BuildSummary, outcomes: list[Outcome], cards: list[CardPictures]
) -> Page:
    judged = summary.accepted + summary.review + summary.rejected
    cost = "unknown" if summary.cost_usd is None else f"{summary.cost_usd:.2f} USD"
    return Page(
        title=spec.name,
        version=summary.version,
        facts=(
            ("Photos", str(summary.photos)),
            ("Samples", str(summary.samples)),
            ("Editor", spec.editor.name),
            ("Annotator", spec.grounding.annotator),
            ("Cost", cost),
            *([("Paid", summary.paid)] if summary.paid else []),
        ),
        yield_rows=yield_rows(outcomes),
        skipped=[(skip.name, skip.reason) for skip in summary.skipped],
        notes=[note for note in (summary.stopped, summary.note) if note],
        cards=cards,
        next_steps=next_steps(summary),
        total_samples=judged if judged > len(cards) else None,
    )
