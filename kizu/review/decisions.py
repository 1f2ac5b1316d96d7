"""What people decide on samples: kept for ever, applied when a dataset is published.

``decisions/ab/KEY/00000001.json`` is the first decision on what lies under KEY, the next one
supersedes it. The key is that of the picture with its mask as a person saw it, so a decision on
another picture or mask is found no more, while other thresholds or another annotator leave it be
as long as the mask stays the same.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Literal

from kizu.agree.verdict import Verdict
from kizu.imaging.arrays import Mask
from kizu.imaging.masks import mask_iou
from kizu.imaging.rle import decode_rle, encode_rle
from kizu.settings import Record
from kizu.stages import DIFF, FUSE, VERDICT
from kizu.stages.inputs import SampleInputs
from kizu.store import DamagedFileError, Store, keyed
from kizu.store.keys import canonical_json, content_key, sha256_hex

WRONG_BELOW_IOU: Final = 0.5
"""A drawn mask that overlaps the shown one by less says that the shown label was wrong: the
field's usual line between a hit and a miss (PASCAL VOC, Everingham et al. 2010)."""


class DecisionDamagedError(DamagedFileError):
    """A stored decision cannot be read; what a person said is never guessed."""

    def __str__(self) -> str:
        """Return what is wrong, and the way out."""
        return (
            f"{super().__str__()}; judge the sample again, bring the file back from a copy, or "
            "remove it, and the decision before it counts"
        )


class Drawn(StrEnum):
    """Why a sample came before a person; only random draws can prove anything of the others."""

    RANDOM = "random"
    RISK = "risk"
    HELD_BACK = "held_back"
    CHOSEN = "chosen"


class Decision(Record):
    """What a person decided on one sample.

    Attributes:
        verdict: "accept" or "reject".
        reviewed_by: Who.
        reviewed_at: When, in ISO 8601 UTC.
        note: Why, in their words; may be empty.
        mask: The defect as they drew it on the published image, as COCO RLE; None where the mask
            they saw is right.
        sample_id: The sample.
        edit_key: Key of its edit.
        picture_sha256: SHA-256 of the edited picture.
        verdict_key: Key of the verdict they saw.
        grounding_key: Empty; before 0.5 the key of what annotators found, where that was the mask
            they saw.
        drawn: Why the sample came before them.
        drawn_iou: IoU of the mask they drew with the one they saw; None where they drew none.
        defect_type: The class that they saw it under; empty before 0.5.
    """

    verdict: Literal[Verdict.ACCEPT, Verdict.REJECT]
    reviewed_by: str
    reviewed_at: str
    note: str = ""
    mask: dict[str, Any] | None = None
    sample_id: str
    edit_key: str
    picture_sha256: str
    verdict_key: str
    grounding_key: str = ""
    drawn: Drawn = Drawn.CHOSEN
    drawn_iou: float | None = None
    defect_type: str = ""

    @property
    def key(self) -> str:
        """SHA-256 of the decision: any other one makes another version of the dataset."""
        added = None if self.defect_type else {"drawn", "drawn_iou", "defect_type"}  # since 0.5
        return sha256_hex(canonical_json(self.model_dump(mode="json", exclude=added)).encode())

    @property
    def finds_wrong(self) -> bool:
        """True if what was shown was no label of what was asked for: the bound counts these."""
        redrawn = self.drawn_iou is not None and self.drawn_iou < WRONG_BELOW_IOU
        return self.verdict is Verdict.REJECT or redrawn

    def label(self) -> Mask | None:
        """Return the mask they drew, (H, W) bool on the published image; None if they drew none."""
        return None if self.mask is None else decode_rle(self.mask)


def record_decision(
    sample: SampleInputs,
    verdict: Literal[Verdict.ACCEPT, Verdict.REJECT],
    reviewed_by: str,
    *,
    note: str = "",
    mask: Mask | None = None,
    shown: Mask | None = None,
    drawn: Drawn = Drawn.CHOSEN,
) -> Decision:
    """Store what a person decides on a sample; it supersedes what was decided before.

    Args:
        sample: The sample, judged.
        verdict: What becomes of it.
        reviewed_by: Who decides.
        note: Why.
        mask: The defect, (H, W) bool on the published image, where its mask is wrong.
        shown: The mask they saw, (H, W) bool, where they drew another one.
        drawn: Why the sample came before them.

    Raises:
        ValueError: The mask is not of the image's size, or nobody is named.
        FileNotFoundError: The sample has no picture.
    """
    size = (sample.sample.normal.height, sample.sample.normal.width)
    if mask is not None and mask.shape != size:
        raise ValueError(
            f"the mask for {sample.sample.sample_id} is {mask.shape}, its image is {size}; "
            "draw it on the published image"
        )
    if not reviewed_by.strip():
        raise ValueError(f"nobody is named who decides on {sample.sample.sample_id}; give a name")
    decision = Decision(
        verdict=verdict,
        reviewed_by=reviewed_by,
        reviewed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        note=note,
        mask=None if mask is None else encode_rle(mask),
        sample_id=sample.sample.sample_id,
        edit_key=sample.picture.key,
        picture_sha256=sample.picture.picture_sha256,
        verdict_key=VERDICT.key(sample),
        defect_type=sample.sample.defect_type,
        drawn=drawn,
        drawn_iou=None if mask is None or shown is None else round(mask_iou(mask, shown), 4),
    )
    _append(sample.store, decision_folder(sample), decision)
    return decision


def find_decision(sample: SampleInputs) -> Decision | None:
    """Return the last decision on a sample's picture and mask; None where there is none.

    Raises:
        FileNotFoundError: The sample has no picture.
    """
    if not FUSE.is_done(sample):
        return None
    return latest_decision(sample.store, decision_folder(sample), sample.sample.defect_type)


def latest_decision(store: Store, folder: str, defect_type: str = "") -> Decision | None:
    """Return the last decision in a folder of them; None where there is none.

    Args:
        store: The store.
        folder: The folder.
        defect_type: The class that is asked about; a decision on the same picture under another
            one does not count. Empty for any.

    Raises:
        DecisionDamagedError: A stored decision cannot be read.
    """
    for decision in stored_decisions(store, folder):
        other = defect_type and decision.defect_type and decision.defect_type != defect_type
        if not (decision.grounding_key or other):
            return decision
    return None


def stored_decisions(store: Store, folder: str) -> Iterator[Decision]:
    """Yield all decisions in a folder of them, the last one first.

    Raises:
        DecisionDamagedError: A stored decision cannot be read.
    """
    for path in reversed(list(store.list(folder))):
        try:
            yield store.read_json_as(path, Decision.model_validate)
        except DamagedFileError as damage:
            raise DecisionDamagedError(damage.file, damage.why) from damage


def decision_folder(sample: SampleInputs) -> str:
    """Return the folder of the decisions on a sample's picture and mask, as it is in the store.

    Raises:
        FileNotFoundError: The sample has no picture, or no mask yet.
    """
    seen: dict[str, Any] = {
        "diff": DIFF.key(sample),
        "composite": sample.shard.spec.publish.composite,
    }
    fused = FUSE.result(sample)
    if not fused.is_diff:
        seen["mask"] = fused.mask_sha256
    return keyed("decisions", content_key("review", **seen))


def _append(store: Store, folder: str, decision: Decision) -> None:
    """Store a decision under the next free number, whoever else stores one at the same time."""
    number = len(list(store.list(folder))) + 1
    while not store.create_json(f"{folder}/{number:08d}.json", decision.model_dump(mode="json")):
        number += 1
