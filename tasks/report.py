"""Draws the report of a build."""

from prefect import task

from kizu.edit.archive import find_edit
from kizu.edit.ledger import Ledger
from kizu.edit.planning import PlannedSample
from kizu.edit.statement import spent_sentence
from kizu.images import encode_png
from kizu.progress import advance, expect
from kizu.publish.outcome import Outcome, find_agreement
from kizu.report import CardPictures, Page, contact_sheet, draw_card, render_page
from kizu.report.cards import gather_card
from kizu.report.summary import SUMMARY_FILE, BuildSummary, cards_to_show, next_steps, summarize
from kizu.report.yields import yield_rows
from kizu.shards import Shard, ShardRef
from kizu.spec import DatasetSpec
from kizu.store import StageFolder, Store
from tasks.ground import AnnotatorChoice
from tasks.intake import open_inventory
from tasks.options import ALWAYS
from tasks.publish import VersionRef

STAGE = "report"


@task(name="report", **ALWAYS)
def write_report(
    spec: DatasetSpec,
    inventory: list[str],
    shards: tuple[ShardRef, ...],
    version: VersionRef,
    annotator: AnnotatorChoice,
    store_url: str,
    stopped: str,
) -> BuildSummary:
    """Write the page and the contact sheet of a version, and sum the build up."""
    store = Store(store_url)
    folder = version.folder()
    outcomes = version.open_outcomes(store)
    summary = summarize(
        outcomes,
        open_inventory(inventory, store),
        dataset=spec.name,
        version=version.version,
        is_new=version.is_new,
        note=annotator.note,
        stopped=stopped,
        paid=spent_sentence(Ledger(store).books().dataset(spec.name)),
        dataset_address=store.address(folder.path("")),
        report_address=store.address(folder.report("index.html")),
    )
    cards = _draw_cards(store, shards, outcomes)
    page = _page(spec, summary, outcomes, cards)
    store.write(folder.report("index.html"), render_page(page).encode())
    store.write(folder.report("index.ja.html"), render_page(page, language="ja").encode())
    store.write(folder.report("contact_sheet.png"), encode_png(contact_sheet(cards)))
    store.write_json(folder.report(SUMMARY_FILE), summary.model_dump(mode="json"))
    return summary


def _draw_cards(
    store: Store, shards: tuple[ShardRef, ...], outcomes: list[Outcome]
) -> list[CardPictures]:
    shown = set(cards_to_show(outcomes))
    expect(STAGE, len(shown))
    cards = []
    for ref in shards:
        shard = ref.open(store)
        for sample in shard.samples:
            if sample.sample_id in shown:
                cards.append(_card(store, shard, sample))
                advance(STAGE)
    return cards


def _card(store: Store, shard: Shard, sample: PlannedSample) -> CardPictures:
    """Return a sample's pictures, drawn once."""
    keys = shard.keys(sample)
    folder = StageFolder(store, "card", keys.card)
    if folder.done():
        return CardPictures.from_json(folder.record())
    edit, agreement = find_edit(store, keys.edit), find_agreement(store, keys.agree)
    if edit is None or agreement is None:
        raise FileNotFoundError(f"the verdict of {sample.sample_id} vanished; build again")
    pictures = draw_card(gather_card(store, shard, sample, edit, agreement))
    folder.finish(pictures.to_json())
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
            ("Annotator", spec.ground.annotator),
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
