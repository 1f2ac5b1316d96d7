"""Ctrl-C during a build: the first stops it in good order, the second at once."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread, current_thread, main_thread
from types import FrameType
from typing import Final

from kizu.cancellation import forget_interruption, interrupt

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_STOPPED_BY: Final = 128
"""What shells add to a signal's number in an exit status."""

_is_listening = False


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

    Python calls a signal's handler in the main thread once that has something to do, and the main
    thread of a build waits: for as long as everything that was begun takes, where the signal came
    to another thread. So a thread of its own is told of signals, by the file descriptor that the
    interpreter writes them to as they arrive.

    Signals come to the main thread; in another one, nothing changes.

    Args:
        say: Tells the user what is waited for.
        end: Ends at once what else was started, before the process ends after a second signal.
    """
    told = Interruption()
    if current_thread() is not main_thread():
        yield told
        return

    def stop(number: int) -> None:
        if interrupt():
            told.exit_status = _STOPPED_BY + number
            say(
                "Stopping: nothing more is asked for, and the calls under way are waited for; "
                "once more ends at once."
            )
        else:
            end()
            os._exit(_STOPPED_BY + number)

    try:
        with _calling_on_signal(stop), _leaving_to_listener():
            yield told
    finally:
        forget_interruption()


@contextmanager
def _calling_on_signal(stop: Callable[[int], None]) -> Iterator[None]:
    """Call a function with the number of each signal that is ours, in a thread of its own."""
    arriving, arrived = socket.socketpair()

    def listen() -> None:
        while number := arrived.recv(1):
            if signal.getsignal(number[0]) is _leave_to_listener:  # or another handles it
                stop(number[0])

    listener = Thread(target=listen, name="signals", daemon=True)
    with arriving, arrived:
        arriving.settimeout(0)  # as the interpreter wants it
        before = signal.set_wakeup_fd(arriving.fileno(), warn_on_full_buffer=False)
        listener.start()
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            arriving.shutdown(socket.SHUT_WR)
            listener.join()


@contextmanager
def _leaving_to_listener() -> Iterator[None]:
    """Have signals do nothing by themselves while the block runs."""
    global _is_listening  # noqa: PLW0603 - signals are the process's
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    _is_listening = True
    try:
        take_signals_back()
        yield
    finally:
        _is_listening = False
        for number, handler in before.items():
            signal.signal(number, handler)


def take_signals_back() -> None:
    """Handle signals again as ``stopping_in_order`` does, where another has come to handle them."""
    if _is_listening and current_thread() is main_thread():
        for number in _SIGNALS:
            signal.signal(number, _leave_to_listener)


def _leave_to_listener(number: int, _: FrameType | None) -> None:
    """Do nothing in the main thread; signals without a handler would not be told of."""
