import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.learning.suggestions import planned_rows, suggestions
from kizu.learning.yields import YieldRow


def row(defect_type="scratch", **counts) -> YieldRow:
    return YieldRow(defect_type=defect_type, prompt=f"a {defect_type}", **counts)


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (
            {"refused": 5, "accepted": 1},
            "5 of 6 edits were refused; reword it.",
        ),
        (
            {"unchanged": 12, "rejected": 12, "accepted": 8},
            "12 of 20 edits show no change; describe it more strongly, or give it a region.",
        ),
        (
            {"unchanged": 18, "rejected": 18, "accepted": 2},
            (
                "18 of 20 edits show no change; describe it more strongly, or give it a region, "
                "or drop it."
            ),
        ),
        (
            {"redrawn": 9, "review": 10},
            "9 of 10 edits redraw the whole picture; ask for less, or try another model.",
        ),
        (
            {"side_effect": 9, "review": 10},
            (
                "9 of 10 edits change something else as well; say what must stay as it is, or give "
                "it a region."
            ),
        ),
        (
            {"wrong_kind": 9, "review": 10},
            (
                "9 of 10 edits look like another defect of the dataset; say what sets it apart, in "
                "the prompt or the phrases."
            ),
        ),
        (
            {"struck": 8, "rejected": 8, "accepted": 4},
            "8 of 12 edits were rejected by people; reword it.",
        ),
    ],
)
def test_a_cause_that_surely_spoils_many_edits_is_told_with_its_cure(counts, sentence):
    assert suggestions([row(**counts)]) == [f'scratch ("a scratch"): {sentence}']


@given(st.integers(0, 4), st.integers(0, 4))
def test_few_edits_prove_nothing(refused, unchanged):
    few = min(refused, 4 - unchanged)
    assert suggestions([row(refused=few, unchanged=unchanged, rejected=unchanged)]) == []


@given(st.integers(5, 400), st.data())
def test_a_share_of_a_quarter_is_never_told_and_of_a_half_always_where_numbers_suffice(of, data):
    quarter = data.draw(st.integers(0, of // 4))
    assert suggestions([row(unchanged=quarter, rejected=quarter, accepted=of - quarter)]) == []
    if of >= 20:
        half = data.draw(st.integers((of + 1) // 2, of))
        assert suggestions([row(unchanged=half, rejected=half, accepted=of - half)])


def test_what_waits_for_review_is_no_ground_to_drop_a_prompt():
    assert suggestions([row(review=200, cost_usd=8.0), row("hole", accepted=9, cost_usd=0.3)]) == []


def test_labels_that_surely_cost_much_more_than_the_others_are_told():
    dear = row(accepted=4, rejected=36, cost_usd=7.6)
    cheap = [row(name, accepted=30, cost_usd=9.0) for name in ("hole", "crack")]
    assert suggestions([dear, *cheap]) == [
        (
            'scratch ("a scratch"): an accepted label costs 1.90 USD, the median of the others is '
            "0.30; reword or drop it."
        )
    ]
    assert suggestions([dear]) == []


def test_money_that_brought_no_label_is_told():
    [sentence] = suggestions(
        [row(rejected=40, cost_usd=8.0), row("hole", accepted=30, cost_usd=6.0)]
    )
    assert "8.00 USD brought no accepted label, the median of the others is 0.20" in sentence


def test_free_edits_have_no_cost_to_complain_of():
    free = row(accepted=4, rejected=4, cost_usd=0.0)
    assert suggestions([free, row("hole", accepted=40, cost_usd=0.0)]) == []


def test_only_prompts_of_the_plan_by_its_model_are_spoken_of():
    old, other, refused = (
        row("hole", refused=9),
        row(refused=8).model_copy(update={"model": "flux"}),
        row(refused=7),
    )
    mine = row(refused=6).model_copy(update={"model": "gpt-image-2"})
    plan = {("scratch", "a scratch")}
    assert planned_rows([old, other, refused, mine], plan, "gpt-image-2") == [refused, mine]


def test_a_long_prompt_is_cut_at_a_word():
    long = YieldRow(defect_type="dent", prompt="a dent of some depth " * 9, refused=9)
    [sentence] = suggestions([long])
    assert '...")' in sentence
    assert len(sentence) < 130


def test_without_a_known_prompt_the_defect_is_named_alone():
    [sentence] = suggestions([YieldRow(defect_type="dent", refused=9)])
    assert sentence.startswith("dent: 9 of 9 edits were refused;")
