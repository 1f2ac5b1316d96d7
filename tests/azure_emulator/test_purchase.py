import uuid
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kizu.billing.totals import CallStatus
from kizu.edit.regions import BoxRegion
from kizu.edit.storage import find_edit, open_edit
from kizu.stages.obtain import obtain_edit


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


@pytest.mark.parametrize(
    "uri",
    [
        "/openai/deployments/mine/images/edits?api-version=2025-04-01-preview",
        "/openai/deployments/mine/images/generations?api-version=2025-04-01-preview",
        "/openai/v1/images/edits",
    ],
)
def test_an_edit_is_bought_at_the_target_uri_of_the_portal(
    start_emulator, open_shop, monkeypatch, uri
):
    is_v1 = "/v1/" in uri
    emulator = start_emulator(deployments={"mine": "gpt-image-1.5"})
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", emulator.endpoint + uri)
    monkeypatch.delenv("OPENAI_API_VERSION")
    shop = open_shop(deployment="mine" if is_v1 else "")
    assert shop.buy().status == "edited"
    assert {call.deployment for _, call, _ in shop.ledger.entries()} == {"mine"}


def test_what_the_store_holds_is_not_bought_again(start_emulator, open_shop):
    emulator = start_emulator()
    first = open_shop().buy()
    assert open_shop().buy() == first
    assert emulator.tally.calls == 1


def test_threads_that_want_the_same_edits_buy_each_once(start_emulator, open_shop):
    emulator = start_emulator(latency_s=0.1)
    shops = [open_shop() for _ in range(3)]
    with ThreadPoolExecutor(9) as pool:
        jobs = [pool.submit(shop.buy, number) for number in range(3) for shop in shops]
        assert {job.result().status for job in jobs} == {"edited"}
    assert emulator.tally.billed == 3
    assert [end.status for end in shops[0].ends()] == [CallStatus.BOUGHT] * 3


def test_workers_on_an_object_store_buy_each_edit_once(start_emulator, open_shop):
    emulator = start_emulator(latency_s=0.1)
    url = f"objects://{uuid.uuid4().hex}"
    shops = [open_shop(url=url) for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(shop.buy, number) for number in range(2) for shop in shops]
        assert {job.result().status for job in jobs} == {"edited"}
    assert emulator.tally.calls == emulator.tally.billed == 2
    assert shops[0].ledger.totals().emulated.dataset("plates").cost_usd == emulator.tally.cost_usd


def test_nothing_of_an_answer_is_left_but_the_edit(start_emulator, open_shop):
    start_emulator()
    shop = open_shop()
    record = shop.buy()
    assert find_edit(shop.store, record.key) == record
    names = [path.rsplit("/", 1)[-1] for path in shop.store.list("edits")]
    assert sorted(names) == ["edit.json", "picture.png"]


@pytest.mark.parametrize("region", [BoxRegion(x0=0.6, y0=0.5, x1=0.8, y1=0.7), None])
def test_of_a_large_photo_only_the_window_around_the_defect_changes(
    start_emulator, open_shop, region
):
    """A 6-megapixel photo of a small product; the defect covers a thousandth of it."""
    start_emulator()
    shop = open_shop()
    photo = np.full((2000, 3000, 3), 235, np.uint8)
    photo[1000:1400, 1800:2400] = (90, 110, 120)
    ask = {"prompt": "a deep hole", "region": None, "area": [0.0001, 0.001], "draw": 0.5}
    request = shop.request().model_copy(update={"ask": ask})
    record = obtain_edit(shop.store, shop.editor, request, photo, region, shop.gate)
    x, y, width, height = record.geometry.crop
    assert (width, height) == record.geometry.model == (1024, 1024)
    assert 1800 <= x + width / 2 <= 2400
    assert 1000 <= y + height / 2 <= 1400
    changed = np.argwhere((open_edit(shop.store, record, photo) != photo).any(axis=2))
    assert len(changed)
    assert changed.min(axis=0).tolist() >= [y, x]
    assert changed[:, 0].max() < y + height
    assert changed[:, 1].max() < x + width
