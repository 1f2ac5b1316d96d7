import logging

import pytest

from kizu.shards import Failure, Refusal, ShardReport
from kizu.spec.errors import SpecError
from tasks.logs import log_in_sentences, log_report


@pytest.fixture
def logged(caplog, monkeypatch):
    """What was logged: level, message and traceback, once our filter stands before it."""
    log_in_sentences()
    log_in_sentences()
    for name in ("prefect.task_runs", "prefect.flow_runs"):
        monkeypatch.setattr(logging.getLogger(name), "handlers", [caplog.handler])
        monkeypatch.setattr(logging.getLogger(name), "propagate", False)
    return lambda: [(one.levelname, one.getMessage(), one.exc_info) for one in caplog.records]


def raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def test_an_error_of_ours_is_its_sentence_without_a_traceback(logged):
    error = raised(SpecError("images.path is missing; give the folder"))
    logging.getLogger("prefect.task_runs").error("Task run failed: %r", error, exc_info=error)
    assert logged() == [("ERROR", "images.path is missing; give the folder", None)]


def test_an_error_of_others_keeps_its_traceback(logged):
    error = raised(KeyError("x"))
    logging.getLogger("prefect.flow_runs").error("failed: %r", error, exc_info=error)
    [(_, message, traceback)] = logged()
    assert message == "failed: KeyError('x')"
    assert traceback


def test_that_a_task_has_ended_is_not_told_but_of_the_flow_it_is(logged):
    for name in ("prefect.task_runs", "prefect.flow_runs"):
        logging.getLogger(name).warning("Finished in state Completed()")
    assert [message for _, message, _ in logged()] == ["Finished in state Completed()"]


def told_of(report, logged, monkeypatch):
    monkeypatch.setattr("tasks.logs.get_run_logger", lambda: logging.getLogger("prefect.task_runs"))
    monkeypatch.setattr(logging.getLogger("prefect.task_runs"), "level", logging.INFO)
    log_report(report, "edits")
    return [(level, message) for level, message, _ in logged()]


def test_a_shard_is_one_line_and_what_a_person_should_know_are_warnings(logged, monkeypatch):
    report = ShardReport(
        stage="edit",
        made=2,
        kept=10,
        refused=1,
        waiting=("f",),
        failures=(Failure(sample_id="d", stage="edit", reason="it timed out"),),
        stopped="budget reached: 3 of 3 requests are used",
        refusals=(Refusal(sample_id="c", reason="the prompt was refused"),),
        paid="0.12 USD",
        seconds=4.13,
    )
    line = "15 edits: 2 made, 10 kept, 1 refused, 1 failed, 1 waiting, 0.12 USD, 4.1 s"
    assert told_of(report, logged, monkeypatch) == [
        ("INFO", line),
        ("WARNING", "c was refused: the prompt was refused"),
        ("WARNING", "d failed: it timed out"),
        ("WARNING", "budget reached: 3 of 3 requests are used"),
    ]


def test_of_many_refusals_some_are_told_and_how_many_more_there_are(logged, monkeypatch):
    refusals = tuple(Refusal(sample_id=str(n), reason="no") for n in range(9))
    report = ShardReport(
        stage="edit", made=0, kept=0, refused=9, waiting=(), failures=(), refusals=refusals
    )
    told = told_of(report, logged, monkeypatch)
    assert len(told) == 7
    assert told[-1] == ("WARNING", "and 4 more; the artifacts name them all")
