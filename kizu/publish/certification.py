"""What reviews prove of a build's samples, and which samples to draw for review next."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from kizu.agree.proof import Proof, Proven, Stratum
from kizu.agree.settings import AgreementSettings
from kizu.certify.bounds import reviews_needed
from kizu.certify.certificate import Certificate, Reviewed, certify, shift_alarms
from kizu.certify.fixed_sequence import Judged
from kizu.certify.shift import moved_figures
from kizu.certify.trust import trusted
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.review import Draw, draw_samples, latest_decision, open_draws, short_key
from kizu.settings import Record
from kizu.store import Store

_WATCHED: Final = 20
"""New samples after which some are drawn again although a certificate stands: what no figure shows,
as an annotator that begins to confuse kinds, only reviews can find."""
_WATCHED_FRACTION: Final = 0.05  # of the new samples; not measured
_MOST_FIGURES: Final = 2000
"""Samples whose figures a draw keeps to compare with; a KS test tells no more from more."""

Decided = Callable[[Outcome], Reviewed]


class Certification(Record):
    """What reviews have proven of a dataset.

    Attributes:
        proof: What it makes of the samples.
        certificates: What is proven, by stratum; that of the accepted samples first.
    """

    proof: Proof
    certificates: tuple[Certificate, ...]

    @property
    def accepted(self) -> Certificate:
        """The certificate of the accepted samples."""
        return self.certificates[0]


def prove(
    store: Store, dataset: str, settings: AgreementSettings, outcomes: Sequence[Outcome]
) -> Certification:
    """Say what the decisions on random draws prove of a build's samples.

    Args:
        store: The store.
        dataset: The dataset.
        settings: What is to be proven.
        outcomes: How far the samples came.
    """
    draws = open_draws(store, dataset)
    judged = _judged(outcomes)
    reviews = {
        stratum: [
            [_reviewed(store, judged[folder]) for folder in draw.members if folder in judged]
            for draw in _of(draws, stratum)
        ]
        for stratum in Stratum
    }
    trust = _trusted(reviews[Stratum.DIFF_ONLY], settings)
    certificates, proven = [], {}
    for stratum in (Stratum.ACCEPTED, Stratum.REPAIRED, Stratum.TESTIMONY):
        own = _of(draws, stratum)
        makers = {maker for draw in own for maker in draw.makers}
        population = [
            outcome
            for outcome in members_of(stratum, outcomes, trust)
            if not own or outcome.made_by in makers
        ]
        if not population and stratum is not Stratum.ACCEPTED:
            continue
        certificate = certify(
            dataset,
            stratum,
            [outcome.score or 0.0 for outcome in population],
            [[review for _, review in draw] for draw in reviews[stratum]],
            photographs=len({outcome.photo for outcome in population}),
            max_wrong=settings.max_wrong,
            confidence=settings.confidence,
            alarms=_alarms(own, outcomes),
        )
        certificates.append(certificate)
        if certificate.cut is not None:
            proven[stratum] = Proven(cut=certificate.cut, makers=tuple(sorted(makers)))
    proof = Proof(trusted=trust, proven=proven)
    return Certification(proof=proof, certificates=tuple(certificates))


def draw_next(
    store: Store, dataset: str, settings: AgreementSettings, outcomes: Sequence[Outcome]
) -> list[Draw]:
    """Draw the samples whose review would prove something next, and store the draws.

    While a draw is not judged to its end, nothing more is drawn of its stratum.

    Args:
        store: The store.
        dataset: The dataset.
        settings: What is to be proven.
        outcomes: How far the samples of the last build came.
    """
    found, draws = prove(store, dataset, settings, outcomes), open_draws(store, dataset)
    draw = partial(_draw, store, dataset, outcomes)
    made: list[Draw | None] = []
    for certificate in found.certificates:
        stratum = Stratum(certificate.stratum)
        own, population = _of(draws, stratum), members_of(stratum, outcomes, found.proof.trusted)
        size = _size_of_next(certificate, own, population)
        if size and not _has_open_end(store, own, outcomes):
            made.append(draw(stratum, population, size, restarts=bool(certificate.alarms)))
    needed = reviews_needed(settings.max_bad_edits, settings.confidence)
    for cell in _cells(outcomes).values():
        unknown = cell[0].made_by not in found.proof.trusted
        if unknown and len({each.photo for each in cell}) >= needed:
            own = [each for each in _of(draws, Stratum.DIFF_ONLY) if cell[0].made_by in each.makers]
            if not own:
                made.append(draw(Stratum.DIFF_ONLY, cell, needed, restarts=False))
    return [each for each in made if each is not None]


def members_of(
    stratum: Stratum, outcomes: Iterable[Outcome], trust: Sequence[str] = ()
) -> list[Outcome]:
    """Return the judged samples of a stratum; those of trusted makers are among the accepted.

    Args:
        stratum: The stratum.
        outcomes: How far the samples came.
        trust: Makers whose clear changes need no annotator.
    """
    return [
        outcome
        for outcome in outcomes
        if outcome.status is SampleStatus.JUDGED
        and (
            Stratum.ACCEPTED
            if outcome.stratum is Stratum.DIFF_ONLY and outcome.made_by in trust
            else outcome.stratum
        )
        is stratum
    ]


def _size_of_next(
    certificate: Certificate,
    own: Sequence[Draw],
    population: Sequence[Outcome],
) -> int:
    """Return how many samples to draw of a stratum; none if that would prove nothing."""
    if certificate.is_certified:
        new = len(population) - own[-1].population
        return max(1, round(_WATCHED_FRACTION * new)) if new >= _WATCHED else 0
    return certificate.missing_reviews


def _draw(
    store: Store,
    dataset: str,
    outcomes: Sequence[Outcome],
    stratum: Stratum,
    population: Sequence[Outcome],
    size: int,
    *,
    restarts: bool,
) -> Draw | None:
    folders = {outcome.decisions: outcome.photo for outcome in population}
    if not folders:
        return None
    judged = list(_judged(outcomes).values())
    compared = [outcome.figures for outcome in _spread(judged)]
    names = sorted({name for figures in compared for name in figures})
    return draw_samples(
        store,
        dataset,
        stratum,
        folders,
        size,
        makers=(outcome.made_by for outcome in population),
        seen=(outcome.decisions for outcome in judged),
        figures={name: [figures.get(name) for figures in compared] for name in names},
        photographs=len({outcome.photo for outcome in _spread(judged)}),
        restarts=restarts,
    )


def _spread(outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """Return some of many outcomes, evenly."""
    step = -(-len(outcomes) // _MOST_FIGURES)
    return outcomes[:: max(step, 1)]


def _judged(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    """Return the judged samples by the folders of their decisions."""
    return {o.decisions: o for o in outcomes if o.status is SampleStatus.JUDGED and o.decisions}


def _of(draws: Iterable[Draw], stratum: Stratum) -> list[Draw]:
    """Return the draws of a stratum since it began anew."""
    own = [draw for draw in draws if draw.stratum == stratum]
    begins = max((place for place, draw in enumerate(own) if draw.restarts), default=0)
    return own[begins:]


def _reviewed(store: Store, outcome: Outcome) -> tuple[str, Reviewed]:
    """Return a drawn sample's maker, and what was decided on it."""
    decision = latest_decision(store, outcome.decisions)
    reviewed = Reviewed(
        score=outcome.score or 0.0,
        photo=outcome.photo,
        defect_type=outcome.defect_type,
        is_wrong=decision.finds_wrong if decision else None,
        reviewed_by=decision.reviewed_by if decision else "",
        reviewed_at=decision.reviewed_at if decision else "",
    )
    return outcome.made_by, reviewed


def _trusted(
    draws: Sequence[Sequence[tuple[str, Reviewed]]], settings: AgreementSettings
) -> tuple[str, ...]:
    """Return the makers that reviews have earned trust; a draw counts once it is judged whole."""
    whole = [draw for draw in draws if all(each.is_wrong is not None for _, each in draw)]
    decided = [
        (maker, Judged(each.score, bool(each.is_wrong), each.photo))
        for draw in whole
        for maker, each in draw
    ]
    return trusted(decided, max_bad_edits=settings.max_bad_edits, confidence=settings.confidence)


def _alarms(draws: Sequence[Draw], outcomes: Sequence[Outcome]) -> list[str]:
    """Say whether samples that came after the last draw are unlike those it was drawn from."""
    if not draws:
        return []
    known, then = set(draws[-1].seen), draws[-1].figures
    new = [o for folder, o in _judged(outcomes).items() if short_key(folder) not in known]
    now = {name: [outcome.figures.get(name) for outcome in new] for name in then}
    photographs = draws[-1].photographs, len({outcome.photo for outcome in new})
    return shift_alarms(moved_figures(then, now, photographs=photographs) if new else ())


def _has_open_end(store: Store, draws: Sequence[Draw], outcomes: Sequence[Outcome]) -> bool:
    judged = _judged(outcomes)
    drawn = (folder for draw in draws for folder in draw.members if folder in judged)
    return any(latest_decision(store, folder) is None for folder in drawn)


def _cells(outcomes: Sequence[Outcome]) -> Mapping[str, list[Outcome]]:
    """Return the clear changes that no annotator speaks for, by their maker."""
    cells: dict[str, list[Outcome]] = {}
    for outcome in members_of(Stratum.DIFF_ONLY, outcomes):
        cells.setdefault(outcome.made_by, []).append(outcome)
    return cells
