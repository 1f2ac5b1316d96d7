"""Commands that tell what past builds teach: yields, phrases; and what they say of a plan."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from kizu.cli.options import (
    DEFAULT_STORE,
    DatasetName,
    DatasetVersion,
    StoreUrl,
    or_exit,
    write_text,
)
from kizu.cli.terminal import out
from kizu.grounding import annotator_name
from kizu.learning.phrases import (
    FEWEST_SAMPLES,
    PhraseRow,
    Share,
    rank_phrases,
    threshold_lines,
    tune_thresholds,
)
from kizu.learning.suggestions import planned_rows, suggestions
from kizu.learning.testimony import open_looks
from kizu.learning.yields import YieldRow, to_csv, total_yield, yield_rows
from kizu.publish.dataset import LATEST, DatasetError, open_dataset
from kizu.publish.version import last_build
from kizu.samples import PlannedSample
from kizu.spec import DatasetSpec
from kizu.store import Store

_COUNTS: Final = {
    "planned": "planned",
    "refused": "refused",
    "failed": "failed",
    "unchanged": "no change",
    "redrawn": "redrawn",
    "side_effect": "side effect",
    "wrong_kind": "wrong kind",
    "accepted": "accepted",
    "certified": "certified",
    "review": "review",
    "rejected": "rejected",
}
"""The counts of a yield, and what they are called."""

_ALWAYS: Final = ("planned", "accepted", "review", "rejected")
"""Those that are shown though they be nought."""


def yields(
    name: DatasetName,
    store: StoreUrl = DEFAULT_STORE,
    *,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this file.")] = None,
) -> None:
    """Tell what came of every prompt of a dataset's last build, and what a label costs."""
    opened = or_exit(Store, store)
    rows = yield_rows(or_exit(last_build, opened, name).open_outcomes(opened))
    out.print(_yield_table(name, rows))
    _print_all(suggestions(rows))
    if csv is not None:
        write_text(csv, to_csv(rows))
        out.print(f"Wrote {len(rows)} rows to {csv}.", markup=False)


def phrases(
    name: DatasetName,
    store: StoreUrl = DEFAULT_STORE,
    *,
    version: DatasetVersion = LATEST,
) -> None:
    """Tell how well annotators find, by phrase, what people confirmed; best phrases first."""
    dataset = or_exit(open_dataset, or_exit(Store, store), name, version)
    looks = or_exit(list, open_looks(dataset))
    if not looks:
        out.print(
            f"Nobody accepted a label of {name} {dataset.version} yet that an annotator looked "
            "at; 'kizu review' is where to.",
            markup=False,
        )
        return
    rows = rank_phrases(looks)
    out.print(_phrase_table(name, rows))
    samples = {look.sample_id: look.was_agreed for look in looks}
    out.print(
        f"{sum(samples.values())} of these {len(samples)} samples had an annotator's agreement "
        "before a person looked; only the others tell what annotators miss."
    )
    if not all(row.is_known for row in rows):
        out.print(f"A phrase tells something from {FEWEST_SAMPLES} accepted samples on.")
    if lines := threshold_lines(tune_thresholds(looks)):
        out.print("These thresholds leave out more of what is nothing than of what is a defect:")
        out.print(lines, markup=False)


def print_suggestions(spec: DatasetSpec, samples: list[PlannedSample], store: Store) -> None:
    """Print what the last build of a dataset says of what is planned now; nothing without one."""
    try:
        outcomes = last_build(store, spec.name).open_outcomes(store)
    except DatasetError:
        return
    editor = spec.editor.maker
    alike = [each for each in outcomes if each.emulated == editor.is_emulated()]
    prompts = {(sample.defect_type, sample.prompt) for sample in samples}
    found = suggestions(planned_rows(yield_rows(alike), prompts, editor.model_name))
    if found:
        out.print("The last build suggests:")
    _print_all(found)


def _print_all(sentences: list[str]) -> None:
    for sentence in sentences:
        out.print(f"- {sentence}", markup=False)


def _yield_table(name: str, rows: list[YieldRow]) -> Table:
    """Return the table of yields; what is nought in all rows is left out, for there is little room.

    A model that all rows have in common is told in the title.
    """
    total = total_yield(rows, "all")
    shown = [count for count in _COUNTS if count in _ALWAYS or getattr(total, count)]
    models = {row.model for row in rows}
    by = f" by {', '.join(models)}" if len(models) == 1 and any(models) else ""
    texts = ("defect", "prompt", *(["model"] if len(models) > 1 else []))
    table = Table(title=escape(f"Yield of {name}{by}"), title_justify="left")
    for heading in texts:
        table.add_column(heading)
    for heading in (*(_COUNTS[count] for count in shown), "USD", "USD per label"):
        table.add_column(heading, justify="right")
    for row in [*rows, total]:
        if row is total:
            table.add_section()
        table.add_row(*_texts(row)[: len(texts)], *_numbers(row, shown))
    return table


def _phrase_table(name: str, rows: list[PhraseRow]) -> Table:
    table = Table(title=escape(f"Phrases of {name}"), title_justify="left")
    for heading in ("defect", "phrase", "annotator"):
        table.add_column(heading)
    for heading in ("samples", "found", "recall", "named", "on the defect", "precision"):
        table.add_column(heading, justify="right")
    for row in rows:
        names = (row.defect_type, row.phrase, annotator_name(row.annotator))
        table.add_row(
            *(escape(each) for each in names),
            str(row.samples),
            str(row.found),
            _share_text(row.recall),
            str(row.detections),
            str(row.touching),
            _share_text(row.precision),
        )
    return table


def _share_text(share: Share | None) -> str:
    """Return a share with its bounds; of too few samples nothing is told."""
    return "too few" if share is None else f"{share.value:.2f} ({share.low:.2f}-{share.high:.2f})"


def _texts(row: YieldRow) -> list[str]:
    return [escape(text) for text in (row.defect_type, row.prompt, row.model)]


def _numbers(row: YieldRow, counts: Sequence[str]) -> list[str]:
    usd = (row.cost_usd, row.usd_per_accepted)
    costs = ["-" if cost is None else f"{cost:.2f}" for cost in usd]
    return [*(str(getattr(row, count)) for count in counts), *costs]
