"""Signals that stop a build, however they arrive."""

import os
import signal
import subprocess
import sys
import time
from threading import Event, Thread, get_ident

import pytest
from served import PATIENCE_S

from kizu.cancellation import InterruptedByUserError, raise_if_interrupted
from kizu.signals import stopping_in_order, take_signals_back

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def nothing():
    """End nothing."""


def nothing_said(words):
    """Say nothing."""


def is_interrupted():
    try:
        raise_if_interrupted()
    except InterruptedByUserError:
        return True
    return False


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


@SIGNALS
def test_a_signal_that_another_thread_gets_stops_work_while_the_main_thread_waits(number):
    seen, said = Event(), []

    def work():
        time.sleep(0.2)  # until the main thread waits
        signal.pthread_kill(get_ident(), number)
        if until(is_interrupted):
            seen.set()

    with stopping_in_order(said.append, nothing) as interruption:
        worker = Thread(target=work)
        worker.start()
        worker.join()  # as a build waits for its tasks: no handler is called meanwhile
        assert seen.is_set()
    assert interruption.exit_status == 128 + number
    assert [words.split(":")[0] for words in said] == ["Stopping"]


@SIGNALS
def test_afterwards_signals_do_what_they_did_and_work_goes_on(number):
    before = signal.getsignal(number), signal.set_wakeup_fd(-1)
    with stopping_in_order(nothing_said, nothing):
        os.kill(os.getpid(), number)
        assert until(is_interrupted)
    assert not is_interrupted()
    assert (signal.getsignal(number), signal.set_wakeup_fd(-1)) == before
    take_signals_back()
    assert signal.getsignal(number) == before[0]


def test_a_signal_that_another_handles_stops_nothing():
    got = []
    with stopping_in_order(nothing_said, nothing) as interruption:
        signal.signal(signal.SIGTERM, lambda number, _: got.append(number))
        os.kill(os.getpid(), signal.SIGTERM)
        assert until(lambda: got)
    assert interruption.exit_status == 0


def test_signals_that_another_has_come_to_handle_are_taken_back():
    got = []
    with stopping_in_order(nothing_said, nothing) as interruption:
        signal.signal(signal.SIGTERM, lambda number, _: got.append(number))
        take_signals_back()
        os.kill(os.getpid(), signal.SIGTERM)
        assert until(is_interrupted)
    assert not got
    assert interruption.exit_status == 143


def test_in_another_thread_nothing_changes():
    found = []

    def block():
        before = signal.getsignal(signal.SIGINT)
        with stopping_in_order(nothing_said, nothing):
            take_signals_back()
            found.append(signal.getsignal(signal.SIGINT) is before)

    thread = Thread(target=block)
    thread.start()
    thread.join()
    assert found == [True]


@SIGNALS
def test_the_second_signal_ends_at_once_however_busy_the_main_thread_is(number):
    program = """
import sys, threading
from kizu.signals import stopping_in_order
say = lambda words: print("told", flush=True)
with stopping_in_order(say, lambda: print("ended", flush=True)):
    print("ready", flush=True)
    threading.Event().wait()
"""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == "told\n"
        process.send_signal(number)
        assert process.stdout.read() == "ended\n"
        assert process.wait(PATIENCE_S) == 128 + number
