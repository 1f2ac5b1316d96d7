"""What a version's tables come to: the numbers of its card."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kizu.agree.verdict import Verdict
from kizu.grounding import annotator_name
from kizu.spec import GOOD
from kizu.store.keys import sha256_hex

PICTURED: Final = 4
"""Samples of a defect that its card shows."""

_MODELS: Final = ("model", "detector", "segmenter")
"""Of an annotator's version, what names its models."""

Rows = Callable[[str, Sequence[str]], Iterator[Mapping[str, Any]]]
"""Yields some columns of a table, row by row."""


@dataclass(frozen=True)
class Pictured:
    """A sample that the card shows.

    Attributes:
        order: Decides which are shown: the same ones as long as they are there.
        image_path: Where its image lies, as in ``samples``.
        mask_path: Its label.
    """

    order: str
    image_path: str
    mask_path: str


@dataclass
class DefectFacts:
    """What came of one kind of defect.

    Attributes:
        verdicts: Samples by verdict.
        splits: Accepted samples by split.
        negatives: Rejected samples that are published as negatives, by why.
        certified: Those that are certified.
        refused: Edits that the service refused.
        cost_usd: What all its edits cost; None where a price is not known.
        pictured: The samples to show, at most ``PICTURED``; accepted ones if there are any.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    negatives: Counter[str] = field(default_factory=Counter)
    certified: int = 0
    refused: int = 0
    cost_usd: float | None = 0.0
    pictured: list[Pictured] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        """How many samples are accepted."""
        return self.verdicts[Verdict.ACCEPT]

    @property
    def asked(self) -> int:
        """Edits that were asked for and answered."""
        return sum(self.verdicts.values()) + self.refused

    @property
    def yielded(self) -> float | None:
        """Accepted samples per answered edit; None without any."""
        return self.accepted / self.asked if self.asked else None

    @property
    def usd_per_label(self) -> float | None:
        """What an accepted label cost; None where that is not known."""
        if self.cost_usd is None or not self.accepted:
            return None
        return self.cost_usd / self.accepted


@dataclass
class VersionFacts:
    """What a version holds.

    Attributes:
        normals: Normal images by split.
        defects: What came of each kind of defect, by its name, sorted.
        models: Edits by the model that made them, sorted.
        annotators: Names of the annotators that looked, sorted.
        sources: Defect images by what made them, as IPTC's terms; empty where that is not known.
        emulated: Defect images that the emulator painted in a model's place.
    """

    normals: Counter[str]
    defects: dict[str, DefectFacts]
    models: dict[str, int]
    annotators: list[str]
    sources: dict[str, int]
    emulated: int

    @property
    def images(self) -> int:
        """All images."""
        return self.normals.total() + self.count()

    def count(self, verdict: str | None = None) -> int:
        """Return how many defect images there are, of one verdict or in all."""
        each = (defect.verdicts for defect in self.defects.values())
        return sum(found.total() if verdict is None else found[verdict] for found in each)


def version_facts(rows: Rows) -> VersionFacts:
    """Count what a version's tables hold, in bounded memory.

    What differs between two versions of one name, as failures do, is left out.

    Args:
        rows: Reads the tables.
    """
    normals: Counter[str] = Counter()
    defects: dict[str, DefectFacts] = {}
    wanted = ("split", "certified", "negative")
    for row in rows("samples", (*_PICTURED_BY, *wanted)):
        if row["defect_type"] == GOOD:
            normals[row["split"]] += 1
            continue
        _count_sample(defects.setdefault(row["defect_type"], DefectFacts()), row)
    for row in rows("edits", ("defect_type", "status", "cost_usd", "emulated")):
        if row["status"] != "failed":
            _count_edit(defects.setdefault(row["defect_type"], DefectFacts()), row)
    models, sources, annotators = Counter[str](), Counter[str](), set[str]()
    emulated = 0
    columns = ("edit_key", "model", "annotators", "digital_source_type", "emulated")
    for row in rows("provenance", columns):
        if row["edit_key"]:
            models[row["model"] or "none"] += 1
            sources[row["digital_source_type"] or ""] += 1
            annotators.update(row["annotators"] or ())
            emulated += bool(row["emulated"])
    return VersionFacts(
        normals,
        dict(sorted(defects.items())),
        dict(sorted(models.items())),
        sorted({_shown_annotator(version) for version in annotators}),
        dict(sorted(sources.items())),
        emulated,
    )


def pictured_samples(rows: Rows) -> dict[str, list[Pictured]]:
    """Return the samples that a version's card shows, by their defect.

    Args:
        rows: Reads the tables.
    """
    found: dict[str, list[Pictured]] = {}
    for row in rows("samples", _PICTURED_BY):
        if row["defect_type"] != GOOD:
            found[row["defect_type"]] = _with(found.get(row["defect_type"], []), row)
    return found


_PICTURED_BY: Final = ("defect_type", "verdict", "sample_id", "image_path", "mask_path")


def _with(pictured: list[Pictured], row: Mapping[str, Any]) -> list[Pictured]:
    """Return the samples to show of those that were and another one."""
    is_accepted = row["verdict"] == Verdict.ACCEPT
    order = f"{int(not is_accepted)}{sha256_hex(str(row['sample_id']).encode())}"
    shown = Pictured(order, str(row["image_path"]), str(row["mask_path"]))
    return sorted([*pictured, shown], key=lambda each: each.order)[:PICTURED]


def _count_sample(facts: DefectFacts, row: Mapping[str, Any]) -> None:
    facts.verdicts[str(row["verdict"])] += 1
    is_accepted = row["verdict"] == Verdict.ACCEPT
    facts.negatives[str(row["negative"])] += bool(row["negative"])
    if is_accepted:
        facts.splits[str(row["split"])] += 1
        facts.certified += bool(row["certified"])
    facts.pictured = _with(facts.pictured, row)


def _count_edit(facts: DefectFacts, row: Mapping[str, Any]) -> None:
    facts.refused += row["status"] == "refused"
    cost = 0.0 if row["emulated"] else row["cost_usd"]
    is_known = cost is not None and facts.cost_usd is not None
    facts.cost_usd = (facts.cost_usd or 0.0) + cost if is_known else None


def _shown_annotator(version: str) -> str:
    """Return an annotator's name with its models, where its version names them."""
    told = json.loads(version)
    models = [str(told[part]) for part in _MODELS if told.get(part)]
    return ": ".join([annotator_name(version), *([", ".join(models)] if models else [])])
