"""The simulator where the answer can be worked out by hand."""

import importlib.util
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "simulate.py"


@pytest.fixture(scope="module")
def simulate():
    found = importlib.util.spec_from_file_location("simulate", FILE)
    module = importlib.util.module_from_spec(found)
    sys.modules["simulate"] = module
    found.loader.exec_module(module)
    return module


def model(simulate, **fields):
    zero = ("spread", "retried", "cpu_s", "publish_cpu_s", "task_cpu_s", "fixed_s")
    plain = dict.fromkeys(zero, 0.0) | {"calls_at_once": 1, "records_per_s": 1e9}
    return simulate.Model(**{**plain, **fields})


def test_without_a_quota_the_calls_in_flight_bound_a_build(simulate):
    found = simulate.simulate(model(simulate, edits=1600, slots=10, edit_s=30.0))
    assert found.hours * 3600 == pytest.approx(1600 * 30 / 10)
    assert found.bound_by == "the calls in flight"


def test_a_quota_of_several_deployments_adds_up(simulate):
    quota = {"deployments": 4, "per_minute": 60.0, "slots": 25, "calls_at_once": 16}
    found = simulate.simulate(model(simulate, edits=40_000, edit_s=30.0, **quota))
    assert found.hours * 3600 == pytest.approx(40_000 / 4, rel=0.02)
    assert found.quota_used == pytest.approx(1, abs=0.02)


def test_a_slot_that_judges_buys_nothing_meanwhile(simulate):
    work = {"slots": 1, "cores": 2, "edit_s": 3.0, "cpu_s": 0.5, "publish_cpu_s": 0.2}
    found = simulate.simulate(model(simulate, edits=160, **work))
    assert found.hours * 3600 == pytest.approx(160 * (3.0 + 0.5 + 0.2))


def test_two_cores_at_work_slow_each_other(simulate):
    work = {"slots": 2, "cores": 2, "edit_s": 0.0, "cpu_s": 1.0}
    alone = simulate.simulate(model(simulate, edits=1600, **work))
    shared = simulate.simulate(model(simulate, edits=1600, slowdown=1.5, **work))
    assert alone.hours * 3600 == pytest.approx(800)
    assert shared.hours * 3600 == pytest.approx(1200, rel=0.02)


def test_slow_cores_bound_a_build(simulate):
    work = {"cpu_s": 2.0, "cores": 2, "edit_s": 0.1, "slots": 16}
    found = simulate.simulate(model(simulate, edits=1600, **work))
    assert found.hours * 3600 == pytest.approx(1600 * 2 / 2, rel=0.02)
    assert found.bound_by == "the cores"


def test_tasks_of_one_image_and_a_slow_recorder_bound_a_build(simulate):
    slow = {"shard_size": 1, "records_per_s": 15.0, "edit_s": 0.1, "slots": 64}
    found = simulate.simulate(model(simulate, edits=1600, **slow))
    assert found.hours * 3600 == pytest.approx(1600 * 5 / 15, rel=0.02)
    assert found.bound_by == "the server's recorder"


def test_repeated_calls_are_counted(simulate):
    found = simulate.simulate(model(simulate, edits=10_000, retried=0.1, edit_s=1.0))
    assert found.calls == pytest.approx(10_000 / 0.9, rel=0.02)
