"""Buying one edit: what is written when, and when it is pointless to ask again.

The editor is a scripted one, so that each answer of a service can be given in turn; the emulator's
tests buy over HTTP.
"""

import uuid
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np
import pytest
from damage import CONTENT, MISSING, damage
from small_disks import small_disk

from kizu.billing import purchase, spare
from kizu.billing.admission import CallGate
from kizu.billing.budget import BudgetSpec
from kizu.billing.ledger import Ledger
from kizu.billing.purchase import EditJob, buy_edit
from kizu.billing.totals import CallStatus, Spent
from kizu.cancellation import CancelToken
from kizu.edit.editor import Edit, EditError, StopEditingError
from kizu.edit.paid import (
    BadReplyError,
    CallFailure,
    EditorLimits,
    FailureKind,
    RefusedReplyError,
    Reply,
)
from kizu.edit.request import EditRequest
from kizu.edit.storage import (
    EditDamagedError,
    find_edit,
    find_replies,
    save_reply,
    set_replies_aside,
    sidecar_path,
)
from kizu.imaging.codecs import encode_png
from kizu.imaging.geometry import FreeSizes, Geometry
from kizu.store import Marks, Store, keyed, remembering
from kizu.store.rooms import GONE

SIDE_PX = 32
PICTURE = np.full((SIDE_PX, SIDE_PX, 3), 90, np.uint8)
GEOMETRY = Geometry.fit((SIDE_PX, SIDE_PX), FreeSizes(16, 0, 10**8, 10**4, 9.0))
LIMITS = EditorLimits(
    model="gpt-image-1.5",
    deployment="dep",
    calls_per_minute=1e6,
    max_in_flight=4,
    max_attempts=3,
    max_wait_s=60.0,
    host="service.example",
)
REPLY = Reply(body="an edit", latency_s=2.0, request_id="r", limit_per_minute=None, at=1000.0)


@dataclass
class ScriptedEditor:
    """Answers calls in turn; reads any reply but "no edit" as a picture."""

    answers: list = field(default_factory=list)
    limits: EditorLimits = LIMITS
    most: float | None = 0.05
    calls: int = 0
    seen: list = field(default_factory=list)
    look: object = None

    is_paid = True

    def plan_crop(self, request, source, guide):  # noqa: ARG002 - the Protocol's
        return GEOMETRY

    def most_usd(self, request, size):  # noqa: ARG002 - the Protocol's
        return self.most

    def check(self):
        pass

    def close(self):
        pass

    def pack(self, request, picture, region):  # noqa: ARG002 - the Protocol's
        return {"picture": picture}

    def call(self, packed):  # noqa: ARG002 - the Protocol's
        self.calls += 1
        if self.look:
            self.seen.append(self.look())
        return self.answers.pop(0)

    def read(self, reply, request, sent):  # noqa: ARG002 - the Protocol's
        if self.look:
            self.seen.append(self.look())
        if reply.body == "no edit":
            raise BadReplyError("it holds no picture", 0.04, {"output": 7}, "no picture")
        if reply.body == "filtered":
            raise RefusedReplyError("it was filtered", 0.01, {"output": 0})
        return Edit(encode_png(PICTURE), model="scripted", cost_usd=0.04)


def job_for(*, emulated=False):
    request = EditRequest(
        normal_sha256="ab" * 32,
        ask={"prompt": "a hole"},
        editor={"name": "scripted", **({"emulated": True} if emulated else {})},
        variant=0,
        seed=0,
    )
    return EditJob(request, PICTURE, None, GEOMETRY)


@pytest.fixture
def buy(store, monkeypatch):
    """Return a function that buys the edit with an editor; pauses between attempts are skipped."""
    monkeypatch.setattr(purchase, "_FIRST_PAUSE_S", 0.0)

    def buy_with(editor, job=None, store=store):
        token = CancelToken(store, "run")
        gate = CallGate(Ledger(store), "plates", BudgetSpec(), editor.limits, token)
        return buy_edit(store, gate, editor, job or job_for())

    return buy_with


@pytest.fixture
def ends(store):
    """Return a function that says what came of each call, None for those under way."""
    return lambda: [end and end.status for _, _, end in Ledger(store).entries()]


def failure(kind, **facts):
    return CallFailure(kind, "it went wrong", **facts)


def test_the_call_is_in_the_ledger_before_it_is_made_and_the_answer_on_disk_before_it_is_read(
    buy, store, ends
):
    key = job_for().request.key
    editor = ScriptedEditor([REPLY])
    editor.look = lambda: (ends(), len(list(find_replies(store, key))), find_edit(store, key))
    record = buy(editor)
    assert editor.seen == [([None], 0, None), ([None], 1, None)]
    assert (record.status, record.bought_for) == ("edited", "plates")
    assert ends() == [CallStatus.BOUGHT]
    assert not list(find_replies(store, key))


def test_who_lost_the_claim_while_waiting_for_his_turn_pays_nothing(buy, monkeypatch, ends):
    def lost():
        raise EditError("another worker took this edit over")

    monkeypatch.setattr(purchase, "hold_lease", lambda *_: nullcontext(lost))
    editor = ScriptedEditor([REPLY])
    with pytest.raises(EditError, match="another worker took this edit over"):
        buy(editor)
    assert editor.calls == 0
    assert ends() == [CallStatus.REJECTED]


def test_an_edit_that_is_there_is_not_bought_again(buy):
    editor = ScriptedEditor([REPLY])
    assert buy(editor) == buy(editor)
    assert editor.calls == 1


def test_an_answer_left_by_a_killed_worker_is_completed_without_a_call(buy, store, ends):
    ledger, key = Ledger(store), job_for().request.key
    gate = CallGate(ledger, "plates", BudgetSpec(), LIMITS, CancelToken(store, "killed"))
    save_reply(store, key, gate.admit(key, 0.05), REPLY)
    editor = ScriptedEditor()
    assert buy(editor).status == "edited"
    assert editor.calls == 0
    assert ends() == [CallStatus.BOUGHT]


def test_calls_of_other_edits_under_way_are_left_alone(buy, store, ends):
    gate = CallGate(Ledger(store), "plates", BudgetSpec(), LIMITS, CancelToken(store, "other"))
    gate.admit("cd" * 32, 0.05)
    buy(ScriptedEditor([REPLY]))
    assert ends() == [None, CallStatus.BOUGHT]


def test_a_rejected_call_is_made_again_until_the_attempts_are_used_up(buy, ends):
    rejected = failure(FailureKind.REJECTED)
    editor = ScriptedEditor([rejected] * 3)
    with pytest.raises(EditError, match="given up after 3 calls: it went wrong"):
        buy(editor)
    assert ends() == [CallStatus.REJECTED] * 3
    assert buy(ScriptedEditor([rejected, REPLY])).status == "edited"


def test_a_second_call_that_was_perhaps_billed_is_the_last(buy, store, ends):
    editor = ScriptedEditor([failure(FailureKind.UNKNOWN)] * 3)
    with pytest.raises(EditError, match="given up after 2 calls"):
        buy(editor)
    assert ends() == [CallStatus.UNKNOWN] * 2
    assert Ledger(store).totals().real.dataset("plates").unanswered_usd == 0.1


@pytest.mark.parametrize(
    ("failed", "raised", "sentence"),
    [
        (failure(FailureKind.INVALID), EditError, "it went wrong"),
        (failure(FailureKind.STOP), StopEditingError, "it went wrong"),
        (
            failure(FailureKind.REJECTED, hold_s=61.0),
            StopEditingError,
            r"61 s.*max_wait_s \(60 s\)",
        ),
    ],
)
def test_where_asking_again_is_pointless_one_call_is_made(buy, ends, failed, raised, sentence):
    editor = ScriptedEditor([failed, REPLY])
    with pytest.raises(raised, match=sentence) as caught:
        buy(editor)
    assert type(caught.value) is raised
    assert editor.calls == 1
    assert ends() == [CallStatus.REJECTED]


@pytest.mark.parametrize(("kind", "whole"), [("stop", False), ("stop run", True)])
def test_a_stop_says_whether_the_whole_run_is_meant(buy, kind, whole):
    with pytest.raises(StopEditingError) as caught:
        buy(ScriptedEditor([failure(FailureKind(kind))]))
    assert caught.value.whole_run is whole


def test_a_service_that_cannot_be_reached_stops_the_other_edits_too(buy):
    away = failure(FailureKind.REJECTED, is_unreachable=True)
    with pytest.raises(StopEditingError, match="it went wrong"):
        buy(ScriptedEditor([away] * 3))


def test_a_refusal_is_kept_and_never_asked_for_again(buy, store):
    editor = ScriptedEditor([failure(FailureKind.REFUSED), REPLY])
    first = buy(editor)
    assert (first.status, first.reason, first.host) == ("refused", "it went wrong", LIMITS.host)
    assert buy(editor) == first
    assert editor.calls == 1
    assert Ledger(store).totals().real.dataset("plates") == Spent(requests=1)


NO_EDIT = REPLY.model_copy(update={"body": "no edit"})


def test_a_reply_that_is_no_edit_is_paid_and_kept_with_its_edit(buy, store, ends):
    with pytest.raises(BadReplyError, match=r"no picture; the reply is kept in edits/") as bad:
        buy(ScriptedEditor([NO_EDIT]))
    assert bad.value.cause == "no picture"
    assert ends() == [CallStatus.FAILED]
    assert Ledger(store).totals().real.dataset("plates").cost_usd == 0.04
    assert list(find_replies(store, job_for().request.key)) == [(1, NO_EDIT)]


def test_what_was_paid_for_is_not_bought_again_without_being_told(buy, store):
    with pytest.raises(BadReplyError):
        buy(ScriptedEditor([NO_EDIT]))
    again = ScriptedEditor([REPLY])
    for _ in range(2):
        with pytest.raises(EditError, match=r"could not be used was paid for.*kizu repair --buy"):
            buy(again)
    assert again.calls == 0
    [place] = set_replies_aside(store, job_for().request.key)
    assert store.read(place) == b"no edit"
    assert buy(again).status == "edited"


def test_a_later_reader_makes_an_edit_of_an_answer_that_was_no_use(buy, ends, monkeypatch):
    with pytest.raises(BadReplyError):
        buy(ScriptedEditor([NO_EDIT]))
    editor = ScriptedEditor()
    monkeypatch.setattr(
        editor, "read", lambda *_: Edit(encode_png(PICTURE), "m", note="it was read")
    )
    assert buy(editor).note == "it was read"
    assert (editor.calls, ends()) == (0, [CallStatus.FAILED])


def test_an_answer_that_says_it_was_filtered_is_a_refusal_at_its_cost(buy, store, ends):
    editor = ScriptedEditor([REPLY.model_copy(update={"body": "filtered"}), REPLY])
    first = buy(editor)
    assert (first.status, first.reason, first.cost_usd) == ("refused", "it was filtered", 0.01)
    assert (buy(editor), editor.calls, ends()) == (first, 1, [CallStatus.REFUSED])
    assert Ledger(store).totals().real.dataset("plates").cost_usd == 0.01
    assert not list(find_replies(store, first.key))


def test_what_came_of_a_broken_answer_is_kept_for_inspection(buy, store):
    broken = failure(FailureKind.UNKNOWN, remains=b"half a pict")
    buy(ScriptedEditor([broken, REPLY]))
    assert [store.read(path) for path in store.list("inspect")] == [b"half a pict"]


@pytest.mark.parametrize(
    ("answers_emulated", "planned_emulated", "sentence"),
    [(True, False, "is the emulator, real edits"), (False, True, "edits by the emulator were")],
)
def test_who_answers_must_be_who_the_edit_was_planned_for(
    buy, ends, answers_emulated, planned_emulated, sentence
):
    editor = ScriptedEditor([REPLY], replace(LIMITS, emulated=answers_emulated))
    with pytest.raises(StopEditingError, match=sentence):
        buy(editor, job_for(emulated=planned_emulated))
    assert editor.calls == 0
    assert ends() == []


def test_an_emulator_that_answers_in_the_services_place_costs_nothing(buy, store, ends):
    posing = REPLY.model_copy(update={"emulated": True, "host": "127.0.0.1"})
    with pytest.raises(StopEditingError, match=r"127\.0\.0\.1 is the emulator"):
        buy(ScriptedEditor([posing]))
    assert ends() == [CallStatus.REJECTED]
    assert Ledger(store).totals().real.dataset("plates") == Spent()
    assert find_edit(store, job_for().request.key) is None


def test_an_edit_of_unknown_price_is_entered_as_unpriced_until_it_is_read(buy, store):
    editor = ScriptedEditor([failure(FailureKind.UNKNOWN), REPLY], most=None)
    buy(editor)
    assert Ledger(store).totals().real.dataset("plates") == Spent(
        requests=2, cost_usd=0.04, unpriced=1, unanswered=1
    )


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A real disk of 8 MiB under the store, and a spare folder elsewhere."""
    monkeypatch.setenv("KIZU_SPARE_DIR", str(tmp_path / "spare"))
    with small_disk(tmp_path / "disk", 8) as disk:
        yield disk


@pytest.fixture
def buy_on_disk(disk, monkeypatch):
    """Return a function that buys the edit into a store on the disk, for a run of its own."""
    monkeypatch.setattr(purchase, "_FIRST_PAUSE_S", 0.0)
    store, runs = Store(str(disk.folder / "store")), count()

    def buy_with(editor):
        token = CancelToken(store, f"run {next(runs)}")
        gate = CallGate(Ledger(store), "plates", BudgetSpec(), editor.limits, token)
        return buy_edit(store, gate, editor, job_for())

    return buy_with, Ledger(store)


def looking(what, *, at):
    """Return a look that does something at the first, second, ... look of an editor."""
    looks = count(1)
    return lambda: what() if next(looks) == at else None


CALL, READ = 1, 2


@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_an_answer_that_the_store_cannot_take_is_completed_by_the_next_build(
    disk, buy_on_disk, trouble
):
    buy, ledger = buy_on_disk
    harm = disk.fill if trouble == "full" else lambda: disk.allow("ro")
    editor = ScriptedEditor([REPLY], look=looking(harm, at=CALL))
    with pytest.raises(
        StopEditingError, match=r"store/edits/.* cannot be written: .*spare"
    ) as stop:
        buy(editor)
    assert stop.value.whole_run
    assert "MB free" in str(stop.value)
    with pytest.raises(OSError, match="cannot be written"):
        buy(ScriptedEditor())
    disk.allow("rw") if trouble == "read-only" else disk.make_room()
    assert buy(ScriptedEditor()).status == "edited"
    assert [end.status for _, _, end in ledger.entries()] == [CallStatus.BOUGHT]


def test_a_ledger_that_cannot_be_written_after_the_answer_loses_nothing(disk, buy_on_disk):
    buy, ledger = buy_on_disk
    editor = ScriptedEditor([REPLY], look=looking(lambda: disk.allow("ro"), at=READ))
    with pytest.raises(StopEditingError, match=r"ledger/ends/.* cannot be written"):
        buy(editor)
    disk.allow("rw")
    assert [end for _, _, end in ledger.entries()] == [None]
    assert buy(ScriptedEditor()).status == "edited"
    assert [end.status for _, _, end in ledger.entries()] == [CallStatus.BOUGHT]


def test_a_disk_without_room_for_the_answer_stops_before_the_call(disk, buy_on_disk):
    buy, ledger = buy_on_disk
    (disk.folder / "other").write_bytes(bytes(int(7.5 * 2**20)))
    editor = ScriptedEditor([REPLY])
    with pytest.raises(
        StopEditingError, match=r"has 0\.\d MB left, and 1 answers may need 1\.1 MB"
    ):
        buy(editor)
    assert (editor.calls, list(ledger.entries())) == (0, [])


def test_an_answer_that_finds_no_place_at_once_is_held_until_it_finds_one(
    disk, buy_on_disk, monkeypatch, tmp_path
):
    buy, _ = buy_on_disk
    (tmp_path / "spare").write_text("no folder")
    monkeypatch.setattr(spare, "_NAP_S", 0.01)
    monkeypatch.setattr(spare.logger, "warning", lambda *_: disk.make_room())
    with pytest.raises(StopEditingError, match="paid answers are kept in the store"):
        buy(ScriptedEditor([REPLY], look=looking(disk.fill, at=CALL)))
    assert buy(ScriptedEditor()).status == "edited"


def test_an_answer_that_finds_no_place_in_time_is_told_as_lost(
    disk, buy_on_disk, monkeypatch, tmp_path
):
    buy, ledger = buy_on_disk
    (tmp_path / "spare").write_text("no folder")
    monkeypatch.setattr(spare, "_NAP_S", 0.01)
    monkeypatch.setattr(spare, "PATIENCE_S", 0.0)
    with pytest.raises(StopEditingError, match="the paid answer of call 1 found no place"):
        buy(ScriptedEditor([REPLY], look=looking(disk.fill, at=CALL)))
    assert [end for _, _, end in ledger.entries()] == [None]


def test_a_spare_folder_that_is_a_link_is_not_believed(store, monkeypatch, tmp_path):
    monkeypatch.setenv("KIZU_SPARE_DIR", str(tmp_path))
    planted, kept = tmp_path / "planted", spare.SpareReplies(store)
    planted.mkdir()
    kept.folder.symlink_to(planted)
    save_reply(Store(str(planted)), job_for().request.key, 1, REPLY)
    kept.take_back(job_for().request.key)
    assert not list(find_replies(store, job_for().request.key))


@pytest.mark.parametrize("way", [*CONTENT, MISSING])
@pytest.mark.parametrize("name", ["edit.json", "replies/00000001.json"])
def test_a_damaged_edit_is_named_and_never_bought_again(buy, store, name, way):
    buy(ScriptedEditor([REPLY]))
    folder = keyed("edits", job_for().request.key)
    if name.startswith("replies"):
        save_reply(store, job_for().request.key, 1, REPLY)
        store.remove(f"{folder}/edit.json")
    damage(store, f"{folder}/{name}", way)
    editor = ScriptedEditor([REPLY])
    lost = "edit.json" if way == MISSING else name
    with pytest.raises(EditDamagedError, match=rf"{lost} is damaged: .*kizu repair --buy"):
        buy(editor)
    assert editor.calls == 0


def test_a_damaged_edit_is_completed_from_its_answer_if_that_is_still_there(buy, store):
    record = buy(ScriptedEditor([REPLY]))
    save_reply(store, record.key, 1, REPLY)
    damage(store, sidecar_path(record.key), "cut to half")
    editor = ScriptedEditor()
    assert buy(editor) == record
    assert editor.calls == 0


def test_a_refusal_that_is_damaged_is_not_asked_again(buy, store):
    buy(ScriptedEditor([failure(FailureKind.REFUSED)]))
    damage(store, sidecar_path(job_for().request.key), "one flipped byte")
    editor = ScriptedEditor([REPLY])
    with pytest.raises(EditDamagedError):
        buy(editor)
    assert editor.calls == 0


@pytest.mark.parametrize("line", ["calls", "ends"])
def test_a_damaged_line_of_the_ledger_stops_buying(buy, store, line):
    buy(ScriptedEditor([REPLY]))
    damage(store, f"ledger/{line}/00000001.json", "one flipped byte")
    editor = ScriptedEditor([REPLY])
    other = EditJob(job_for().request.model_copy(update={"seed": 1}), PICTURE, None, GEOMETRY)
    with pytest.raises(
        StopEditingError, match=rf"ledger/{line}/00000001\.json is damaged: .*--buy"
    ):
        buy(editor, other)
    assert editor.calls == 0


@pytest.mark.parametrize("line", ["calls", "ends"])
def test_a_damaged_line_of_the_ledger_loses_no_answer(buy, store, line):
    buy(ScriptedEditor([REPLY]))
    damage(store, f"ledger/{line}/00000001.json", "cut to half")
    other = EditJob(job_for().request.model_copy(update={"seed": 1}), PICTURE, None, GEOMETRY)
    save_reply(store, other.request.key, 2, REPLY)
    assert buy(ScriptedEditor(), other).status == "edited"


def test_what_an_old_listing_does_not_show_is_not_bought_again(buy, monkeypatch):
    store, path = Store(f"objects://{uuid.uuid4().hex}/store"), sidecar_path(job_for().request.key)
    with remembering():
        assert Marks(store).of(path) == GONE
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr("kizu.store.store.recent_files", lambda: None)
            bought = buy(ScriptedEditor([REPLY]), store=store)
        late = ScriptedEditor()
        assert buy(late, store=store) == bought
        assert Marks(store).of(path) == GONE, "the listing is still the old one"
    assert late.calls == 0
    assert len(list(Ledger(store).entries())) == 1
