"""Writes the report of a published version: the page in both languages, and the contact sheet."""

import logging
from collections.abc import Sequence
from typing import Final

from kizu.agree.proof import Proof
from kizu.grounding.names import NO_GROUNDING
from kizu.imaging.codecs import encode_png
from kizu.learning.yields import yield_rows, yields_by_defect
from kizu.outputs import SampleOutputs
from kizu.progress import advance, expect
from kizu.publish.certification import CERTIFICATE_FILE, Certification
from kizu.publish.dataset import Dataset, Sample
from kizu.publish.outcomes import Outcome
from kizu.report.card import CardPictures
from kizu.report.card_pictures import draw_card
from kizu.report.contact_sheet import contact_sheet
from kizu.report.gather import gather_card
from kizu.report.page import Page, render_page
from kizu.shards import ShardRef
from kizu.spec import DatasetSpec
from kizu.store import DamagedFileError, Store
from kizu.summary import SUMMARY_FILE, BuildSummary, cards_to_show, next_steps

logger = logging.getLogger(__name__)

REPORT: Final = "report"
"""What progress is reported as."""


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

    Args:
        store: The store.
        dataset: The version.
        spec: What it was made by.
        summary: What the build came to.
        outcomes: How far the samples came when the version was named.
        shards: The samples.
        certification: What is proven of them.
    """
    cards = _draw_cards(store, dataset, outcomes, shards, certification.proof)
    page, report = _page(spec, summary, outcomes, cards, certification), dataset.folder.report
    store.write(report("index.html"), render_page(page).encode())
    store.write(report("index.ja.html"), render_page(page, language="ja").encode())
    store.write(report("contact_sheet.png"), encode_png(contact_sheet(cards)))
    store.write_json(report(SUMMARY_FILE), summary.model_dump(mode="json"))
    store.write_json(report(CERTIFICATE_FILE), certification.model_dump(mode="json"))


def _draw_cards(
    store: Store,
    dataset: Dataset,
    outcomes: Sequence[Outcome],
    shards: Sequence[ShardRef],
    proof: Proof,
) -> list[CardPictures]:
    decisions = {outcome.sample_id: outcome.decision_key for outcome in outcomes}
    shown = set(cards_to_show(outcomes))
    expect(REPORT, len(shown))
    cards = []
    for ref in shards:
        shard = ref.open(store)
        for sample in (sample for sample in shard.samples if sample.sample_id in shown):
            published = dataset[sample.sample_id]
            outputs = SampleOutputs(store, shard, sample, proof)
            cards.append(_card(outputs, published, decisions[sample.sample_id]))
            advance(REPORT)
    return cards


def _card(outputs: SampleOutputs, published: Sample, decision_key: str) -> CardPictures:
    """Return a sample's pictures, drawn once.

    A card is not kept if the sample was decided on after it was published: its key is that of
    another mask then.
    """
    if outputs.decision_key != decision_key:
        return draw_card(gather_card(outputs, published))
    if outputs.card.done():
        try:
            return outputs.card.record_as(CardPictures.from_json)
        except DamagedFileError as damage:
            logger.warning("%s; it is drawn anew", damage)
    pictures = draw_card(gather_card(outputs, published))
    outputs.card.finish(pictures.to_json())
    return pictures


def _annotators(spec: DatasetSpec) -> str:
    return ", ".join(each.annotator for each in spec.grounding.annotators) or NO_GROUNDING


def _page(
    spec: DatasetSpec,
    summary: BuildSummary,
    outcomes: Sequence[Outcome],
    cards: Sequence[CardPictures],
    certification: Certification,
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
        total_samples=judged if judged > len(cards) else None,
    )
