"""What Prefect's logs say: sentences where people can do something, and nothing twice.

Prefect logs the end of every task and the traceback of every exception. That tasks completed is
seen in the list of tasks; where an error of kizu's own is one sentence that says what is wrong and
the way out, the traceback below it hides the sentence.
"""

import logging
from typing import Final

from prefect import get_run_logger

from kizu.shards import ShardReport

_OWN: Final = ("kizu", "tasks", "flows")
_LOGGERS: Final = ("prefect.task_runs", "prefect.flow_runs")
_ENDED: Final = tuple(f"Finished in state {name}(" for name in ("Completed", "Cached", "Failed"))
"""What Prefect says of every task, as its list of tasks does; a failure has a line of its own."""

_MOST_TOLD: Final = 5
"""Refusals and failures of a shard that are told one by one; the table of failed ones has all."""


class _Sentences(logging.Filter):
    """Turns our own exceptions into their sentences, and drops that a task has ended."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change a record; return False to drop it."""
        if record.name == _LOGGERS[0] and record.getMessage().startswith(_ENDED):
            return False
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and type(error).__module__.partition(".")[0] in _OWN:
            record.msg, record.args, record.exc_info = str(error), (), None
        return True


_SENTENCES: Final = _Sentences()


def log_in_sentences() -> None:
    """Have the logs of this process's runs say what a person needs; twice is as once."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_SENTENCES)


def log_report(report: ShardReport, noun: str) -> None:
    """Log what a stage did for a shard: a line, and why samples were refused, failed or stopped.

    Args:
        report: What it did.
        noun: What the stage makes.
    """
    logger = get_run_logger()
    logger.info(report.in_words(noun))
    told = [f"{one.sample_id} was refused: {one.reason}" for one in report.refusals]
    told += [f"{one.sample_id} failed: {one.reason}" for one in report.failures]
    for sentence in told[:_MOST_TOLD]:
        logger.warning(sentence)
    if len(told) > _MOST_TOLD:
        logger.warning("and %d more; the artifacts name them all", len(told) - _MOST_TOLD)
    if report.stopped:
        logger.warning(report.stopped)
