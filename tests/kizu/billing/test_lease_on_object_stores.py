"""Leases of real processes on real object stores: killed, frozen, and with clocks that are off."""

import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager

import pytest

from kizu.billing.lease import _Lease
from kizu.store import Store

LEASE_S = 3.0  # 30 s of a build, made short; a busy machine must still renew it in time
PATIENCE_S = 60.0
FROZEN_S = 2 * LEASE_S  # as a minute is to the lease of a build

HOLD = """
import datetime, sys, time
url, key, lease_s, off_s = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])

true_time, true_datetime = time.time, datetime.datetime

class Off(true_datetime):
    @classmethod
    def now(cls, tz=None):
        return true_datetime.now(tz) + datetime.timedelta(seconds=off_s)

time.time = lambda: true_time() + off_s
from kizu.billing.lease import _Lease
from kizu.edit.editor import EditError
from kizu.store import Store
datetime.datetime = Off

with _Lease(Store(url), key, lease_s).hold(lambda: False) as check:
    print("held", flush=True)
    for _ in sys.stdin:
        try:
            check()
        except EditError:
            print("lost", flush=True)
        else:
            print("ours", flush=True)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]


@pytest.fixture(params=["s3_store", "azure_store"])
def store(request):
    return Store(request.getfixturevalue(request.param))


@pytest.fixture
def key():
    return uuid.uuid4().hex * 2


@contextmanager
def holder(store, key, off_s=0.0):
    """A process that holds the lease and answers each line with 'ours' or 'lost'."""
    command = [sys.executable, "-c", HOLD, store.url, key, str(LEASE_S), str(off_s)]
    process = subprocess.Popen(  # noqa: S603 - our own script
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def asked(process):
    process.stdin.write("?\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def takes_over(store, key, within_s):
    """Whether another worker gets the lease within so many seconds, and how long that took."""
    started = time.monotonic()
    until = started + within_s
    taken = _Lease(store, key, LEASE_S)._acquire(lambda: time.monotonic() > until)
    return taken, time.monotonic() - started


@pytest.mark.parametrize("off_s", [600.0, -600.0])
def test_a_clock_that_is_off_neither_loses_a_lease_nor_keeps_that_of_a_killed_holder(
    store, key, off_s
):
    with holder(store, key, off_s) as process:
        assert takes_over(store, key, 2 * LEASE_S)[0] is False
        assert asked(process) == "ours"
        process.kill()
        process.wait()
        taken, took_s = takes_over(store, key, PATIENCE_S)
        assert taken
        assert took_s >= LEASE_S


def test_a_frozen_holder_loses_the_lease_and_is_told_before_it_pays(store, key):
    with holder(store, key) as process:
        assert asked(process) == "ours"
        os.kill(process.pid, signal.SIGSTOP)
        frozen = time.monotonic()
        assert takes_over(store, key, PATIENCE_S)[0]
        time.sleep(max(0.0, frozen + FROZEN_S - time.monotonic()))
        os.kill(process.pid, signal.SIGCONT)
        assert asked(process) == "lost"
