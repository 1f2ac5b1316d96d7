"""Ctrl-C during a build: the first stops it in good order, the second at once."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from kizu.cancellation import forget_interruption, interrupt

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_STOPPED_BY: Final = 128
"""What shells add to a signal's number in an exit status."""

_taken_over: Callable[[], None] | None = None


class Interruption:
    """The signal that stopped a build, if one did.

    Attributes:
        exit_status: What the command ends with; 130 after Ctrl-C, 0 while there was no signal.
    """

    exit_status = 0


@contextmanager
def stopping_in_order(
    say: Callable[[str], None], end: Callable[[], None]
) -> Iterator[Interruption]:
    """Have signals stop what the block does: what is under way ends, nothing more is begun.

    Signals come to the main thread; in another one, nothing changes.

    Args:
        say: Tells the user what is waited for.
        end: Ends at once what else was started, before the process ends after a second signal.
    """
    global _taken_over  # noqa: PLW0603 - signals are the process's
    told = Interruption()

    def stop(number: int, _: FrameType | None) -> None:
        if interrupt():
            told.exit_status = _STOPPED_BY + number
            say(
                "Stopping: nothing more is asked for, and the calls under way are waited for; "
                "once more ends at once."
            )
        else:
            end()
            os._exit(_STOPPED_BY + number)

    def take_over() -> None:
        for number in _SIGNALS:
            signal.signal(number, stop)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        with contextlib.suppress(ValueError):  # not the main thread
            take_over()
            _taken_over = take_over
        yield told
    finally:
        _taken_over = None
        forget_interruption()
        with contextlib.suppress(ValueError):
            for number, handler in before.items():
                signal.signal(number, handler)


def take_signals_back() -> None:
    """Handle signals again as ``stopping_in_order`` does, where another has come to handle them."""
    if _taken_over is not None:
        _taken_over()
