import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from kizu.agree.verdict import Reason, Verdict
from kizu.learning.yields import YieldRow, to_csv, total_yield, yield_rows, yields_by_defect
from kizu.publish.outcomes import SampleStatus

COUNTS = [name for name, field in YieldRow.model_fields.items() if field.annotation is int]


def test_yields_are_counted_per_defect_prompt_and_model_in_order_of_appearance(outcome):
    rows = yield_rows(
        [
            outcome(Reason.AGREE),
            outcome(Reason.AGREE, prompt="a deep hole"),
            outcome(Reason.AGREE, model="flux"),
            outcome(Reason.AGREE, defect_type="crack"),
            outcome(Reason.NOT_GROUNDED),
        ]
    )
    assert [(row.defect_type, row.prompt, row.model, row.planned) for row in rows] == [
        ("hole", "a hole", "gpt-image-2", 2),
        ("hole", "a deep hole", "gpt-image-2", 1),
        ("hole", "a hole", "flux", 1),
        ("crack", "a hole", "gpt-image-2", 1),
    ]


def test_every_sample_is_counted_once_by_how_far_it_came(outcome):
    [row] = yield_rows(
        [
            outcome(Reason.AGREE),
            outcome(Reason.SIDE_EFFECT),
            outcome(Reason.WRONG_KIND),
            outcome(Reason.REDRAWN),
            outcome(Reason.NO_VISIBLE_CHANGE),
            outcome(SampleStatus.REFUSED),
            outcome(SampleStatus.FAILED),
            outcome(SampleStatus.UNFINISHED),
        ]
    )
    assert (row.accepted, row.review, row.rejected, row.refused, row.failed) == (1, 3, 1, 1, 2)
    assert (row.unchanged, row.redrawn, row.side_effect, row.wrong_kind) == (1, 1, 1, 1)
    assert (row.planned, row.edited, row.judged, row.answered) == (8, 6, 5, 6)


def test_refusals_count_with_the_model_of_the_build_where_there_is_one_only(outcome):
    refused, other = outcome(SampleStatus.REFUSED), outcome(Reason.AGREE, model="flux")
    [row] = yield_rows([refused, outcome(Reason.AGREE)])
    assert (row.model, row.refused, row.accepted) == ("gpt-image-2", 1, 1)
    assert len(yield_rows([refused, outcome(Reason.AGREE), other])) == 3


def test_what_a_person_accepts_is_no_fault_of_the_prompt(outcome):
    decided = [
        outcome(reason, Verdict.ACCEPT, decision_key="d")
        for reason in (Reason.NO_VISIBLE_CHANGE, Reason.REDRAWN, Reason.SIDE_EFFECT)
    ]
    [row] = yield_rows(decided)
    assert (row.accepted, row.unchanged, row.redrawn, row.side_effect) == (3, 0, 0, 0)


def test_what_a_person_rejects_counts_once_as_struck_or_by_what_the_verdict_found(outcome):
    [row] = yield_rows(
        [
            outcome(Reason.AGREE, Verdict.REJECT, decision_key="d"),
            outcome(Reason.WRONG_KIND, Verdict.REJECT, decision_key="d"),
            outcome(Reason.NO_VISIBLE_CHANGE),
        ]
    )
    assert (row.struck, row.wrong_kind, row.unchanged, row.rejected) == (1, 1, 1, 3)


def test_certified_labels_are_counted(outcome):
    [row] = yield_rows([outcome(Reason.AGREE, certified=True), outcome(Reason.AGREE)])
    assert (row.certified, row.accepted) == (1, 2)


def test_an_accepted_label_bears_the_cost_of_all_edits(outcome):
    [row] = yield_rows([outcome(Reason.AGREE), outcome(Reason.REDRAWN), outcome(Reason.UNSHARP)])
    assert row.usd_per_accepted == 0.12
    [none] = yield_rows([outcome(Reason.REDRAWN)])
    assert none.usd_per_accepted is None


def test_one_unknown_price_makes_the_cost_unknown_but_failures_cost_nothing(outcome):
    [row] = yield_rows([outcome(Reason.AGREE), outcome(Reason.AGREE, cost_usd=None)])
    assert row.cost_usd is row.usd_per_accepted is None
    [row] = yield_rows([outcome(Reason.AGREE), outcome(SampleStatus.FAILED)])
    assert row.cost_usd == 0.04


def test_what_the_emulator_answered_cost_nothing(outcome):
    [row] = yield_rows([outcome(Reason.AGREE, emulated=True)])
    assert row.cost_usd == 0


@given(st.lists(st.tuples(*[st.integers(0, 9)] * len(COUNTS), st.sampled_from("abc"))))
def test_sums_per_defect_keep_every_count(numbers):
    rows = [
        YieldRow(defect_type=defect, cost_usd=0.5, **dict(zip(COUNTS, counts, strict=True)))
        for *counts, defect in numbers
    ]
    assert total_yield(yields_by_defect(rows), "all") == total_yield(rows, "all")


def test_the_csv_gives_every_column_and_leaves_open_what_is_unknown(outcome):
    rows = yield_rows([outcome(Reason.AGREE, prompt='a "deep", round hole', cost_usd=None)])
    [read] = csv.DictReader(io.StringIO(to_csv(rows)))
    assert read["prompt"] == 'a "deep", round hole'
    assert (read["accepted"], read["cost_usd"], read["usd_per_accepted"]) == ("1", "", "")
