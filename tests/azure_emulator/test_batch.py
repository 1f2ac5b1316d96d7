"""Edits in batches: half the price, each once, found again after a kill at any step."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import httpx2
import numpy as np
import openai
import pytest

from kizu.billing.admission import CallGate
from kizu.billing.batch import BatchOrder, BatchPurchase, batch_limits
from kizu.billing.batch_records import batch_of, pointer_path
from kizu.billing.totals import CallStatus
from kizu.edit.editor import EditError, EditPendingError, StopEditingError
from kizu.edit.openai_images.batches import ImageBatches
from kizu.edit.storage import find_edit
from kizu.emulator.batches import BatchFault
from kizu.emulator.faults import Fault, FaultPlan
from kizu.repair import find_damage, mend
from kizu.stages.obtain import plan_job
from kizu.store import DamagedFileError, keyed

EDITS = 3


class KilledError(BaseException):
    """Stands for a kill: nothing catches it."""


@pytest.fixture(autouse=True)
def arrives_at_once(monkeypatch):
    monkeypatch.setattr("kizu.billing.batch.ARRIVES_WITHIN_S", 0.0)


PHOTO = np.full((640, 640, 3), 120, np.uint8)  # flat: its files are small and soon made


def purchase_of(shop, count=EDITS):
    editor = shop.editor
    gate = CallGate(shop.ledger, "plates", shop.budget, batch_limits(editor.limits), shop.cancel)
    orders = []
    for number in range(count):
        request = shop.request(number)

        def job(request=request):
            return plan_job(shop.store, editor, request, PHOTO, None, "a deep hole")

        orders.append(BatchOrder(request.key, job))
    return BatchPurchase(shop.store, gate, editor, orders, poll_s=0.01), [o.key for o in orders]


def build(shop, count=EDITS):
    """Do what a build does: return what came of each edit, a record or an error."""
    purchase, keys = purchase_of(shop, count)
    outcomes = []
    for key in keys:
        try:
            outcomes.append(purchase.obtain(key))
        except EditError as error:
            outcomes.append(error)
    return outcomes


def statuses(shop):
    return [end.status if end else None for end in shop.ends()]


@pytest.mark.parametrize("url_style", ["deployment", "v1"])
def test_a_batch_brings_the_edits_of_single_calls_at_half_the_price(
    start_emulator, open_shop, tmp_path, url_style
):
    emulator = start_emulator()
    single = open_shop(url=str(tmp_path / "single"), url_style=url_style)
    single.photo = PHOTO
    singles = [single.buy(number) for number in range(EDITS)]
    shop = open_shop(batch=True, batch_wait_s=60, url_style=url_style)
    records = build(shop)
    assert [r.picture_sha256 for r in records] == [r.picture_sha256 for r in singles]
    assert [r.key for r in records] == [r.key for r in singles]
    for record, other in zip(records, singles, strict=True):
        assert record.cost_usd == pytest.approx(other.cost_usd / 2)
    paid = sum(record.cost_usd for record in [*records, *singles])
    assert emulator.tally.cost_usd == pytest.approx(paid)
    assert statuses(shop) == [CallStatus.BOUGHT] * EDITS
    assert emulator.shelf.started == 1
    assert not any(batch_of(shop.store, record.key) for record in records)
    assert build(open_shop(batch=True)) == records
    assert emulator.tally.billed == 2 * EDITS


def test_half_the_price_is_reserved_before_the_batch_is_sent(start_emulator, open_shop):
    start_emulator(batch_s=3600)
    whole, shop = open_shop(), open_shop(batch=True)
    build(shop)
    request = shop.request(0)
    most = whole.editor.most_usd(request, (1024, 1024))
    calls = [call for _, call, _ in shop.ledger.entries()]
    assert len(calls) == EDITS
    assert all(call.reserved_usd == pytest.approx(most / 2) for call in calls)


def test_a_build_that_ends_before_its_batch_says_until_when_to_wait(start_emulator, open_shop):
    emulator = start_emulator(batch_s=3600)
    outcomes = build(open_shop(batch=True))
    assert all(isinstance(each, EditPendingError) for each in outcomes)
    assert "it waits for a batch; build again after 20" in str(outcomes[0])
    again = build(open_shop(batch=True))
    assert all(isinstance(each, EditPendingError) for each in again)
    with pytest.raises(EditPendingError, match="it is in a batch"):
        open_shop().buy(0)
    assert (emulator.shelf.started, emulator.tally.calls) == (1, 0)
    for batch in emulator.shelf.batches.values():
        batch.ready_at = 0
    records = build(open_shop())  # batches are off, what was asked for is taken all the same
    assert [record.status for record in records] == ["edited"] * EDITS
    assert emulator.tally.billed == EDITS


SLOW = pytest.mark.slow  # two steps stand for the others where time is short
STEPS = [
    pytest.param("kizu.billing.batch.enter_batch", False, marks=SLOW),
    pytest.param("kizu.billing.batch.enter_batch", True, marks=SLOW),
    pytest.param("kizu.edit.openai_images.batches.ImageBatches.submit", False, marks=SLOW),
    ("kizu.edit.openai_images.batches.ImageBatches.submit", True),
    pytest.param("kizu.billing.batch.mark_sent", False, marks=SLOW),
    pytest.param("kizu.billing.batch.mark_sent", True, marks=SLOW),
    pytest.param("kizu.edit.openai_images.batches.ImageBatches.look", True, marks=SLOW),
    pytest.param("kizu.billing.batch.save_reply", False, marks=SLOW),
    ("kizu.billing.batch.save_reply", True),
    pytest.param("kizu.billing.batch.leave_batch", False, marks=SLOW),
    pytest.param("kizu.billing.batch.leave_batch", True, marks=SLOW),
    pytest.param("kizu.billing.purchase.save_edit", False, marks=SLOW),
    pytest.param("kizu.billing.purchase.save_edit", True, marks=SLOW),
]


@pytest.mark.parametrize(("step", "is_done"), STEPS)
def test_a_worker_killed_at_any_step_loses_nothing_and_nothing_is_bought_twice(
    start_emulator, open_shop, monkeypatch, step, is_done
):
    emulator = start_emulator()
    module, _, name = step.rpartition(".")
    owner = pytest.importorskip(module) if not module.endswith("ImageBatches") else None
    if owner is None:
        parent, _, cls = module.rpartition(".")
        owner = getattr(pytest.importorskip(parent), cls)
    real = getattr(owner, name)

    def killed(*args, **kwargs):
        if is_done:
            real(*args, **kwargs)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, killed)
        with pytest.raises(KilledError):
            build(open_shop(batch=True, batch_wait_s=60))
    for _ in range(3):
        outcomes = build(shop := open_shop(batch=True, batch_wait_s=60))
    assert [outcome.status for outcome in outcomes] == ["edited"] * EDITS
    assert emulator.tally.billed == EDITS
    assert statuses(shop).count(CallStatus.BOUGHT) == EDITS
    assert None not in statuses(shop)


@pytest.mark.parametrize(
    ("fault", "first", "billed"),
    [
        (BatchFault.EXPIRED, CallStatus.REJECTED, EDITS),
        (BatchFault.LINES, CallStatus.UNKNOWN, EDITS),
        (BatchFault.PARTIAL, CallStatus.UNKNOWN, EDITS + EDITS // 2),
    ],
)
def test_lines_without_an_answer_are_asked_for_in_the_next_builds_batch(
    start_emulator, open_shop, fault, first, billed
):
    emulator = start_emulator(batch_faults={1: fault})
    shop = open_shop(batch=True, batch_wait_s=60)
    outcomes = build(shop)
    failed = [each for each in outcomes if isinstance(each, EditError)]
    assert 0 < len(failed) < EDITS
    assert all("build again" in str(each) for each in failed)
    assert statuses(shop).count(first) == len(failed)
    records = build(open_shop(batch=True, batch_wait_s=60))
    assert [record.status for record in records] == ["edited"] * EDITS
    assert emulator.tally.billed == billed


@pytest.mark.parametrize("fault", [BatchFault.INVALID, BatchFault.REFUSED])
def test_a_service_that_takes_no_batches_is_one_sentence_and_costs_nothing(
    start_emulator, open_shop, fault
):
    emulator = start_emulator(batch_faults=dict.fromkeys(range(1, 9), fault))
    shop = open_shop(batch=True, batch_wait_s=60)
    outcomes = build(shop)
    assert all("let editor.batch be false" in str(each) for each in outcomes)
    assert all(isinstance(each, EditError) for each in outcomes)
    assert statuses(shop) == [CallStatus.REJECTED] * EDITS
    single = open_shop()
    single.photo = PHOTO
    records = [single.buy(number) for number in range(EDITS)]
    assert [record.status for record in records] == ["edited"] * EDITS
    assert emulator.tally.billed == EDITS


@pytest.mark.parametrize("fault", [BatchFault.LOST_ANSWER, BatchFault.NEVER_STARTED])
def test_a_batch_whose_start_nobody_heard_of_is_looked_for(start_emulator, open_shop, fault):
    emulator = start_emulator(batch_faults={1: fault})
    build(open_shop(batch=True, batch_wait_s=60))
    for _ in range(2):
        records = build(open_shop(batch=True, batch_wait_s=60))
    assert [record.status for record in records] == ["edited"] * EDITS
    assert emulator.tally.billed == EDITS


def test_a_batch_that_may_be_on_its_way_is_not_sent_again(start_emulator, open_shop, monkeypatch):
    monkeypatch.setattr("kizu.billing.batch.ARRIVES_WITHIN_S", 120.0)
    emulator = start_emulator(batch_faults={1: BatchFault.NEVER_STARTED})
    for _ in range(3):
        outcomes = build(open_shop(batch=True))
        assert all("may be on its way yet" in str(each) for each in outcomes)
    assert emulator.shelf.started == 1


@pytest.mark.parametrize(("gone", "is_over"), [("batches", False), ("files", True)])
def test_what_the_service_has_no_more_is_counted_as_unknown_and_asked_for_anew(
    start_emulator, open_shop, gone, is_over
):
    emulator = start_emulator(batch_s=3600)
    build(open_shop(batch=True))
    if is_over:
        [batch] = emulator.shelf.batches.values()
        batch.shown |= {"status": "completed", "output_file_id": "file-of-answers"}
    getattr(emulator.shelf, gone).clear()
    emulator.shelf.duration_s = 0
    outcomes = build(shop := open_shop(batch=True, batch_wait_s=60))
    assert all("the service has no" in str(each) for each in outcomes)
    assert not any(isinstance(each, StopEditingError) for each in outcomes)
    assert statuses(shop) == [CallStatus.UNKNOWN] * EDITS
    records = build(open_shop(batch=True, batch_wait_s=60))
    assert [record.status for record in records] == ["edited"] * EDITS


def test_a_batch_is_not_given_up_where_the_endpoint_answers_to_nothing(
    start_emulator, open_shop, monkeypatch
):
    emulator = start_emulator(batch_s=3600)
    build(open_shop(batch=True))
    kept = dict(emulator.shelf.batches)
    emulator.shelf.batches.clear()
    with monkeypatch.context() as patched:
        patched.setattr("openai.resources.batches.Batches.list", _not_found)
        outcomes = build(shop := open_shop(batch=True))
    assert all(isinstance(each, StopEditingError) for each in outcomes)
    assert statuses(shop) == [None] * EDITS
    emulator.shelf.batches.update(kept)
    for batch in kept.values():
        batch.ready_at = 0
    assert all(record.status == "edited" for record in build(open_shop(batch=True)))
    assert emulator.tally.billed == EDITS


def _not_found(*_args, **_kwargs):
    request = httpx2.Request("GET", "https://edits.example/openai/v1/batches")
    raise openai.NotFoundError("no route", response=httpx2.Response(404, request=request), body={})


def test_a_full_batch_that_is_not_taken_is_not_sent_again_with_its_ended_calls(
    start_emulator, open_shop, monkeypatch
):
    monkeypatch.setattr("kizu.billing.batch.MOST_LINE_BYTES", 1)  # one edit fills a batch
    emulator = start_emulator(batch_faults={1: BatchFault.REFUSED})
    shop = open_shop(batch=True, batch_wait_s=60)
    outcomes = build(shop)
    assert all(isinstance(each, StopEditingError) for each in outcomes)
    assert (emulator.shelf.started, emulator.tally.billed) == (1, 0)
    assert statuses(shop) == [CallStatus.REJECTED]
    records = build(shop := open_shop(batch=True, batch_wait_s=60))
    assert [record.status for record in records] == ["edited"] * EDITS
    assert statuses(shop) == [CallStatus.REJECTED] + [CallStatus.BOUGHT] * EDITS


def test_a_batch_that_takes_long_to_send_is_not_taken_for_one_that_was_never_started(
    start_emulator, open_shop, monkeypatch
):
    emulator = start_emulator()
    sends, looked_for = Event(), Event()
    real_submit, real_find = ImageBatches.submit, ImageBatches.find

    def submit(batches, batch_id, lines):
        sends.set()
        assert looked_for.wait(60)
        return real_submit(batches, batch_id, lines)

    def find(batches, batch_id, since):
        found = real_find(batches, batch_id, since)
        looked_for.set()
        return found

    monkeypatch.setattr(ImageBatches, "submit", submit)
    monkeypatch.setattr(ImageBatches, "find", find)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(build, shop := open_shop(batch=True, batch_wait_s=60))
        assert sends.wait(60)
        second = threads.submit(build, open_shop(batch=True, batch_wait_s=60))
        outcomes = [*first.result(120), *second.result(120)]
    assert [outcome.status for outcome in outcomes] == ["edited"] * 2 * EDITS
    assert statuses(shop) == [CallStatus.BOUGHT] * EDITS
    assert (emulator.shelf.started, emulator.tally.billed) == (1, EDITS)


@pytest.mark.parametrize("is_batch", [True, False])
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_damaged_note_of_an_edits_batch_is_made_good_or_that_edits_failure_alone(
    start_emulator, open_shop, is_batch, is_listed
):
    emulator = start_emulator(batch_s=3600)
    build(shop := open_shop(batch=True), count=EDITS - 1)
    for batch in emulator.shelf.batches.values():
        batch.ready_at = 0
    damaged = shop.request(0 if is_listed else EDITS - 1).key
    shop.store.write(f"{keyed('edits', damaged)}/batch.json", b'{"batch_')
    emulator.shelf.duration_s = 0
    purchase, keys = purchase_of(open_shop(batch=is_batch, batch_wait_s=60))
    assert purchase.is_needed
    for key in keys[: EDITS if is_listed and is_batch else EDITS - 1]:
        assert purchase.obtain(key).status == "edited"
    if not is_listed:
        with pytest.raises(DamagedFileError, match=r"batch\.json is damaged"):
            purchase.obtain(damaged)
    assert emulator.tally.billed == (EDITS if is_listed and is_batch else EDITS - 1)


def test_repair_sees_no_damage_in_edits_that_wait_for_their_batch(start_emulator, open_shop):
    emulator = start_emulator(batch_s=3600)
    build(shop := open_shop(batch=True))
    for found in find_damage(shop.store):
        mend(shop.store, found, buy=True)
    assert all(batch_of(shop.store, shop.request(number).key) for number in range(EDITS))
    build(open_shop(batch=True))
    assert emulator.shelf.started == 1


@pytest.mark.parametrize("lost", ["record", "both"])
def test_repair_has_edits_asked_for_anew_whose_batch_nobody_can_name(
    start_emulator, open_shop, lost
):
    emulator = start_emulator(batch_s=3600)
    build(shop := open_shop(batch=True))
    for path in list(shop.store.list("batches")):
        shop.store.remove(path)
    if lost == "both":
        shop.store.write(pointer_path(shop.request(0).key), b"[]")
    emulator.shelf.duration_s = 0
    purchase, keys = purchase_of(open_shop(batch=True, batch_wait_s=60))
    for key in keys:
        with pytest.raises((EditError, DamagedFileError)):
            purchase.obtain(key)
    found = list(find_damage(shop.store))
    assert len(found) == EDITS
    for damage in found:
        mend(shop.store, damage, buy=True)
    records = build(shop := open_shop(batch=True, batch_wait_s=60))
    assert [record.status for record in records] == ["edited"] * EDITS
    assert statuses(shop) == [CallStatus.UNKNOWN] * EDITS + [CallStatus.BOUGHT] * EDITS


def test_a_line_that_policy_refuses_is_refused_for_ever(start_emulator, open_shop):
    emulator = start_emulator(faults=FaultPlan({1: Fault.POLICY}))
    shop = open_shop(batch=True, batch_wait_s=60)
    records = build(shop)
    assert sorted(record.status for record in records) == ["edited"] * (EDITS - 1) + ["refused"]
    assert statuses(shop).count(CallStatus.REFUSED) == 1
    assert build(open_shop(batch=True)) == records
    assert emulator.tally.calls == EDITS


def test_a_budget_holds_for_batches_as_for_single_calls(start_emulator, open_shop):
    emulator = start_emulator()
    shop = open_shop(budget={"max_requests": 2}, batch=True, batch_wait_s=60)
    outcomes = build(shop)
    stopped = [each for each in outcomes if isinstance(each, StopEditingError)]
    assert len(stopped) == EDITS - 2
    assert "budget reached: 2 of 2 requests" in str(stopped[0])
    assert emulator.tally.billed == 2


def test_two_builds_at_a_time_ask_for_each_edit_once(start_emulator, open_shop):
    emulator = start_emulator(batch_s=3600)
    build(open_shop(batch=True), count=2)
    build(open_shop(batch=True), count=EDITS)
    [two, rest] = [len(content.splitlines()) for content in emulator.shelf.files.values()]
    assert (two, rest) == (2, EDITS - 2)


def test_a_batch_of_another_host_is_waited_for_there(start_emulator, open_shop):
    start_emulator(batch_s=3600)
    shop = open_shop(batch=True)
    build(shop)
    purchase, keys = purchase_of(open_shop(batch=True))
    purchase._gate.limits = replace(purchase._gate.limits, host="other.example")
    with pytest.raises(EditPendingError, match=r"at 127\.0\.0\.1, and the endpoint names other"):
        purchase.obtain(keys[0])


def test_an_edit_that_cannot_be_prepared_fails_alone(start_emulator, open_shop):
    start_emulator()
    purchase, keys = purchase_of(open_shop(batch=True, batch_wait_s=60))

    def unreadable():
        raise ValueError("the photo is gone")

    purchase._orders[keys[0]] = BatchOrder(keys[0], unreadable)
    with pytest.raises(ValueError, match="the photo is gone"):
        purchase.obtain(keys[0])
    assert all(purchase.obtain(key).status == "edited" for key in keys[1:])


def test_a_line_is_the_json_form_of_a_call_with_data_urls(start_emulator, open_shop):
    start_emulator()
    shop = open_shop(batch=True, deployment="")
    job = plan_job(shop.store, shop.editor, shop.request(0), PHOTO, None, "")
    line = json.loads(shop.editor.batches.pack_line(job.request, job.picture, None).body)
    assert (line["custom_id"], line["method"], line["url"]) == (
        job.request.key,
        "POST",
        "/v1/images/edits",
    )
    [picture] = line["body"]["images"]
    assert picture["image_url"].startswith("data:image/png;base64,iVBOR")
    assert (line["body"]["model"], line["body"]["size"]) == ("gpt-image-1.5", "1024x1024")
    assert find_edit(shop.store, job.request.key) is None
