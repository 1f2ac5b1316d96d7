"""Several processes on one store: what only real processes can show."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kizu.billing.ledger import Ledger
from kizu.billing.spending import spending_rows
from kizu.billing.totals import CallStatus
from kizu.emulator import Fault, FaultPlan
from kizu.store import Store

WORKER = Path(__file__).parents[2] / "benchmarks" / "azure" / "worker.py"
EDITOR = {"name": "gpt-image", "quality": "low", "images_per_minute": 60_000}


@pytest.fixture
def start_worker(tmp_path):
    """Return a function that starts a process which buys edits; none is left at the end."""
    workers = []

    def start(edits, threads=4, editor=EDITOR, budget=None):
        place = [str(tmp_path / "store"), str(edits), str(threads)]
        command = [
            sys.executable,
            str(WORKER),
            *place,
            json.dumps(editor),
            json.dumps(budget or {}),
        ]
        worker = subprocess.Popen(  # noqa: S603 - our own script
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.kill()
        worker.wait()
        worker.stdout.close()


def outcome(worker):
    said = json.loads(worker.stdout.readline())
    assert worker.wait() == 0
    return said


def check_processes(start_emulator, start_worker, processes, edits):
    emulator = start_emulator(latency_s=0.2)
    workers = [start_worker(edits) for _ in range(processes)]
    assert [outcome(worker)["edited"] for worker in workers] == [edits] * processes
    assert emulator.tally.calls == emulator.tally.billed == edits


def test_two_processes_that_want_the_same_edits_buy_each_once(start_emulator, start_worker):
    check_processes(start_emulator, start_worker, 2, 3)


@pytest.mark.slow
def test_four_processes_on_the_same_fifty_edits_make_fifty_calls(start_emulator, start_worker):
    check_processes(start_emulator, start_worker, 4, 50)


def check_budget(start_emulator, start_worker, edits, cap):
    emulator = start_emulator(latency_s=0.1)
    workers = [start_worker(edits, budget={"max_requests": cap}) for _ in range(2)]
    for worker in workers:
        said = outcome(worker)
        assert said["edited"] <= cap
        [sentence] = set(said["failures"])
        assert sentence == (
            f"budget reached: {cap} of {cap} requests are used; raise budget.max_requests and "
            "build again to go on"
        )
    assert emulator.tally.calls == emulator.tally.billed == cap
    assert outcome(start_worker(edits, budget={"max_requests": edits}))["edited"] == edits
    assert emulator.tally.billed == edits


@pytest.mark.slow
def test_a_budget_holds_across_processes_and_a_raise_goes_on(start_emulator, start_worker):
    check_budget(start_emulator, start_worker, edits=9, cap=4)


@pytest.mark.slow
def test_a_budget_of_ten_on_sixty_edits_buys_exactly_ten(start_emulator, start_worker):
    check_budget(start_emulator, start_worker, edits=60, cap=10)


@pytest.mark.slow
def test_a_budget_in_dollars_is_never_exceeded(start_emulator, start_worker, tmp_path):
    emulator = start_emulator(latency_s=0.1)
    workers = [start_worker(8, budget={"max_cost_usd": 0.15}) for _ in range(2)]
    for worker in workers:
        assert "build again to go on" in outcome(worker)["failures"][0]
    assert emulator.tally.cost_usd <= 0.15
    assert emulator.tally.billed in (2, 3)
    spent = Ledger(Store(str(tmp_path / "store"))).totals().emulated.dataset("benchmark")
    assert spent.cost_usd == emulator.tally.cost_usd


@pytest.mark.slow
def test_a_quota_is_kept_across_processes(start_emulator, start_worker):
    """Ten calls in 1.7 s pass; half the rate leaves room for calls that arrive late."""
    emulator = start_emulator(per_minute=60, speed=6)
    editor = {**EDITOR, "images_per_minute": 180}
    for worker in [start_worker(14, editor=editor) for _ in range(2)]:
        assert outcome(worker)["edited"] == 14
    assert (emulator.tally.billed, emulator.tally.rejected) == (14, 0)


@pytest.mark.slow
def test_killed_workers_lose_nothing_and_block_nobody(start_emulator, start_worker, tmp_path):
    emulator = start_emulator(latency_s=0.3)
    edits, lost = 8, 0
    ledger = Ledger(Store(str(tmp_path / "store")))
    for life_s in (0.1, 0.5, 0.9):
        last, before = ledger.totals().last, emulator.tally.calls
        worker = start_worker(edits)
        while emulator.tally.calls == before and worker.poll() is None:
            time.sleep(0.02)
        time.sleep(life_s)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        lost += sum(number > last for number in ledger.totals().under_way)
    assert outcome(start_worker(edits))["edited"] == edits
    statuses = [line.status for line in spending_rows(ledger, "benchmark")]
    unanswered = statuses.count(CallStatus.UNKNOWN)
    assert statuses.count(CallStatus.BOUGHT) == edits
    assert unanswered <= lost  # an answer that was on disk at the kill is not lost
    assert edits <= emulator.tally.billed <= edits + unanswered


@pytest.mark.slow
def test_random_faults_change_neither_what_is_bought_nor_what_it_costs(
    start_emulator, start_worker, tmp_path
):
    faults = FaultPlan(
        fraction=0.25, seed=1, chosen=(Fault.RATE_LIMIT_MS, Fault.OVERLOADED), retry_after_s=0.1
    )
    emulator = start_emulator(faults=faults)
    assert outcome(start_worker(16))["edited"] == 16
    lines = spending_rows(Ledger(Store(str(tmp_path / "store"))), "benchmark")
    assert len({line.key for line in lines if line.status == CallStatus.BOUGHT}) == 16
    assert sum(line.cost_usd for line in lines) == pytest.approx(emulator.tally.cost_usd, abs=1e-9)
    assert emulator.tally.billed == 16 < emulator.tally.calls
