"""Records what people judged in an annotation tool, each judgement once.

``imported/ab/KEY/00000001.json`` is the first judgement that one reviewer's work on one
sample in one tool brought; KEY names the three. A judgement is new if it is another one than the
last there, and did not come in that very file before.
"""

import logging
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from kizu.agree.verdict import Verdict
from kizu.imaging.rle import encode_rle
from kizu.outputs import SampleOutputs
from kizu.publish.samples import made_label
from kizu.review import Drawn, decision_folder, record_decision
from kizu.review_exchange.registry import Judged, LeftOut, exchange_name, tool_module
from kizu.review_exchange.samples import BuiltSample, built_samples, find_shown
from kizu.store import DamagedFileError, Store, keyed
from kizu.store.keys import content_key, sha256_hex

logger = logging.getLogger(__name__)

_CHANGED: Final = (
    "its picture or its mask is another one since it was exported; export and judge it anew"
)


@dataclass(frozen=True)
class Imported:
    """What a file brought.

    Attributes:
        recorded: Decisions recorded.
        known: Judgements that were imported before.
        left_out: Tasks that could not be imported.
    """

    recorded: int
    known: int
    left_out: tuple[LeftOut, ...]


def import_review(store: Store, dataset: str, data: bytes, tool: str, *, reviewer: str) -> Imported:
    """Record the judgements in what a tool exported, as decisions on the dataset's samples.

    A task that cannot be imported is left out, and the others are not.

    Args:
        store: The store.
        dataset: The dataset.
        data: The file that the tool exported.
        tool: One of ``TOOLS``.
        reviewer: Who judged, where the file names nobody.

    Raises:
        ExchangeError: There is no such tool, or the file is none of its.
        DatasetError: The dataset was never built here.
    """
    module = tool_module(tool)
    built = list(built_samples(store, dataset))
    samples = {each.outcome.sample_id: each for each in built}
    samples |= {exchange_name(each.outcome.sample_id): each for each in built}  # as CVAT brings it
    source = _Source(tool, sha256_hex(data), reviewer)
    left_out: list[LeftOut] = []
    recorded = known = 0
    for task in module.read(data):
        if isinstance(task, LeftOut):
            left_out.append(task)
            continue
        try:
            is_new = _record(samples.get(task.sample_id), task, source)
        except (ValueError, FileNotFoundError) as error:
            left_out.append(LeftOut(task.task, str(error)))
            continue
        recorded += is_new
        known += not is_new
    return Imported(recorded, known, tuple(left_out))


@dataclass(frozen=True)
class _Source:
    """Where judgements come from: the tool, the file's SHA-256, who judged if it names nobody."""

    tool: str
    sha256: str
    reviewer: str


def _record(built: BuiltSample | None, judged: Judged, source: _Source) -> bool:
    """Record a judgement; return False if it was imported before.

    Raises:
        ValueError: It is none of what the sample is now; the message says why.
        FileNotFoundError: The sample is not in the store as it was.
    """
    if built is None:
        raise ValueError(f"the dataset's last build has no sample {judged.sample_id!r}")
    outputs = built.outputs()
    made = made_label(outputs)
    shown = find_shown(outputs, made, judged.key)
    if shown is None:
        raise ValueError(_CHANGED)
    mask = judged.mask((made.shape[0], made.shape[1]))
    if judged.verdict is Verdict.ACCEPT and not mask.any():
        raise ValueError(
            "it is accepted with no mask in it; start from the mask that is shown or draw one, "
            "or reject it"
        )
    others = judged.labels - {built.sample.defect_type}
    if judged.verdict is Verdict.ACCEPT and others:
        raise ValueError(
            f"its mask is labelled {', '.join(sorted(others))}, the sample is a "
            f"{built.sample.defect_type}; give the mask that label, or reject the sample"
        )
    is_redrawn = mask.any() and not np.array_equal(mask, made)
    reviewer = judged.reviewer or source.reviewer
    told = {"verdict": judged.verdict, "note": judged.note, "mask": encode_rle(mask)}
    receipts = _Receipts(outputs, source, reviewer)
    if receipts.has(told):
        return False
    record_decision(
        outputs,
        judged.verdict,
        reviewer,
        note=judged.note,
        mask=mask if is_redrawn else None,
        shown=made,
        drawn=Drawn.CHOSEN,
    )
    receipts.add(told)
    return True


class _Receipts:
    """What one reviewer's work on one sample in one tool brought so far."""

    def __init__(self, outputs: SampleOutputs, source: _Source, reviewer: str) -> None:
        who = {"tool": source.tool, "reviewer": reviewer}
        key = content_key("imported", decisions=decision_folder(outputs), **who)
        self._outputs, self._sha256 = outputs, source.sha256
        self._folder = keyed("imported", key)
        paths = outputs.store.list(self._folder)
        self._known = [receipt for path in paths if (receipt := _receipt(outputs.store, path))]

    def has(self, told: dict[str, Any]) -> bool:
        """Tell whether a judgement was imported before, and still counts."""
        if not self._known or self._outputs.decision is None:
            return False
        return self._receipt(told) in self._known or bool(self._known[-1]["told"] == told)

    def add(self, told: dict[str, Any]) -> None:
        """Note that a judgement is imported."""
        path = f"{self._folder}/{len(self._known) + 1:08d}.json"
        self._outputs.store.write_json(path, self._receipt(told))

    def _receipt(self, told: dict[str, Any]) -> dict[str, Any]:
        return {"file_sha256": self._sha256, "told": told}


def _receipt(store: Store, path: str) -> dict[str, Any] | None:
    """Return a receipt; None if it is damaged: the judgement is then imported once more."""
    try:
        return store.read_json(path)
    except DamagedFileError as damage:
        logger.warning("%s; the judgement is imported once more", damage)
        return None
