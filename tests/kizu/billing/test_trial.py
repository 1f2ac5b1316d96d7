"""What failures of edits say of edits that were not asked for yet."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.billing.trial import Asked, Trial
from kizu.edit.editor import EditError, EditWaitsError, StopEditingError

MOST = 3


def ask(trial, photo, prompt, cause=None, most=MOST):
    """Ask for one edit; with a cause it fails."""
    with trial.turn(Asked(photo, prompt), most, lambda: None):
        if cause is not None:
            raise EditError(f"it failed: {cause}", cause=cause)


def fails(trial, photo, prompt, cause):
    with pytest.raises(EditError) as caught:
        ask(trial, photo, prompt, cause)
    return type(caught.value)


def test_equal_failures_in_a_row_stop_everything_with_their_sentence():
    trial = Trial()
    assert fails(trial, "a", "hole", "no credit") is EditError
    assert fails(trial, "b", "stain", "no credit") is EditError
    with pytest.raises(StopEditingError, match="3 edits in a row failed alike: it failed: no cred"):
        ask(trial, "c", "hole", "no credit")


@given(causes=st.lists(st.sampled_from(["x", "y", "", None]), max_size=12))
def test_other_failures_stop_nothing_and_what_comes_through_starts_the_count_anew(causes):
    trial, row = Trial(), []
    for number, cause in enumerate(causes):
        row = [] if cause is None else row + [cause] * bool(cause)
        is_stop = len(row) >= MOST and len(set(row[-MOST:])) == 1
        if cause is None:
            ask(trial, f"photo {number}", f"prompt {number}")
        else:
            kind = fails(trial, f"photo {number}", f"prompt {number}", cause)
            assert (kind is StopEditingError) == (is_stop and bool(cause))
            if kind is StopEditingError:
                break


@pytest.mark.parametrize(
    ("asked", "waits", "goes_on"),
    [
        (["ax", "ay", "az"], ("a", "w"), ("b", "w")),
        (["ax", "bx", "cx"], ("d", "x"), ("a", "y")),
    ],
)
def test_a_photo_or_prompt_that_fails_alone_waits_alone(asked, waits, goes_on):
    trial = Trial()
    assert [fails(trial, *each, "bad input") for each in asked] == [EditError] * 3
    with pytest.raises(EditWaitsError, match="3 edits in a row failed alike"):
        ask(trial, *waits)
    ask(trial, *goes_on)
    with pytest.raises(EditWaitsError):
        ask(trial, *waits)


@pytest.mark.parametrize("asked", [["ax", "ay", "az"], ["ax", "bx", "cx"]])
def test_that_all_others_fail_alike_as_well_stops_everything(asked):
    trial = Trial()
    for each in asked:
        fails(trial, *each, "no credit")
    assert fails(trial, "d", "w", "no credit") is StopEditingError


def test_where_there_is_one_prompt_it_is_not_suspected():
    trial = Trial(is_only_prompt=True)
    assert [fails(trial, photo, "x", "no credit") for photo in "abc"][-1] is StopEditingError


def test_before_anything_has_come_through_only_so_many_are_under_way():
    trial, together = Trial(), Barrier(MOST + 1, timeout=0.5)

    def wait_for_one_more(number):
        with trial.turn(Asked(f"{number}", f"{number}"), MOST, lambda: None):
            together.wait()

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(wait_for_one_more, number) for number in range(MOST + 1)]
    errors = [each.exception() for each in asked]
    assert all(isinstance(error, BrokenBarrierError) for error in errors)


def test_once_one_has_come_through_all_may_be_under_way():
    trial, together = Trial(), Barrier(8, timeout=60)
    ask(trial, "a", "x")

    def wait_for_all(number):
        with trial.turn(Asked(f"{number}", f"{number}"), MOST, lambda: None):
            together.wait()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(wait_for_all, range(8)))


def test_who_waits_for_a_turn_while_another_finds_a_stop_is_not_asked_for():
    trial, asked = Trial(), []

    def ask_second():
        with trial.turn(Asked("b", "y"), 1, lambda: None):
            asked.append("b")

    with ThreadPoolExecutor(1) as pool:
        with suppress(StopEditingError), trial.turn(Asked("a", "x"), 1, lambda: None):
            second = pool.submit(ask_second)
            raise StopEditingError("no credit")
        with pytest.raises(StopEditingError, match="no credit"):
            second.result()
    assert asked == []


def test_who_waits_for_a_turn_hears_of_a_stop():
    trial, stops = Trial(), iter([None, StopEditingError("enough")])

    def look():
        if error := next(stops):
            raise error

    with (
        trial.turn(Asked("a", "x"), 1, lambda: None),
        pytest.raises(StopEditingError, match="enough"),
        trial.turn(Asked("b", "y"), 1, look),
    ):
        raise AssertionError("it had its turn")


def test_edits_of_a_prompt_wait_for_each_other_where_that_is_asked():
    trial, seen = Trial(), []

    def one_at_a_time(under_way):
        seen.append(under_way)
        return under_way == 0

    def ask_second():
        with trial.turn(Asked("b", "x"), MOST, lambda: None, one_at_a_time):
            pass

    with ThreadPoolExecutor(1) as pool:
        with trial.turn(Asked("a", "x"), MOST, lambda: None, one_at_a_time):
            second = pool.submit(ask_second)
            while 1 not in seen:
                pass
            assert not second.done()
        second.result(timeout=60)
    assert seen[-1] == 0


def test_where_prompts_are_not_known_none_is_suspected():
    trial = Trial()
    assert [fails(trial, photo, "", "no credit") for photo in "abc"][-1] is StopEditingError
