"""How well annotators find what people confirmed, by phrase, and which threshold would serve."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np
import yaml
from numpy.typing import NDArray

from kizu.certify.bounds import lower_bound, upper_bound
from kizu.grounding import annotator_name
from kizu.settings import Record

FEWEST_SAMPLES: Final = 20
"""Fewer samples tell nothing: of 19 that are all found, the bounds of the recall still lie 0.15
apart."""

CONFIDENCE: Final = 0.95
"""Of each exact bound; both bounds of a share hold together with 90 %."""

_FOLDS: Final = 10
"""Parts of the photos, each judged by a threshold that the others chose; the field's usual ten."""

_DIGITS: Final = (2, 3, 4, 5)
"""A threshold is written as short as it means the same."""


class Detection(NamedTuple):
    """A region that an annotator named with the phrase.

    Attributes:
        confidence: The annotator's, 0 to 1.
        touches: Whether it shares a pixel with the label.
    """

    confidence: float
    touches: bool


class Look(Record):
    """What an annotator found for one phrase on one sample whose label a person confirmed.

    Attributes:
        sample_id: The sample.
        photo: SHA-256 of its normal image.
        defect_type: Its class.
        annotator: The annotator's version.
        phrase: The phrase.
        detections: What it named with the phrase.
        found_at: The highest threshold at which what it named is the label's area; None if it is
            at none.
        was_agreed: Whether the sample had been accepted because an annotator agrees, before a
            person looked: such samples cannot tell what annotators miss.
    """

    sample_id: str
    photo: str
    defect_type: str
    annotator: str
    phrase: str
    detections: tuple[Detection, ...] = ()
    found_at: float | None = None
    was_agreed: bool = False


class Share(NamedTuple):
    """A share that was counted, with its exact bounds; see ``CONFIDENCE``."""

    value: float
    low: float
    high: float


class PhraseRow(Record):
    """How well an annotator finds one defect by one phrase.

    Attributes:
        defect_type: The defect.
        annotator: The annotator's version.
        phrase: The phrase.
        samples: Samples with a confirmed label for which it looked.
        found: Those where it marks the label's area.
        detections: Regions that it named.
        touching: Those that touch the label.
    """

    defect_type: str
    annotator: str
    phrase: str
    samples: int
    found: int
    detections: int
    touching: int

    @property
    def is_known(self) -> bool:
        """False if the samples are too few to tell anything."""
        return self.samples >= FEWEST_SAMPLES

    @property
    def recall(self) -> Share | None:
        """Share of the samples where it marks the label's area; None if too few are known."""
        return _share(self.found, self.samples) if self.is_known else None

    @property
    def precision(self) -> Share | None:
        """Share of what it names that touches the label; None without a sure number."""
        return _share(self.touching, self.detections) if self.is_known else None

    @property
    def f1(self) -> float:
        """Harmonic mean of found samples and of regions that touch no label."""
        return _f1(self.found, self.detections - self.touching, self.samples)


class TunedThreshold(Record):
    """The threshold that would serve a phrase of one annotator best.

    Attributes:
        annotator: The annotator's version.
        phrase: The phrase.
        samples: Samples with a confirmed label for which it looked.
        threshold: Least confidence of a box; 0 if all that it named should stay.
        f1_now: F1 of all that it named.
        f1_then: F1 of what the threshold leaves.
        lost: Of photos that had no part in choosing, samples that would no longer be found.
        spared: Of the same, regions on nothing that would go.
    """

    annotator: str
    phrase: str
    samples: int
    threshold: float
    f1_now: float
    f1_then: float
    lost: int
    spared: int

    @property
    def is_clear(self) -> bool:
        """Whether it surely serves better than what is set now.

        F1 rises exactly if, of all that goes, less than F1 / 2 are samples that are lost. The
        exact upper bound of that share must lie below.
        """
        if self.samples < FEWEST_SAMPLES or not self.threshold or not self.lost + self.spared:
            return False
        return upper_bound(self.lost, self.lost + self.spared, CONFIDENCE) < self.f1_now / 2


def rank_phrases(looks: Iterable[Look]) -> list[PhraseRow]:
    """Count what was found, per defect, annotator and phrase.

    Returns:
        Defects in order of appearance; of each the phrase with the best F1 first, and those that
        are too little known last.
    """
    groups = _grouped(looks, lambda look: (look.defect_type, look.annotator, look.phrase))
    rows = [_phrase_row(*place, group) for place, group in groups.items()]
    defects = list(dict.fromkeys(row.defect_type for row in rows))
    return sorted(rows, key=lambda r: (defects.index(r.defect_type), not r.is_known, -r.f1))


def _phrase_row(defect_type: str, annotator: str, phrase: str, group: Sequence[Look]) -> PhraseRow:
    named = Counter(each.touches for look in group for each in look.detections)
    return PhraseRow(
        defect_type=defect_type,
        annotator=annotator,
        phrase=phrase,
        samples=len(group),
        found=sum(look.found_at is not None for look in group),
        detections=named.total(),
        touching=named[True],
    )


def tune_thresholds(looks: Iterable[Look]) -> list[TunedThreshold]:
    """Choose the threshold with the best F1 per annotator and phrase, over all defects.

    A box threshold belongs to a phrase, whichever defects it is asked for. Only stricter ones
    than today's can be judged: what lies below was never stored.
    """
    groups = _grouped(looks, lambda look: (look.annotator, look.phrase))
    return [_tuned(*place, group) for place, group in groups.items()]


def _tuned(annotator: str, phrase: str, group: Sequence[Look]) -> TunedThreshold:
    threshold = best_threshold(group)
    lost, spared = _judged_apart(group)
    return TunedThreshold(
        annotator=annotator,
        phrase=phrase,
        samples=len(group),
        threshold=threshold,
        f1_now=_f1_at(group, 0.0),
        f1_then=_f1_at(group, threshold),
        lost=lost,
        spared=spared,
    )


def best_threshold(looks: Sequence[Look]) -> float:
    """Return the threshold with the best F1, between two confidences; 0 if nothing should go.

    Example:
        >>> sure, faint = Detection(0.8, True), Detection(0.3, False)
        >>> one = Look(sample_id="a", photo="p", defect_type="hole", annotator="x", phrase="hole")
        >>> best_threshold([one.model_copy(update={"detections": (sure, faint), "found_at": 0.8})])
        0.55
    """
    cuts = sorted({each.confidence for look in looks for each in look.detections})
    if not cuts:
        return 0.0
    found, false = _found(looks), _false(looks)
    scores = [_f1_of(found, false, len(looks), cut) for cut in cuts]
    best = int(np.argmax(scores))
    return _between(cuts[best - 1], cuts[best]) if best else 0.0


def _between(below: float, above: float) -> float:
    """Return the shortest number near the middle that is above one and not above the other."""
    middle = (below + above) / 2
    rounded = (round(middle, digits) for digits in _DIGITS)
    return next((each for each in rounded if below < each <= above), above)


def _judged_apart(group: Sequence[Look]) -> tuple[int, int]:
    """Count what thresholds lose and spare on photos that had no part in choosing them."""
    photos = sorted({look.photo for look in group})
    part = {photo: number % _FOLDS for number, photo in enumerate(photos)}
    lost = spared = 0
    for fold in range(min(_FOLDS, len(photos))):
        threshold = best_threshold([look for look in group if part[look.photo] != fold])
        held = [look for look in group if part[look.photo] == fold]
        lost += int(np.count_nonzero(_found(held) < threshold))
        spared += int(np.count_nonzero(_false(held) < threshold))
    return lost, spared


def _found(looks: Iterable[Look]) -> NDArray[np.float64]:
    return np.sort(np.array([at for look in looks if (at := look.found_at) is not None], float))


def _false(looks: Iterable[Look]) -> NDArray[np.float64]:
    named = (each for look in looks for each in look.detections)
    return np.sort(np.array([each.confidence for each in named if not each.touches], float))


def _f1_at(looks: Sequence[Look], threshold: float) -> float:
    return _f1_of(_found(looks), _false(looks), len(looks), threshold)


def _f1_of(
    found: NDArray[np.float64], false: NDArray[np.float64], samples: int, threshold: float
) -> float:
    kept = [len(each) - int(np.searchsorted(each, threshold)) for each in (found, false)]
    return _f1(kept[0], kept[1], samples)


def _f1(found: int, false: int, samples: int) -> float:
    """Return F1 where every sample has one label to find."""
    return 2 * found / (found + false + samples) if samples else 0.0


def _share(count: int, of: int) -> Share | None:
    if not of:
        return None
    bounds = (bound(count, of, CONFIDENCE) for bound in (lower_bound, upper_bound))
    return Share(count / of, *bounds)


K = TypeVar("K")


def _grouped(looks: Iterable[Look], place: Callable[[Look], K]) -> dict[K, list[Look]]:
    groups: dict[K, list[Look]] = {}
    for look in looks:
        groups.setdefault(place(look), []).append(look)
    return groups


def _is_held_against_threshold(annotator: str) -> bool:
    settings = json.loads(annotator).get("settings", {})
    return annotator_name(annotator) != "clipseg" and not settings.get("saliency")


def threshold_lines(tuned: Sequence[TunedThreshold]) -> str:
    """Return the lines of a spec that set the thresholds that surely serve better, or nothing.

    Annotators whose confidence is not what their threshold is held against are left out: clipseg
    has thresholds of pixels, and ``saliency`` lowers a confidence afterwards.

    Args:
        tuned: Thresholds of all annotators of a dataset.
    """
    by_annotator: dict[str, dict[str, float]] = {}
    for each in tuned:
        chosen = by_annotator.setdefault(annotator_name(each.annotator), {})
        if each.is_clear and _is_held_against_threshold(each.annotator):
            chosen[each.phrase] = each.threshold
    listed = [
        {"annotator": name, "phrase_thresholds": chosen}
        for name, chosen in by_annotator.items()
        if chosen
    ]
    if not listed:
        return ""
    one = {"phrase_thresholds": listed[0]["phrase_thresholds"]}
    grounding = one if len(by_annotator) == 1 else {"annotators": listed}
    return yaml.safe_dump({"grounding": grounding}, allow_unicode=True, sort_keys=False)
