"""What reviews have proven of a dataset's samples, and what that makes of one of them."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from kizu.agree.settings import AgreementSettings
from kizu.agree.verdict import (
    UNSUPPORTED,
    WITHOUT_DIFF,
    Agreement,
    Reason,
    Verdict,
    is_sharp,
)
from kizu.settings import Record


class Stratum(StrEnum):
    """Which samples are proven together, by decisions of their own."""

    NONE = ""
    ACCEPTED = "accepted"
    DIFF_ONLY = "diff_only"
    REPAIRED = "repaired"
    TESTIMONY = "testimony"


class Proven(Record):
    """A stratum of which a bound on the share of wrong labels is proven.

    Attributes:
        cut: The lowest score of a sample that it covers.
        makers: Who made the samples that were reviewed: of others nothing is proven.
    """

    cut: float
    makers: tuple[str, ...]


class Proof(Record):
    """What reviews have proven so far.

    Attributes:
        trusted: Makers of edits that draw what they are asked for, so that a clear change of
            theirs needs no annotator.
        proven: The strata with a bound.
    """

    trusted: tuple[str, ...] = ()
    proven: dict[Stratum, Proven] = Field(default_factory=dict)

    @property
    def has_any(self) -> bool:
        """False as long as nothing is proven."""
        return bool(self.trusted or self.proven)


NOTHING_PROVEN: Final = Proof()


class Settled(Record):
    """What becomes of a sample once it is known what is proven.

    Attributes:
        verdict: What becomes of it.
        reason: Why.
        stratum: Which samples it is proven with.
        certified: Whether the bound covers it.
    """

    verdict: Verdict
    reason: Reason
    stratum: Stratum
    certified: bool


def settle(
    agreement: Agreement, made_by: str, settings: AgreementSettings, proof: Proof
) -> Settled:
    """Tell what becomes of a sample.

    A clear change that no annotator speaks for is accepted where its maker is trusted. What a
    person would have to look at by itself, as a label that annotators alone propose, is accepted
    where the bound for its kind is proven.

    Args:
        agreement: The comparison of its annotations.
        made_by: Its maker: a key of prompt, model, annotators and versions.
        settings: The thresholds of the comparison.
        proof: What is proven.
    """
    stratum, sure = stratum_of(agreement, settings), score_of(agreement)
    return settle_judged(agreement.verdict, agreement.reason, stratum, sure, made_by, proof)


def settle_judged(
    verdict: Verdict,
    reason: Reason,
    stratum: Stratum,
    score: float | None,
    made_by: str,
    proof: Proof,
) -> Settled:
    """Do the same as ``settle`` from what is noted of a judged sample, as nothing was proven."""
    maker = maker_of(made_by, stratum)
    if stratum is Stratum.DIFF_ONLY and made_by in proof.trusted:
        verdict, reason = Verdict.ACCEPT, Reason.DIFF_ONLY_TRUSTED
        stratum = Stratum.ACCEPTED
    proven = proof.proven.get(stratum)
    certified = proven is not None and maker in proven.makers and (score or 0.0) >= proven.cut
    if certified:
        verdict = Verdict.ACCEPT
    return Settled(verdict=verdict, reason=reason, stratum=stratum, certified=certified)


def maker_of(made_by: str, stratum: Stratum) -> str:
    """Return who made a sample, as far as reviews of others speak for it.

    Clear changes that no annotator speaks for are another kind than those that one confirms.
    """
    return f"{made_by}/{stratum}" if stratum is Stratum.DIFF_ONLY else made_by


def stratum_of(agreement: Agreement, settings: AgreementSettings) -> Stratum:
    """Tell which samples a sample is proven with, before anything is known of its maker.

    A clear change of one region that nobody speaks for may be trusted where its prompt has earned
    it; a label that leaves a side effect out, and one that annotators alone propose, are proven on
    their own.
    """
    if agreement.verdict is Verdict.ACCEPT:
        return Stratum.ACCEPTED
    if agreement.reason in WITHOUT_DIFF:
        return Stratum.TESTIMONY if agreement.figures.detections else Stratum.NONE
    if not is_sharp(agreement.figures, settings):
        return Stratum.NONE
    if agreement.reason is Reason.SIDE_EFFECT:
        return Stratum.REPAIRED
    is_clear = agreement.reason in UNSUPPORTED and _is_one_region(agreement, settings)
    return Stratum.DIFF_ONLY if is_clear else Stratum.NONE


def _is_one_region(agreement: Agreement, settings: AgreementSettings) -> bool:
    """Tell whether next to nothing changed besides one region: of several, nobody says which."""
    areas_px = [each.area_px for each in agreement.regions]
    besides_px = sum(areas_px) - max(areas_px, default=0)
    return besides_px <= settings.max_unexplained_fraction * sum(areas_px)


def score_of(agreement: Agreement) -> float | None:
    """Return how sure a sample is; where the diff cannot speak, by the annotators' confidence."""
    return agreement.figures.confidence if agreement.score is None else agreement.score
