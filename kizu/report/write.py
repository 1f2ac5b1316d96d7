"""Writes the report of a published version: the page, its pictures, and the contact sheet."""

import logging
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from kizu.agree.proof import Proof
from kizu.cores import on_cores
from kizu.grounding.names import NO_GROUNDING
from kizu.imaging.arrays import RgbImage
from kizu.imaging.codecs import decode_png, encode_png
from kizu.learning.yields import yield_rows, yields_by_defect
from kizu.outputs import SampleOutputs
from kizu.progress import advance, expect
from kizu.publish.certification import CERTIFICATE_FILE, Certification
from kizu.publish.dataset import Dataset, Sample
from kizu.publish.layout import MANIFEST
from kizu.publish.outcomes import Outcome
from kizu.report.card_pictures import draw_card
from kizu.report.cards import (
    CardFolder,
    CardMemory,
    DrawnCard,
    NotedSheet,
    card_name,
    named_cards,
    note_cards,
)
from kizu.report.contact_sheet import MOST_CARDS, Strip, cut_slides, draw_slides, lay_out
from kizu.report.dataset_plots import dataset_plots
from kizu.report.gather import gather_card
from kizu.report.index import ShownCard, quoted
from kizu.report.mixture import fair_mix
from kizu.report.page import Page, render_page
from kizu.report.plots import Plot
from kizu.shards import ShardRef
from kizu.spec import GOOD, DatasetSpec
from kizu.store import DamagedFileError, Store
from kizu.store.keys import content_key, sha256_hex
from kizu.summary import SUMMARY_FILE, BuildSummary, next_steps

logger = logging.getLogger(__name__)

REPORT: Final = "report"
"""What progress is reported as."""

PAGE: Final = "index.html"
SHEET: Final = "contact_sheet.png"

_JAPANESE_PAGE: Final = "index.ja.html"
"""What the Japanese page was called when there was one of its own: it leads to the one page."""

_LEADS_ON: Final = (
    '<!doctype html><html lang="ja"><meta charset="utf-8"><title>kizu</title>'
    '<meta http-equiv="refresh" content="0; url=index.html#lang=ja">'
    '<p><a href="index.html#lang=ja">index.html</a></p></html>\n'
)
_PATHS: Final = ("sample_id", "defect_type", "image_path", "mask_path")

UP: Final = "../../../"
"""From a version's report to the root of the store."""


def write_report(
    store: Store,
    dataset: Dataset,
    spec: DatasetSpec,
    summary: BuildSummary,
    outcomes: Sequence[Outcome],
    shards: Sequence[ShardRef],
    certification: Certification,
) -> None:
    """Write the page, the contact sheet and the summary of a version.

    What was drawn before is not drawn again, and of a page of the same cards only what is said
    changes.

    Args:
        store: The store.
        dataset: The version.
        spec: What it was made by.
        summary: What the build came to.
        outcomes: How far the samples came when the version was named.
        shards: The samples.
        certification: What is proven of them.
    """
    report = dataset.folder.report
    memory = CardMemory(store, dataset.name)
    cards = _cards(store, dataset, outcomes, shards, certification.proof, memory)
    published_at = (
        datetime.now(UTC) if summary.is_new else store.modified(dataset.folder.path(MANIFEST))
    )
    plots = dataset_plots(store, dataset, spec, outcomes, published_at)
    for plot in plots:  # for Prefect's artifacts
        store.write(report(f"{plot.name}.svg"), plot.svg.encode())
    page = _page(spec, summary, outcomes, _shown(dataset, cards), certification, plots)
    store.write(report(PAGE), render_page(page).encode())
    store.write(report(_JAPANESE_PAGE), _LEADS_ON.encode())
    keys = sorted(card.key for card in cards)
    has_sheet = report(SHEET) in store.known_sizes(dataset.folder.report_folder)
    is_complete = has_sheet and named_cards(store, dataset.folder) == keys
    sheet = memory.sheet
    if not is_complete:
        sheet = _write_sheet(store, dataset, cards, sheet)
        note_cards(store, dataset.folder, keys)
    memory.remember(outcomes, cards, sheet)
    store.write_json(report(SUMMARY_FILE), summary.model_dump(mode="json"))
    store.write_json(report(CERTIFICATE_FILE), certification.model_dump(mode="json"))


def _cards(
    store: Store,
    dataset: Dataset,
    outcomes: Sequence[Outcome],
    shards: Sequence[ShardRef],
    proof: Proof,
    memory: CardMemory,
) -> list[DrawnCard]:
    """Return the cards of all judged samples; those that are not in the store are drawn."""
    judged = [outcome for outcome in outcomes if outcome.verdict is not None]
    folder = CardFolder(store, dataset.name)
    whole = folder.whole()
    known = {each.sample_id: memory.find(each) for each in judged}
    found = {name: card for name, card in known.items() if card and card.key in whole}
    missing = {each.sample_id: each for each in judged if each.sample_id not in found}
    expect(REPORT, len(missing))

    def draw(ref: ShardRef) -> dict[str, DrawnCard]:
        shard, drawn = ref.open(store), {}
        for sample in (sample for sample in shard.samples if sample.sample_id in missing):
            outcome, published = missing[sample.sample_id], dataset[sample.sample_id]
            undecided = not (outcome.decision_key or outcome.decision_problem)
            outputs = SampleOutputs(store, shard, sample, proof, undecided=undecided)
            card = _card(folder, outputs, published, outcome.decision_key, whole)
            drawn[sample.sample_id] = card
            advance(REPORT)
        return drawn

    for drawn in on_cores(draw, shards if missing else ()):
        found |= drawn
    return [found[each.sample_id] for each in judged if each.sample_id in found]


def _card(
    folder: CardFolder,
    outputs: SampleOutputs,
    published: Sample,
    decision_key: str,
    whole: Collection[str],
) -> DrawnCard:
    """Return a sample's card, drawn once.

    The card of a sample that was decided on after it was published is not the one that its key
    stands for, which is that of another mask: it has a name of its own.
    """
    lasts = outputs.decision_key == decision_key
    if lasts:
        key = card_name(outputs.card_key)
        try:
            if key in whole:
                return DrawnCard(key, folder.words(key))
        except DamagedFileError as damage:
            logger.warning("%s; it is drawn anew", damage)
    else:
        told = {name: published.row[name] for name in ("image_sha256", "mask_sha256", "verdict")}
        key = card_name(content_key("decided", **told, decision=outputs.decision_key))
    pictures = draw_card(gather_card(outputs, published))
    folder.write(key, pictures)
    return DrawnCard(key, pictures.words, lasts=lasts)


def _shown(dataset: Dataset, cards: Sequence[DrawnCard]) -> list[ShownCard]:
    """Return cards with the addresses of their samples' files, as seen from the version's page."""
    rows = {row["sample_id"]: row for row in dataset.rows("samples", _PATHS)}
    photos = {
        row["sample_id"]: row["normal_sha256"]
        for row in dataset.rows("provenance", ["sample_id", "normal_sha256"])
    }
    normals = {
        photos[name]: row["image_path"] for name, row in rows.items() if row["defect_type"] == GOOD
    }

    def address(path: str) -> str:
        return quoted(f"{UP}{dataset.folder.path(path)}") if path else ""

    return [
        ShownCard(
            words=card.words,
            key=card.key,
            image=address(rows[card.words.sample_id]["image_path"]),
            mask=address(rows[card.words.sample_id]["mask_path"]),
            normal=address(normals.get(photos[card.words.sample_id], ""))
            if "normal" in card.words.panels
            else "",
        )
        for card in cards
    ]


def _write_sheet(
    store: Store, dataset: Dataset, cards: Sequence[DrawnCard], last: NotedSheet | None
) -> NotedSheet:
    """Write the contact sheet of a fair mix of cards; those on the last one are taken from it."""
    words = [card.words for card in cards]
    numbered = list(enumerate(fair_mix(words)[:MOST_CARDS], 1))
    chosen = [numbered[at] for at in fair_mix([words[place] for _, place in numbered])]
    folder, known = CardFolder(store, dataset.name), _slides_of(store, last)

    def strip(number: int, card: DrawnCard) -> Strip:
        slides = known.get(card.key)
        if slides is None:
            slides = draw_slides(folder.read(card.key))
        return Strip(card.words, number, slides)

    data = encode_png(lay_out([strip(number, cards[place]) for number, place in chosen]))
    path = dataset.folder.report(SHEET)
    store.write(path, data)
    return NotedSheet(path, sha256_hex(data), tuple(cards[place].key for _, place in chosen))


def _slides_of(store: Store, sheet: NotedSheet | None) -> dict[str, RgbImage]:
    """Return the pictures on a contact sheet by card; nothing if it is not what was written."""
    if sheet is None:
        return {}
    try:
        data = store.read(sheet.path)
        if sha256_hex(data) != sheet.sha256:
            return {}
        slides = cut_slides(decode_png(data), len(sheet.keys))
        return dict(zip(sheet.keys, slides, strict=True))
    except (FileNotFoundError, ValueError):  # its version is deleted, or another kizu drew it
        return {}


def _annotators(spec: DatasetSpec) -> str:
    return ", ".join(each.annotator for each in spec.grounding.annotators) or NO_GROUNDING


def _page(
    spec: DatasetSpec,
    summary: BuildSummary,
    outcomes: Sequence[Outcome],
    cards: Sequence[ShownCard],
    certification: Certification,
    plots: Sequence[Plot],
) -> Page:
    cost = "unknown" if summary.cost_usd is None else f"{summary.cost_usd:.2f} USD"
    return Page(
        title=spec.name,
        version=summary.version,
        facts=(
            ("Photos", str(summary.photos)),
            ("Samples", str(summary.samples)),
            ("Editor", spec.editor.name),
            ("Annotator", _annotators(spec)),
            ("Cost", cost),
            *([("Paid", summary.paid)] if summary.paid else []),
        ),
        yield_rows=yields_by_defect(yield_rows(outcomes)),
        skipped=[(skip.name, skip.reason) for skip in summary.skipped],
        notes=[note for note in (summary.stopped, summary.note) if note],
        cards=cards,
        next_steps=next_steps(summary),
        certificates=certification.certificates,
        plots=plots,
    )
