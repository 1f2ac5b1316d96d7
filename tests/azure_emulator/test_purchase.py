import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from kizu.edit.archive import find_edit, open_edit
from kizu.edit.books import CallStatus


@pytest.mark.parametrize("url_style", ["deployment", "v1"])
def test_an_edit_is_bought_in_both_ways_of_addressing(start_emulator, open_shop, url_style):
    emulator, shop = start_emulator(), open_shop(url_style=url_style)
    record = shop.buy()
    assert (record.status, record.model, record.bought_for) == ("edited", "gpt-image-1.5", "plates")
    assert record.usage["output_tokens"] == 272
    assert record.cost_usd == emulator.tally.cost_usd > 0
    assert open_edit(shop.store, record, shop.photo).shape == shop.photo.shape
    [end] = shop.ends()
    assert (end.status, end.cost_usd) == (CallStatus.BOUGHT, record.cost_usd)
    assert end.request_id == record.request_id


def test_what_the_store_holds_is_not_bought_again(start_emulator, open_shop):
    emulator = start_emulator()
    first = open_shop().buy()
    assert open_shop().buy() == first
    assert emulator.tally.calls == 1


def test_threads_that_want_the_same_edits_buy_each_once(start_emulator, open_shop):
    emulator = start_emulator(latency_s=0.1)
    shops = [open_shop() for _ in range(3)]
    with ThreadPoolExecutor(24) as pool:
        jobs = [pool.submit(shop.buy, number) for number in range(8) for shop in shops]
        assert {job.result().status for job in jobs} == {"edited"}
    assert emulator.tally.billed == 8
    assert [end.status for end in shops[0].ends()] == [CallStatus.BOUGHT] * 8


def test_workers_on_an_object_store_buy_each_edit_once(start_emulator, open_shop):
    emulator = start_emulator(latency_s=0.1)
    url = f"objects://{uuid.uuid4().hex}"
    shops = [open_shop(url=url) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(shop.buy, number) for number in range(4) for shop in shops]
        assert {job.result().status for job in jobs} == {"edited"}
    assert emulator.tally.calls == emulator.tally.billed == 4
    assert shops[0].ledger.books().dataset("plates").cost_usd == emulator.tally.cost_usd


def test_nothing_of_an_answer_is_left_but_the_edit(start_emulator, open_shop):
    start_emulator()
    shop = open_shop()
    record = shop.buy()
    assert find_edit(shop.store, record.key) == record
    names = [path.rsplit("/", 1)[-1] for path in shop.store.list("edits")]
    assert sorted(names) == ["edit.json", "picture.png"]
