"""How far each planned sample came, and the version that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kizu.agree.verdict import Agreement, Verdict
from kizu.edit.archive import EditRecord, find_edit
from kizu.edit.planning import PlannedSample
from kizu.keys import content_key
from kizu.publish.manifests import SCHEMA_VERSION
from kizu.settings import Record
from kizu.shards import Shard, last_failure
from kizu.source import NormalImage
from kizu.spec import DatasetSpec
from kizu.store import StageFolder, Store


class Reached(StrEnum):
    """How far a sample came."""

    JUDGED = "judged"
    REFUSED = "refused"
    FAILED = "failed"
    UNFINISHED = "unfinished"


FAILED: Final = (Reached.FAILED, Reached.UNFINISHED)
"""Where a sample stands that a rerun tries again."""


class Outcome(Record):
    """How far one planned sample came.

    Attributes:
        sample_id: The sample.
        defect_type: Its class.
        reached: How far it came.
        reason: Why no further; the verdict's reason if it was judged.
        verdict: The verdict, if it was judged.
        agree_key: Key of the verdict, which stands for everything before it.
        cost_usd: What the edit cost; None if unknown or not made.
    """

    sample_id: str
    defect_type: str
    reached: Reached
    reason: str
    verdict: Verdict | None
    agree_key: str
    cost_usd: float | None


@dataclass(frozen=True)
class Standing:
    """How far a sample came, and the records that tell."""

    outcome: Outcome
    edit: EditRecord | None
    agreement: Agreement | None


def look_up(sample: PlannedSample, shard: Shard, store: Store) -> Standing:
    """Look up how far a sample came; each of its records is read once."""
    keys = shard.keys(sample)
    edit = find_edit(store, keys.edit)
    agreement = find_agreement(store, keys.agree) if edit and edit.status == "edited" else None
    reached, reason = _reached(edit, agreement)
    if not reason:
        reason = last_failure(store, sample.sample_id) or "it was not tried yet"
    outcome = Outcome(
        sample_id=sample.sample_id,
        defect_type=sample.defect_type,
        reached=reached,
        reason=reason,
        verdict=agreement.verdict if agreement else None,
        agree_key=keys.agree,
        cost_usd=edit.cost_usd if edit else None,
    )
    return Standing(outcome, edit, agreement)


def find_agreement(store: Store, key: str) -> Agreement | None:
    """Return a stored agreement; None if there is none."""
    folder = StageFolder(store, "agree", key)
    return Agreement.model_validate(folder.record()) if folder.done() else None


def _reached(edit: EditRecord | None, agreement: Agreement | None) -> tuple[Reached, str]:
    """Tell how far a sample came, and why where the records know it."""
    if agreement is not None:
        return Reached.JUDGED, agreement.reason
    if edit is None:
        return Reached.FAILED, ""
    if edit.status == "refused":
        return Reached.REFUSED, edit.reason
    return Reached.UNFINISHED, ""


def version_name(
    spec: DatasetSpec, normals: Sequence[NormalImage], outcomes: Sequence[Outcome]
) -> str:
    """Name a version by its content: the same content is the same version on every machine."""
    return content_key(
        "version",
        schema=SCHEMA_VERSION,
        recipe=spec.recipe(),
        normals=[[image.name, image.sha256] for image in normals],
        outcomes=[outcome.model_dump(mode="json") for outcome in outcomes],
    )[:12]
