import numpy as np
import pytest
from damage import CONTENT, MISSING, damage

from kizu.agree.proof import Proven, Stratum
from kizu.agree.settings import AgreementSettings
from kizu.agree.verdict import Reason, Verdict
from kizu.publish.certification import draw_next, members_of, prove
from kizu.review import Decision, Drawn, open_draws
from kizu.store import keyed
from kizu.store.keys import sha256_hex

SETTINGS = AgreementSettings(max_wrong=0.1, max_bad_edits=0.1)  # 22 clean reviews at 90 %


def folder_of(number):
    return keyed("decisions", sha256_hex(str(number).encode()))


@pytest.fixture
def some(outcome):
    """Return a function that makes judged outcomes, each of a photograph of its own."""

    def make(n, *, first=0, stratum=Stratum.ACCEPTED, made_by="model 2", sharp=0.9, **fields):
        random = np.random.default_rng(first)
        return [
            outcome(
                Reason.AGREE if stratum is Stratum.ACCEPTED else Reason.NOT_GROUNDED,
                normal_sha256=f"photo {number}",
                score=float(random.random()),
                figures={"sharp_fraction": float(sharp + random.normal() / 100)},
                stratum=stratum,
                made_by=made_by,
                decisions=folder_of(number),
                **fields,
            )
            for number in range(first, first + n)
        ]

    return make


@pytest.fixture
def decide(store):
    """Return a function that decides on folders; those numbered are rejected."""

    def judge(folders, rejected=()):
        for number, folder in enumerate(folders):
            verdict = Verdict.REJECT if number in rejected else Verdict.ACCEPT
            made = Decision(
                verdict=verdict,
                reviewed_by="Aiko",
                reviewed_at="2026-01-01T00:00:00+00:00",
                sample_id="s",
                edit_key="e",
                picture_sha256="p",
                verdict_key="v",
                drawn=Drawn.RANDOM,
            )
            store.write_json(f"{folder}/00000001.json", made.model_dump(mode="json"))

    return judge


def proven(store, outcomes, settings=SETTINGS):
    return prove(store, "mugs", settings, outcomes)


def drawn(store, outcomes, settings=SETTINGS):
    return draw_next(store, "mugs", settings, outcomes)


def test_without_a_draw_nothing_is_proven_whatever_people_decided(store, some, decide):
    outcomes = some(60)
    decide([each.decisions for each in outcomes])
    found = proven(store, outcomes)
    assert not found.proof.has_any
    assert found.accepted.missing_reviews == 22


def test_the_first_draw_holds_as_many_photographs_as_the_proof_needs(store, some):
    outcomes = some(60)
    twins = [o.model_copy(update={"decisions": f"{o.decisions}0"}) for o in outcomes]
    [draw] = drawn(store, outcomes + twins)
    assert (draw.stratum, draw.population) == ("accepted", 120)
    photos = {each.decisions: each.photo for each in outcomes + twins}
    assert len({photos[member] for member in draw.members}) == 22
    assert len({photos[member] for member in draw.members[:-1]}) == 21
    assert open_draws(store, "mugs") == [draw]


def test_a_clean_draw_certifies_and_another_is_made_only_of_what_is_new(store, some, decide):
    outcomes = some(60)
    [draw] = drawn(store, outcomes)
    assert drawn(store, outcomes) == []  # not judged to its end
    decide(draw.members)
    found = proven(store, outcomes)
    assert found.accepted.is_certified
    assert found.proof.proven[Stratum.ACCEPTED].makers == ("model 2",)
    assert drawn(store, outcomes) == []
    more = outcomes + some(40, first=60)
    [watch] = drawn(store, more)
    assert len(watch.members) == 2
    assert not set(watch.members) & set(draw.members)
    assert proven(store, more).accepted.is_certified  # nobody began the new draw


def test_after_an_error_a_second_draw_is_made_that_suffices_at_less_confidence(store, some, decide):
    outcomes = some(200)
    [draw] = drawn(store, outcomes)
    decide(draw.members, rejected={3})
    missing = proven(store, outcomes).accepted.missing_reviews
    [second] = drawn(store, outcomes)
    assert len(second.members) == missing
    decide(second.members)
    found = proven(store, outcomes).accepted
    assert (found.is_certified, found.looks) == (True, 2)
    assert found.confidence == pytest.approx(0.85)


def test_edits_of_another_maker_are_not_covered(store, some, decide):
    outcomes = some(60)
    [draw] = drawn(store, outcomes)
    decide(draw.members)
    both = outcomes + some(30, first=60, made_by="model 3")
    found = proven(store, both)
    assert found.accepted.is_certified
    assert found.accepted.accepted == 60
    assert found.proof.proven[Stratum.ACCEPTED].makers == ("model 2",)


def test_new_samples_of_another_kind_end_it_until_a_new_draw_is_judged(store, some, decide):
    outcomes = some(60)
    [draw] = drawn(store, outcomes)
    decide(draw.members)
    shifted = outcomes + some(30, first=60, sharp=0.4)
    found = proven(store, shifted).accepted
    assert not found.is_certified
    assert "sharp_fraction" in found.alarms[0]
    [anew] = drawn(store, shifted)
    assert anew.restarts
    decide(anew.members)
    again = proven(store, shifted).accepted
    assert again.is_certified
    assert (again.looks, again.decisions) == (1, 22)


def test_clear_changes_of_a_maker_that_draws_what_it_is_asked_for_join_the_accepted(
    store, some, decide
):
    outcomes = some(30) + some(40, first=100, stratum=Stratum.DIFF_ONLY)
    accepted, alone = drawn(store, outcomes)
    assert (alone.stratum, len(alone.members)) == ("diff_only", 22)
    decide(alone.members)
    found = proven(store, outcomes)
    assert found.proof.trusted == ("model 2",)
    assert len(members_of(Stratum.ACCEPTED, outcomes, found.proof.trusted)) == 70
    assert accepted.population == 30
    assert not found.accepted.is_certified  # none of the forty was drawn with the accepted


def test_trusted_changes_are_covered_only_once_they_were_drawn_with_the_accepted(
    store, some, decide
):
    outcomes = some(60) + some(40, first=100, stratum=Stratum.DIFF_ONLY)
    for draw in drawn(store, outcomes):
        decide(draw.members)
    found = proven(store, outcomes).accepted
    assert (found.is_certified, found.accepted, found.others) == (True, 60, 40)
    [anew] = drawn(store, outcomes)
    assert (anew.restarts, anew.population) == (True, 100)
    decide(anew.members)
    assert proven(store, outcomes).accepted.covered == 100


def test_one_bad_edit_keeps_a_maker_from_being_trusted(store, some, decide):
    outcomes = some(40, stratum=Stratum.DIFF_ONLY)
    [alone] = drawn(store, outcomes)
    decide(alone.members, rejected={0})
    assert proven(store, outcomes).proof.trusted == ()


def test_what_annotators_alone_propose_is_proven_by_decisions_of_its_own(store, some, decide):
    outcomes = some(60) + some(60, first=100, stratum=Stratum.TESTIMONY)
    draws = {draw.stratum: draw for draw in drawn(store, outcomes)}
    decide(draws["testimony"].members)
    found = proven(store, outcomes)
    assert set(found.proof.proven) == {Stratum.TESTIMONY}
    assert not found.accepted.is_certified


@pytest.mark.parametrize("more", [5, 30])
def test_a_draw_that_nobody_judged_covers_no_new_maker(store, some, decide, more):
    outcomes = some(60)
    [draw] = drawn(store, outcomes)
    decide(draw.members)
    both = outcomes + some(more, first=60, made_by="model 3")
    drawn(store, both)
    found = proven(store, both)
    assert found.accepted.covered in (0, 60)
    assert (
        "model 3" not in found.proof.proven.get(Stratum.ACCEPTED, Proven(cut=0, makers=())).makers
    )


def test_many_samples_of_a_new_maker_are_drawn_from_with_all_others_anew(store, some, decide):
    outcomes = some(60)
    [draw] = drawn(store, outcomes)
    decide(draw.members)
    few, many = some(5, first=60, made_by="model 3"), some(30, first=60, made_by="model 3")
    assert drawn(store, outcomes + few) == []
    [anew] = drawn(store, outcomes + many)
    assert (anew.restarts, anew.makers) == (True, ("model 2", "model 3"))


def test_where_all_makers_are_new_it_says_so_and_draws_anew(store, some, decide):
    outcomes = some(60) + some(60, first=100, stratum=Stratum.REPAIRED)
    for draw in drawn(store, outcomes):
        decide(draw.members)
    new = [each.model_copy(update={"made_by": "model 3"}) for each in outcomes]
    for certificate in proven(store, new).certificates:
        assert not certificate.is_certified
        assert "made by another prompt" in certificate.sentence
    assert [(d.stratum, d.restarts) for d in drawn(store, new)] == [
        ("accepted", True),
        ("repaired", True),
    ]


def test_throwing_out_what_was_found_wrong_proves_nothing_of_the_rest(store, some, decide):
    outcomes = some(200)
    [draw] = drawn(store, outcomes)
    decide(draw.members, rejected={3, 7})
    gone = {draw.members[3], draw.members[7]}
    left = [each for each in outcomes if each.decisions not in gone]
    found = proven(store, left).accepted
    assert (found.wrong, found.looks, found.is_certified) == (2, 1, False)


def test_once_all_is_drawn_no_empty_draw_is_made(store, some, decide):
    outcomes = some(12)
    [draw] = drawn(store, outcomes)
    decide(draw.members, rejected={0})
    assert drawn(store, outcomes) == drawn(store, outcomes) == []
    assert len(open_draws(store, "mugs")) == 1


def test_samples_that_took_the_place_of_others_are_watched_too(store, some, decide):
    outcomes = some(60)
    [draw] = drawn(store, outcomes)
    decide(draw.members)
    kept = [each for each in outcomes if each.decisions in set(draw.members)]
    [watch] = drawn(store, kept + some(38, first=200))
    assert len(watch.members) == 2


def test_trust_that_an_error_put_off_can_still_be_earned(store, some, decide):
    outcomes = some(120, stratum=Stratum.DIFF_ONLY)
    [first] = drawn(store, outcomes)
    decide(first.members, rejected={0})
    [second] = drawn(store, outcomes)
    decide(second.members)
    assert proven(store, outcomes).proof.trusted == ("model 2",)


def test_trust_ends_where_new_samples_are_of_another_kind(store, some, decide):
    outcomes = some(60, stratum=Stratum.DIFF_ONLY)
    [draw] = drawn(store, outcomes)
    decide(draw.members)
    assert proven(store, outcomes).proof.trusted
    shifted = outcomes + some(30, first=60, stratum=Stratum.DIFF_ONLY, sharp=0.4)
    assert proven(store, shifted).proof.trusted == ()


@pytest.mark.parametrize("way", CONTENT)
def test_a_damaged_decision_of_a_draw_is_named_and_nothing_is_proven_until_it_is_made_again(
    store, some, decide, way
):
    outcomes = some(60)
    [draw] = drawn(store, outcomes)
    decide(draw.members, rejected={3})
    path = f"{draw.members[3]}/00000001.json"
    damage(store, path, way)
    found = proven(store, outcomes)
    assert not found.accepted.is_certified
    assert not found.proof.has_any
    assert path in found.accepted.sentence
    assert drawn(store, outcomes) == []
    decide(draw.members)
    assert proven(store, outcomes).accepted.is_certified


@pytest.mark.parametrize("way", [*CONTENT, MISSING])
def test_a_damaged_draw_is_named_and_nothing_is_proven_from_the_others(store, some, decide, way):
    outcomes = some(200)
    [draw] = drawn(store, outcomes)
    decide(draw.members, rejected={3})
    [second] = drawn(store, outcomes)
    decide(second.members)
    assert proven(store, outcomes).accepted.is_certified
    path = "reviews/mugs/draws/00000001.json"
    damage(store, path, way)
    found = proven(store, outcomes)
    assert not found.proof.has_any
    assert path in found.accepted.sentence
    assert drawn(store, outcomes) == []
