"""Writes the samples that wait for a person as tasks of an annotation tool."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from kizu.agree.verdict import Verdict
from kizu.export.registry import make_empty_folder
from kizu.imaging.codecs import encode_png
from kizu.review_exchange.registry import PICTURES, LeftOut, Shown, tool_module
from kizu.review_exchange.samples import BuiltSample, built_samples, show
from kizu.store import DamagedFileError, Store


@dataclass(frozen=True)
class Exported:
    """What was exported.

    Attributes:
        count: How many samples.
        left_out: Those that could not be.
    """

    count: int
    left_out: tuple[LeftOut, ...]


def export_review(
    store: Store, dataset: str, to: str, folder: Path, *, also: Collection[Verdict] = ()
) -> Exported:
    """Write the samples of a dataset's last build that wait for a person.

    Args:
        store: The store.
        dataset: The dataset.
        to: One of ``TOOLS``.
        folder: Where they go; must be absent or empty.
        also: Verdicts to export besides "review".

    Raises:
        ExchangeError: There is no such tool.
        ExportError: The folder holds something.
        DatasetError: The dataset was never built here.
    """
    tool = tool_module(to)
    built = list(built_samples(store, dataset))
    make_empty_folder(folder)
    (folder / PICTURES).mkdir()
    chosen = [each for each in built if _has_verdict(each, {Verdict.REVIEW, *also})]
    left_out: list[LeftOut] = []
    classes = sorted({each.outcome.defect_type for each in built})
    tool.write(_written(chosen, folder, left_out), classes, folder)
    return Exported(len(chosen) - len(left_out), tuple(left_out))


def _has_verdict(built: BuiltSample, wanted: Collection[Verdict]) -> bool:
    """Tell whether a sample has one of the verdicts, and nobody gave it another one since."""
    if built.outcome.verdict not in wanted:
        return False
    decision = built.outputs().decision
    return decision is None or decision.verdict in wanted


def _written(
    chosen: Collection[BuiltSample], folder: Path, left_out: list[LeftOut]
) -> Iterator[Shown]:
    """Yield samples whose pictures are written; one that is damaged costs no other."""
    for each in chosen:
        try:
            shown, image = show(each)
        except (FileNotFoundError, DamagedFileError) as error:
            left_out.append(LeftOut(each.outcome.sample_id, str(error)))
            continue
        (folder / PICTURES / shown.file_name).write_bytes(encode_png(image))
        yield shown
