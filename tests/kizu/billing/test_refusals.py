from hypothesis import given
from hypothesis import strategies as st

from kizu.billing.refusals import (
    PromptAnswers,
    given_up,
    is_given_up,
    may_ask_too,
    prompt_name,
)

COUNTS = st.integers(0, 50)


@given(answers=st.lists(st.booleans(), max_size=5))
def test_three_refusals_among_the_first_five_answers_are_enough(answers):
    refused = sum(answers)
    known = PromptAnswers(edited=len(answers) - refused, refused=refused)
    assert is_given_up(known, 3) == (refused >= 3)


@given(edited=COUNTS, refused=COUNTS)
def test_zero_asks_on_whatever_was_refused(edited, refused):
    assert not is_given_up(PromptAnswers(edited=edited, refused=refused), 0)


@given(edited=COUNTS, refused=COUNTS, most=st.integers(1, 9), under_way=st.integers(1, 9))
def test_what_is_under_way_cannot_bring_more_refusals_than_are_enough(
    edited, refused, most, under_way
):
    known = PromptAnswers(edited=edited, refused=refused)
    if edited < most and may_ask_too(known, under_way, most):
        assert not is_given_up(known.model_copy(update={"refused": refused + under_way}), most)


def test_a_prompt_is_named_by_its_words_its_model_and_who_answers():
    names = {
        prompt_name("a cut", "gpt-image-1", emulated=False),
        prompt_name("a cut", "gpt-image-1", emulated=True),
        prompt_name("a cut", "gpt-image-2", emulated=False),
        prompt_name("a dent", "gpt-image-1", emulated=False),
    }
    assert len(names) == 4
    assert prompt_name("", "gpt-image-1", emulated=False) == ""


def test_the_sentence_names_words_that_may_be_at_fault():
    assert "say 'with a red-brown liquid mark' for 'bleeding'" in given_up("a bleeding cut", 3)
    assert "reword it" in given_up("a cut", 3)
