import os
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from kizu.edit.claims import _Lease, claim
from kizu.edit.editor import EditError
from kizu.store import Store

KEY = "ab" * 32


@pytest.fixture(params=["local", "object store"])
def any_store(request, tmp_path):
    local = str(tmp_path / "store")
    return Store(local if request.param == "local" else f"objects://{uuid.uuid4().hex}")


def never():
    return False


def test_only_one_at_a_time_holds_a_claim(any_store):
    inside, most = [], []

    def work(number):
        with claim(any_store, KEY, never):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(12)))
    assert max(most) == 1
    assert len(most) == 12


def test_who_waits_goes_on_once_the_edit_is_there(any_store):
    with claim(any_store, KEY, never), claim(any_store, KEY, lambda: True):
        pass


def test_claims_on_other_edits_are_free(any_store):
    with claim(any_store, KEY, never), claim(any_store, "cd" * 32, never):
        pass


HOLD = """
import sys, time
from kizu.edit.claims import claim
from kizu.store import Store
with claim(Store(sys.argv[1]), sys.argv[2], lambda: False):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_holder_blocks_nobody(tmp_path):
    store = Store(str(tmp_path / "store"))
    holder = subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", HOLD, store.url, KEY], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    started = time.monotonic()
    with claim(store, KEY, never):
        assert time.monotonic() - started < 15


def test_a_lease_that_nobody_renews_is_taken_over_and_the_old_owner_is_told():
    store = Store(f"objects://{uuid.uuid4().hex}")
    dead = _Lease(store, KEY, lease_s=0.2)
    assert dead._acquire(never)
    started = time.monotonic()
    with _Lease(store, KEY, lease_s=0.2).hold(never) as check:
        assert 0.2 <= time.monotonic() - started < 15
        check()
        with pytest.raises(EditError, match="another worker took this edit over"):
            dead._check()


def test_a_lease_that_is_renewed_is_not_taken_over():
    store = Store(f"objects://{uuid.uuid4().hex}")
    waited_until = time.monotonic() + 2.0
    with _Lease(store, KEY, lease_s=0.8).hold(never) as check:
        other = _Lease(store, KEY, lease_s=0.8)
        assert not other._acquire(lambda: time.monotonic() > waited_until)
        check()
