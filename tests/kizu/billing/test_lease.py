import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import ClassVar

import fsspec
import pytest

from kizu.billing.lease import _Lease, hold_lease
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
        with hold_lease(any_store, KEY, never):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(12)))
    assert max(most) == 1
    assert len(most) == 12


def test_who_waits_goes_on_once_the_edit_is_there(any_store):
    with hold_lease(any_store, KEY, never), hold_lease(any_store, KEY, lambda: True):
        pass


def test_claims_on_other_edits_are_free(any_store):
    with hold_lease(any_store, KEY, never), hold_lease(any_store, "cd" * 32, never):
        pass


HOLD = """
import sys, time
from kizu.billing.lease import hold_lease
from kizu.store import Store
with hold_lease(Store(sys.argv[1]), sys.argv[2], lambda: False):
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
    with hold_lease(store, KEY, never):
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


class CountingStore(fsspec.get_filesystem_class("objects")):
    """An object store that counts what is asked of it."""

    protocol = "counting"
    requests: ClassVar = Counter()

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.replace("counting://", "memory://"))

    def find(self, path, **options):
        self.requests["list"] += 1
        return super().find(path, **options)

    def info(self, path, **options):
        self.requests["stat"] += 1
        return super().info(path, **options)

    def cat_file(self, path, **options):
        self.requests["get"] += 1
        return super().cat_file(path, **options)


fsspec.register_implementation("counting", CountingStore)


def test_waiting_for_a_claim_asks_an_object_store_ever_more_rarely():
    store = Store(f"counting://{uuid.uuid4().hex}")
    waiting = _Lease(store, KEY)
    until = time.monotonic() + 4.0
    with _Lease(store, KEY).hold(never):
        CountingStore.requests.clear()
        assert not waiting._acquire(
            lambda: store.exists("edits/there") or time.monotonic() > until,
        )
    assert CountingStore.requests["list"] == 1
    assert CountingStore.requests.total() < 30  # 240 at the first pace


def test_a_claim_that_is_released_goes_to_one_of_those_who_wait_and_soon():
    store = Store(f"objects://{uuid.uuid4().hex}")
    got, inside = [], []

    def wait():
        with hold_lease(store, KEY, never):
            inside.append(1)
            assert len(inside) == 1
            got.append(time.monotonic())
            inside.pop()

    threads = [Thread(target=wait) for _ in range(3)]
    with hold_lease(store, KEY, never):
        for thread in threads:
            thread.start()
        time.sleep(3)
        released = time.monotonic()
    for thread in threads:
        thread.join()
    assert released < min(got) < released + 5
    assert len(got) == 3


def test_who_takes_over_learns_soon_that_the_lease_has_run_out():
    store = Store(f"objects://{uuid.uuid4().hex}")
    dead = _Lease(store, KEY, lease_s=2.5)
    assert dead._acquire(never)
    started = time.monotonic()
    assert _Lease(store, KEY, lease_s=2.5)._acquire(never)
    assert 2.5 <= time.monotonic() - started < 7


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("service", ["azure_store", "s3_store"])
def test_claims_pass_from_one_to_the_next_on_a_real_object_store(service, request):
    store, key = Store(request.getfixturevalue(service)), uuid.uuid4().hex
    inside, most = [], []

    def work(number):
        with hold_lease(store, key, never):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(4)))
    assert most == [1] * 4
    assert len(list(store.list(f"claims/{key[:2]}/{key}"))) == 4
