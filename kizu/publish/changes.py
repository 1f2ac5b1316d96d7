"""What differs between two versions of a dataset, sample by sample."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from kizu.imaging.masks import mask_iou
from kizu.progress import advance, expect
from kizu.publish.dataset import Dataset, Sample

COMPARE: Final = "compare"
"""What progress is reported as."""


class ChangeKind(StrEnum):
    """How a sample differs between two versions."""

    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"
    RELABELLED = "relabelled"
    MASK = "mask changed"
    PICTURE = "picture changed"
    SPLIT = "split changed"
    CERTIFIED = "certified changed"


@dataclass(frozen=True)
class Side:
    """A sample as one version has it.

    Attributes:
        sample: It, with its files.
        reason: Why its verdict is what it is; empty for normal images.
        reviewed_by: Who decided on it; empty where nobody did.
        prompt: What was asked for; empty for normal images.
    """

    sample: Sample
    reason: str
    reviewed_by: str
    prompt: str

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        row = self.sample.row
        told = ("verdict", "split", "certified", "image_path", "mask_path")
        return {
            "sample_id": self.sample.sample_id,
            **{name: row[name] for name in told},
            "reason": self.reason,
            "reviewed_by": self.reviewed_by,
            "prompt": self.prompt,
        }


@dataclass(frozen=True)
class Change:
    """A sample that differs.

    Attributes:
        kinds: How.
        defect_type: Its class; "good" of normal images.
        before: As the older version has it; None of an added one.
        after: As the newer version has it; None of a removed one.
        mask_iou: Overlap of the two masks in pixels, 0 to 1, where they differ; None where there
            are not two of one size.
    """

    kinds: tuple[ChangeKind, ...]
    defect_type: str
    before: Side | None
    after: Side | None
    mask_iou: float | None = None

    @property
    def sample_id(self) -> str:
        """The sample's name in the newer version that has it."""
        side = self.after or self.before
        return side.sample.sample_id if side else ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "kinds": [kind.value for kind in self.kinds],
            "defect_type": self.defect_type,
            "before": self.before.to_json() if self.before else None,
            "after": self.after.to_json() if self.after else None,
            "mask_iou": self.mask_iou,
        }


def find_changes(before: Dataset, after: Dataset) -> list[Change]:
    """Compare two versions; masks that differ are read, pictures are not.

    A sample that was asked for in other words has another name. Where one of its photo, defect and
    number went and one came, it is replaced; others are added or removed.

    Raises:
        DatasetError: A table or a mask is not what was published.
    """
    old, new = _sides(before), _sides(after)
    pairs = [(old[name], new[name]) for name in old.keys() & new.keys()]
    gone = _by_place(before, old.keys() - new.keys())
    come = _by_place(after, new.keys() - old.keys())
    apart: list[tuple[str | None, str | None]] = []
    for place in gone.keys() | come.keys():
        lost, found = gone.get(place, []), come.get(place, [])
        if len(lost) == len(found) == 1:
            apart.append((lost[0], found[0]))
        else:
            apart += [(name, None) for name in lost] + [(None, name) for name in found]
    expect(COMPARE, len(pairs) + len(apart))
    changes = list(_within(pairs))
    for lost_name, found_name in apart:
        sides = lost_name and old[lost_name], found_name and new[found_name]
        changes.append(_apart(*(side or None for side in sides)))
        advance(COMPARE)
    return sorted(changes, key=lambda each: (each.defect_type, each.sample_id))


def count_kinds(changes: Sequence[Change]) -> dict[ChangeKind, int]:
    """Return how many samples differ in each way."""
    counts = Counter(kind for change in changes for kind in change.kinds)
    return {kind: counts[kind] for kind in ChangeKind}


def _sides(dataset: Dataset) -> dict[str, Side]:
    told: dict[str, Mapping[str, Any]] = {
        row["sample_id"]: row
        for row in dataset.rows("provenance", ("sample_id", "reason", "reviewed_by", "prompt"))
    }
    sides = {}
    for sample in dataset:
        row = told.get(sample.sample_id, {})
        texts = (row.get(name) or "" for name in ("reason", "reviewed_by", "prompt"))
        sides[sample.sample_id] = Side(sample, *texts)
    return sides


def _by_place(dataset: Dataset, names: set[str]) -> dict[tuple[Any, ...], list[str]]:
    """Return samples by photo, class and number; normal images by their photo's name."""
    places: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    if not names:
        return places
    kinds = {s.sample_id: s.row["defect_type"] for s in dataset if s.sample_id in names}
    columns = ("sample_id", "normal_name", "variant", "edited_name")
    for row in dataset.rows("provenance", columns):
        if (name := row["sample_id"]) in names:
            place = (row["normal_name"], kinds[name], row["variant"], row["edited_name"])
            places[place].append(name)
    return places


def _within(pairs: Sequence[tuple[Side, Side]]) -> Iterator[Change]:
    """Yield the changes of samples that both versions have."""
    for before, after in pairs:
        was, now = before.sample.row, after.sample.row
        kinds = {
            ChangeKind.RELABELLED: was["verdict"] != now["verdict"],
            ChangeKind.MASK: was["mask_sha256"] != now["mask_sha256"],
            ChangeKind.PICTURE: was["image_sha256"] != now["image_sha256"],
            ChangeKind.SPLIT: was["verdict"] == now["verdict"] and was["split"] != now["split"],
            ChangeKind.CERTIFIED: was["certified"] != now["certified"],
        }
        found = tuple(kind for kind, differs in kinds.items() if differs)
        if found:
            iou = _iou(before, after) if kinds[ChangeKind.MASK] else None
            yield Change(found, now["defect_type"], before, after, iou)
        advance(COMPARE)


def _apart(before: Side | None, after: Side | None) -> Change:
    """Return the change of a sample that only one version has, or has under another name."""
    side = after or before
    assert side is not None  # noqa: S101 - one of two that are paired is there
    kind = str(side.sample.row["defect_type"])
    if before and after:
        differs = before.sample.row["mask_sha256"] != after.sample.row["mask_sha256"]
        iou = _iou(before, after) if differs else None
        return Change((ChangeKind.REPLACED,), kind, before, after, iou)
    return Change((ChangeKind.ADDED if after else ChangeKind.REMOVED,), kind, before, after)


def _iou(before: Side, after: Side) -> float | None:
    """Return how much two masks overlap; None where one is missing or of another size."""
    if not (before.sample.row["mask_path"] and after.sample.row["mask_path"]):
        return None
    was, now = before.sample.label(), after.sample.label()
    return round(mask_iou(was, now), 4) if was.shape == now.shape else None
