"""What reviews prove of a build's samples, and which samples to draw for review next."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Final

from kizu.agree.proof import Proof, Proven, Stratum, maker_of
from kizu.agree.settings import AgreementSettings
from kizu.certify.bounds import reviews_needed
from kizu.certify.certificate import Certificate, Reviewed, certify, shift_alarms
from kizu.certify.shift import moved_figures
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.review import (
    Decision,
    DecisionDamagedError,
    Draw,
    draw_samples,
    draws_in_force,
    find_draws,
    latest_decision,
    short_key,
)
from kizu.settings import Record
from kizu.store import Store

CERTIFICATE_FILE: Final = "certificate.json"
"""The certificates' name among the files of a version's report."""

_WATCHED: Final = 20
"""New samples after which some are drawn again although a certificate stands: what no figure shows,
as an annotator that begins to confuse kinds, only reviews can find."""
_WATCHED_FRACTION: Final = 0.05  # of the new samples; not measured
_FOREIGN_FRACTION: Final = 0.1
"""Of the samples, how many may be of makers that nobody reviewed before all are drawn from anew; a
few stay uncovered instead, and cost no review of all the others; not measured."""
_MOST_FIGURES: Final = 2000
"""Samples whose figures a draw keeps to compare with; a KS test tells no more from more."""
_OTHER_MAKERS: Final = (
    "the samples were made by another prompt, model, annotator, setting or version than those "
    "reviewed; review a new random draw."
)
_PROVEN_APART: Final = (Stratum.ACCEPTED, Stratum.REPAIRED, Stratum.TESTIMONY)


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
    reviews = _Reviews(store, dataset, settings, outcomes)
    trust = reviews.trusted()
    certificates, proven = [], {}
    for stratum in _PROVEN_APART:
        members = members_of(stratum, outcomes, trust)
        if not members and stratum is not Stratum.ACCEPTED:
            continue
        certificate = reviews.certificate(stratum, members)
        certificates.append(certificate)
        if certificate.cut is not None:
            makers = tuple(sorted(_makers(draws_in_force(reviews.drawn, stratum))))
            proven[stratum] = Proven(cut=certificate.cut, makers=makers)
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
    reviews = _Reviews(store, dataset, settings, outcomes)
    trust = reviews.trusted()
    made = [reviews.draw(each, members_of(each, outcomes, trust)) for each in _PROVEN_APART]
    made += [reviews.draw(Stratum.DIFF_ONLY, cell) for cell in _cells(outcomes).values()]
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

    def now(outcome: Outcome) -> Stratum:
        trusted = outcome.stratum is Stratum.DIFF_ONLY and outcome.made_by in trust
        return Stratum.ACCEPTED if trusted else outcome.stratum

    return [o for o in outcomes if o.status is SampleStatus.JUDGED and now(o) is stratum]


class _Reviews:
    """The draws of a dataset and the decisions on them, held against a build's samples."""

    def __init__(
        self,
        store: Store,
        dataset: str,
        settings: AgreementSettings,
        outcomes: Sequence[Outcome],
    ) -> None:
        self._store, self._dataset, self._settings = store, dataset, settings
        self._judged = {
            o.decisions: o for o in outcomes if o.status is SampleStatus.JUDGED and o.decisions
        }
        self.drawn, self._lost_draws = find_draws(store, dataset)
        self._outcomes = outcomes
        self._decision = cache(partial(_readable, store))  # asked for by every certificate

    def trusted(self) -> tuple[str, ...]:
        """Return the makers whose clear changes are proven to show what was asked for."""
        return tuple(
            sorted(
                maker
                for maker, cell in _cells(self._outcomes).items()
                if (found := self.certificate(Stratum.DIFF_ONLY, cell)).is_certified
                and found.covered == found.accepted
            )
        )

    def certificate(self, stratum: Stratum, members: Sequence[Outcome]) -> Certificate:
        """Say what is proven of the samples of a stratum, or of a cell of it."""
        own = self._own(stratum, members)
        makers = _makers(own)
        population = [each for each in members if _maker(each) in makers] if own else list(members)
        alarms = self._alarms(own)
        if members and not population:
            own, population, alarms = [], list(members), [_OTHER_MAKERS]
        alarms = self._damage(own) + alarms
        return certify(
            self._dataset,
            stratum,
            [outcome.score or 0.0 for outcome in population],
            [self._reviewed(draw, population) for draw in own],
            sizes=[len(draw.members) for draw in own],
            photographs=len({outcome.photo for outcome in population}),
            others=len(members) - len(population),
            max_wrong=self._max_wrong(stratum),
            confidence=self._settings.confidence,
            alarms=alarms,
        )

    def draw(self, stratum: Stratum, members: Sequence[Outcome]) -> Draw | None:
        """Draw what would prove something next; nothing if that cannot be, or is drawn already."""
        found, own = self.certificate(stratum, members), self._own(stratum, members)
        if self._damage(own):
            return None
        restarts = bool(found.alarms) or found.others > _FOREIGN_FRACTION * len(members)
        makers = _makers(own)
        drawn_from = [each for each in members if restarts or not own or _maker(each) in makers]
        if not restarts and self._has_open_end(own, drawn_from):
            return None
        size = found.missing_reviews
        if restarts:
            size = reviews_needed(self._max_wrong(stratum), self._settings.confidence)
        elif found.is_certified:
            size = _watched(own[-1], drawn_from)
        left = len({each.photo for each in drawn_from}) - (0 if restarts else found.photographs)
        cannot_suffice = stratum is not Stratum.ACCEPTED and left < size
        if not size or cannot_suffice:
            return None
        judged = list(self._judged.values())
        compared = judged[:: max(-(-len(judged) // _MOST_FIGURES), 1)]
        names = sorted({name for outcome in compared for name in outcome.figures})
        return draw_samples(
            self._store,
            self._dataset,
            stratum,
            {outcome.decisions: outcome.photo for outcome in drawn_from},
            size,
            makers={_maker(outcome) for outcome in drawn_from},
            seen=self._judged,
            figures={name: [each.figures.get(name) for each in compared] for name in names},
            photographs=len({outcome.photo for outcome in compared}),
            restarts=restarts and bool(own),
        )

    def _own(self, stratum: Stratum, members: Sequence[Outcome]) -> list[Draw]:
        is_cell = stratum is Stratum.DIFF_ONLY and bool(members)
        return draws_in_force(self.drawn, stratum, _maker(members[0]) if is_cell else "")

    def _max_wrong(self, stratum: Stratum) -> float:
        settings = self._settings
        return settings.max_bad_edits if stratum is Stratum.DIFF_ONLY else settings.max_wrong

    def _reviewed(self, draw: Draw, population: Sequence[Outcome]) -> list[Reviewed]:
        """Return what was decided on the members of a draw.

        Of those that are not among the samples any more, only what is wrong counts: to throw out
        the photographs of wrong labels does not mend the labels that nobody looked at.
        """
        there = {outcome.decisions: outcome for outcome in population}
        found = []
        for folder in draw.members:
            outcome = there.get(folder)
            asked = outcome.defect_type if outcome else ""
            decision, _ = self._decision(folder, asked)
            if outcome is None and not (decision and decision.finds_wrong):
                continue
            reviewed = Reviewed(
                score=(outcome.score or 0.0) if outcome else 1.0,
                photo=outcome.photo if outcome else folder,
                defect_type=outcome.defect_type if outcome else "",
                is_wrong=decision.finds_wrong if decision else None,
                reviewed_by=decision.reviewed_by if decision else "",
                reviewed_at=decision.reviewed_at if decision else "",
            )
            found.append(reviewed)
        return found

    def _damage(self, draws: Sequence[Draw]) -> list[str]:
        """Say which draw or decision cannot be read; what it held may be what was found wrong."""
        asked = {member: self._judged.get(member) for draw in draws for member in draw.members}
        found = (
            self._decision(folder, outcome.defect_type if outcome else "")
            for folder, outcome in asked.items()
        )
        return [*self._lost_draws, *(problem for _, problem in found if problem)]

    def _alarms(self, draws: Sequence[Draw]) -> list[str]:
        """Say whether samples that came after the last draw are unlike those it was drawn from."""
        if not draws:
            return []
        known, then = set(draws[-1].seen), draws[-1].figures
        new = [o for folder, o in self._judged.items() if short_key(folder) not in known]
        now = {name: [outcome.figures.get(name) for outcome in new] for name in then}
        photographs = draws[-1].photographs, len({outcome.photo for outcome in new})
        return shift_alarms(moved_figures(then, now, photographs=photographs) if new else ())

    def _has_open_end(self, draws: Sequence[Draw], population: Sequence[Outcome]) -> bool:
        reviewed = (each for draw in draws for each in self._reviewed(draw, population))
        return any(each.is_wrong is None for each in reviewed)


def _readable(store: Store, folder: str, defect_type: str) -> tuple[Decision | None, str]:
    """Return the last decision in a folder, or what is wrong with it."""
    try:
        return latest_decision(store, folder, defect_type), ""
    except DecisionDamagedError as damage:
        return None, str(damage)


def _watched(last: Draw, population: Sequence[Outcome]) -> int:
    """Return how many samples to draw although a certificate stands."""
    known = set(last.seen)
    new = sum(short_key(outcome.decisions) not in known for outcome in population)
    return max(1, round(_WATCHED_FRACTION * new)) if new >= _WATCHED else 0


def _maker(outcome: Outcome) -> str:
    return maker_of(outcome.made_by, outcome.stratum)


def _makers(draws: Iterable[Draw]) -> set[str]:
    return {maker for draw in draws for maker in draw.makers}


def _cells(outcomes: Sequence[Outcome]) -> Mapping[str, list[Outcome]]:
    """Return the clear changes that no annotator speaks for, by who made them."""
    cells: dict[str, list[Outcome]] = {}
    for outcome in members_of(Stratum.DIFF_ONLY, outcomes):
        cells.setdefault(outcome.made_by, []).append(outcome)
    return cells
