"""Work on all cores keeps its order, and ends where one item fails."""

import threading

import pytest

from kizu.cores import on_cores


def test_results_come_in_the_order_of_the_items():
    later = threading.Event()

    def wait_for_the_next(item):
        if item == 0:
            assert later.wait(30)
        else:
            later.set()
        return -item

    assert list(on_cores(wait_for_the_next, range(2))) == [0, -1]


def test_what_has_not_begun_when_an_item_fails_is_left(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    begun = []

    def fail(item):
        begun.append(item)
        if item == 0:
            raise ValueError("the first one")

    with pytest.raises(ValueError, match="the first one"):
        list(on_cores(fail, range(1000)))
    assert len(begun) < 1000
