from kizu.agree.verdict import Verdict
from kizu.publish.outcomes import Outcome, SampleStatus
from kizu.sources import Inventory, Skipped
from kizu.summary import BuildSummary, next_steps, summarize


def outcome(number: int, status: SampleStatus, verdict: Verdict | None = None, **fields) -> Outcome:
    values = {
        "sample_id": f"s{number:03d}",
        "defect_type": "hole",
        "status": status,
        "reason": "busy",
        "verdict": verdict,
        "edit_key": "e",
        "output_keys": ("k",),
        "cost_usd": None if status is SampleStatus.FAILED else 0.04,
    }
    return Outcome(**{**values, **fields})


MIXED = [
    outcome(0, SampleStatus.JUDGED, Verdict.ACCEPT),
    outcome(1, SampleStatus.JUDGED, Verdict.REVIEW),
    outcome(2, SampleStatus.JUDGED, Verdict.REJECT),
    outcome(3, SampleStatus.REFUSED),
    outcome(4, SampleStatus.FAILED),
    outcome(5, SampleStatus.UNFINISHED, defect_type="crack"),
]


def summary(outcomes, skipped=(), version="0123", latest="0123"):
    return summarize(
        outcomes,
        Inventory((), tuple(skipped)),
        dataset="mugs",
        version=version,
        latest=latest,
        is_new=True,
        note="",
        dataset_address="/d",
        report_address="/r",
    )


def test_a_build_without_a_verdict_says_that_nothing_is_published():
    steps = next_steps(summary([outcome(0, SampleStatus.FAILED)], version="", latest="0122"))
    assert steps[0] == "Nothing is published: no sample came as far as a verdict."


def test_a_version_that_is_not_the_latest_says_so_and_how_to_change_that():
    [step, *_] = next_steps(summary(MIXED, latest="0122"))
    assert "Version 0123 is published, but the latest version stays 0122" in step
    assert "publish.latest" in step


def test_a_summary_of_an_older_kizu_is_read():
    older = summary(MIXED).model_dump(mode="json")
    del older["latest"]
    assert BuildSummary.model_validate(older).latest == ""


def test_what_the_emulator_answered_cost_nothing():
    emulated = outcome(0, SampleStatus.JUDGED, Verdict.ACCEPT, emulated=True)
    assert summary([emulated]).cost_usd == 0


def test_every_sample_is_counted_once():
    found = summary(MIXED)
    assert (found.accepted, found.review, found.rejected, found.refused) == (1, 1, 1, 1)
    assert found.failed == 2
    assert found.cost_usd == 0.2
    assert found.headline == ("6 samples: 1 accepted, 1 to review, 1 rejected, 1 refused, 2 failed")


def test_one_unknown_price_makes_the_sum_unknown():
    free = outcome(6, SampleStatus.JUDGED, Verdict.ACCEPT, cost_usd=None)
    assert summary([*MIXED, free]).cost_usd is None


def test_the_most_urgent_step_comes_first():
    steps = next_steps(summary(MIXED, [Skipped("x.txt", "no image")]))
    assert steps[0].startswith("2 samples failed (busy). Mend the cause and build again")
    assert len(steps) == 5
    assert next_steps(summary(MIXED[:1])) == ["Train on /d; samples.parquet lists it."]


def test_without_an_annotator_the_way_out_is_told():
    lacking = {"note": "Samples are not grounded: x", "is_grounded": False}
    unconfirmed = summary([MIXED[1]]).model_copy(update=lacking)
    assert "agree.without_grounding" in next_steps(unconfirmed)[-1]


def test_where_another_annotator_looked_nobody_is_told_that_none_did():
    confirmed = summary([MIXED[1]]).model_copy(update={"note": "clipseg does not look: x"})
    assert not any("agree.without_grounding" in step for step in next_steps(confirmed))


def test_samples_that_wait_are_no_failures_and_prompts_given_up_are_told_once():
    given_up = "edit: 'a bleeding cut' is not asked for any more photos"
    counted = summary(
        [
            outcome(0, SampleStatus.FAILED),
            outcome(1, SampleStatus.WAITING),
            outcome(2, SampleStatus.UNASKED, reason=given_up),
            outcome(3, SampleStatus.UNASKED, reason=given_up),
        ]
    )
    assert (counted.failed, counted.waiting, counted.unasked) == (2, 1, 2)
    assert counted.headline.endswith("2 not asked, 1 failed, 1 waiting")
    assert sum("'a bleeding cut'" in step for step in next_steps(counted)) == 1
