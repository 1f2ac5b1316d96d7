"""The flow with the paid editor, against the emulator."""

import cv2
import numpy as np
import pytest
from bare_build import bare_build
from loopback import disguised
from prefect.blocks.system import Secret
from republished import changed

import kizu
from kizu.billing.ledger import Ledger
from kizu.billing.spending import spending_rows
from kizu.emulator import Emulator, EmulatorSettings, Fault, FaultPlan
from kizu.emulator.settings import KEY
from kizu.imaging.codecs import encode_png
from kizu.publish.layout import complete_versions, latest_version
from kizu.publish.schemas import decode_table
from kizu.spec import DatasetSpec
from kizu.summary import next_steps


def dark_disc(job):
    picture = job.picture.copy()
    centre = (picture.shape[1] // 2, picture.shape[0] // 2)
    cv2.circle(picture, centre, 60, (60, 50, 40), -1)
    return picture


@pytest.fixture
def emulate(monkeypatch):
    contexts = []

    def start(**settings):
        emulator = Emulator(EmulatorSettings(paint=dark_disc, **settings))
        contexts.append(emulator.running())
        contexts[-1].__enter__()
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", emulator.endpoint)
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
        return emulator

    yield start
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.fixture
def paid(spec, photos):
    """The first defect of the flow tests by the paid editor, on plain photos: soon sent."""
    for file, level in ((photos / "a.png", 90), (photos / "b.png", 140)):
        file.write_bytes(encode_png(np.full((96, 96, 3), level, np.uint8)))
    fields = spec.model_dump(mode="json")
    fields["defects"] = fields["defects"][:1]
    editor = {"name": "gpt-image", "quality": "low", "images_per_minute": 6000}

    def with_budget(**budget):
        return DatasetSpec.parse({**fields, "editor": editor, "budget": budget})

    return with_budget


def edits(store):
    table = store.read(latest_version(store, "plates").path("edits.parquet"))
    return decode_table("edits", table).to_pylist()


def test_a_paid_build_buys_every_edit_once_and_publishes_the_ledger(build, paid, store, emulate):
    emulator = emulate()
    state, summary = build(paid())
    assert state.is_completed(), state.message
    assert emulator.tally.billed == summary.samples == 2
    assert summary.cost_usd == 0
    assert summary.paid == "2 answered by the emulator, which is free"
    bought = {line.key: line for line in spending_rows(Ledger(store), "plates")}
    for row in edits(store):
        line = bought[row["edit_key"]]
        assert (row["status"], line.status, line.emulated) == ("emulated", "bought", True)
        assert (row["cost_usd"], row["host"]) == (line.cost_usd, "127.0.0.1")
        assert (row["request_id"], row["latency_s"]) == (line.request_id, line.latency_s)
    build(paid())
    assert emulator.tally.calls == 2


def test_a_budget_stops_the_build_with_one_sentence_and_a_raise_goes_on(build, paid, emulate):
    emulator = emulate()
    state, summary = build(paid(max_requests=1))
    assert state.is_failed()
    assert state.message == (
        "1 of 2 samples are not made yet: budget reached: 1 of 1 requests are used; raise "
        "budget.max_requests and build again to go on"
    )
    assert (summary.accepted, emulator.tally.billed) == (1, 1)
    assert build(paid(max_requests=1))[0].is_failed()
    assert emulator.tally.billed == 1
    state, summary = build(paid(max_requests=2))
    assert state.is_completed()
    assert (summary.accepted, emulator.tally.billed) == (2, 2)
    assert summary.paid.startswith("2 answered by the emulator")


def test_a_build_whose_edits_are_in_a_batch_waits_and_the_next_one_takes_them(
    build, paid, store, emulate
):
    emulator = emulate(batch_s=3600)
    fields = paid(max_requests=9).model_dump(mode="json")
    fields["editor"] |= {"batch": True}
    state, summary = build(DatasetSpec.parse(fields))
    assert state.is_completed()
    assert "2 edits wait: it waits for a batch; build again after 20" in state.message
    assert any("2 edits wait: it waits for a batch" in step for step in next_steps(summary))
    assert (summary.waiting, summary.failed, emulator.tally.billed) == (2, 2, 0)
    for batch in emulator.shelf.batches.values():
        batch.ready_at = 0
    state, summary = build(DatasetSpec.parse(fields))
    assert state.is_completed(), state.message
    assert (summary.accepted, emulator.tally.billed, emulator.shelf.started) == (2, 2, 1)
    assert {row["status"] for row in edits(store)} == {"emulated"}


def test_the_key_may_come_from_a_secret_block(build, paid, store, emulate, monkeypatch):
    emulator = emulate()
    monkeypatch.delenv("AZURE_OPENAI_API_KEY")
    fields = paid().model_dump(mode="json")
    fields["editor"] |= {"secret_block": "image-key"}
    state, _ = build(DatasetSpec.parse(fields))
    assert "there is no Prefect Secret block 'image-key'" in state.message
    Secret(value=KEY).save("image-key")
    assert build(DatasetSpec.parse(fields))[0].is_completed()
    assert emulator.tally.billed == 2
    assert not any(KEY.encode() in store.read(path) for path in store.list(""))


def test_a_resource_block_stops_the_run_with_one_sentence(build, paid, emulate):
    emulator = emulate(faults=FaultPlan(fraction=1, chosen=(Fault.BLOCKED,)))
    state, summary = build(paid(), shard_size=1)
    assert state.is_failed()
    assert "the whole resource is blocked" in state.message
    assert summary.stopped in state.message
    assert emulator.tally.calls <= 2


def test_an_edit_that_another_dataset_paid_for_is_cached_in_the_ledger(paid, store, emulate):
    emulator = emulate()
    bare_build(paid(), store)
    bare_build(changed(paid(), name="more plates"), store)
    assert emulator.tally.billed == 2
    assert [line.status for line in spending_rows(Ledger(store), "more plates")] == ["cached"] * 2


def test_a_night_with_a_dead_key_leaves_the_latest_version_where_it_is(
    build, paid, store, emulate, monkeypatch
):
    emulator = emulate()
    _, yesterday = bare_build(paid(), store)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "a key that was revoked")
    tonight = changed(paid(), seed=1)
    state, summary = build(tonight)
    assert state.is_failed()
    assert "does not accept the key" in state.message
    assert (summary.version, summary.latest) == ("", yesterday.version)
    assert complete_versions(store, "plates") == [yesterday.version]
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    _, summary = bare_build(tonight, store)
    assert summary.latest == summary.version == kizu.open_dataset(store, "plates").version
    assert emulator.tally.billed == 4


def test_edits_by_the_emulator_are_bought_anew_from_a_service(
    build, paid, store, emulate, monkeypatch
):
    emulator = emulate()
    _, imitated = bare_build(paid(max_requests=2), store)
    before = kizu.open_dataset(store, "plates")
    with disguised(emulator) as endpoint:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
        state, bought = build(paid(max_requests=2))
    assert state.is_completed(), state.message
    assert emulator.tally.billed == 4
    assert (imitated.cost_usd, bought.cost_usd) == (0, emulator.tally.cost_usd / 2)
    assert bought.paid.startswith("2 requests, 0.")
    after = kizu.open_dataset(store, "plates")
    assert before.version != after.version
    for dataset, emulated in ((before, True), (after, False)):
        defects = dataset.provenance[dataset.provenance.edit_key.notna()]
        assert list(defects.emulated) == [emulated] * 2
        assert set(defects.host) == {"127.0.0.1"}
        assert set(dataset.edits.status) == {"emulated" if emulated else "bought"}
