"""Where an edit lies, in which order it is written, and what is told when it is damaged."""

import numpy as np
import pytest

from kizu.edit.editor import Edit
from kizu.edit.paid import Reply
from kizu.edit.request import EditRequest
from kizu.edit.storage import (
    EditDamagedError,
    drop_reply,
    find_edit,
    find_replies,
    open_edit,
    read_picture,
    save_edit,
    save_refusal,
    save_reply,
    set_aside,
    sidecar_path,
    truth_path,
)
from kizu.imaging.codecs import decode_mask, encode_png
from kizu.imaging.geometry import FreeSizes, Geometry
from kizu.store import keyed

REQUEST = EditRequest(
    normal_sha256="ab" * 32, ask={"prompt": "傷"}, editor={"name": "painter"}, variant=0, seed=0
)
KEY = REQUEST.key
PADDED = Geometry.fit((40, 20), FreeSizes(16, 0, 10**8, 10**4, 9.0))
"""A photo of 40x20 px in a picture of 48x32 px, nothing scaled."""

PHOTO = np.full((20, 40, 3), 200, np.uint8)
PICTURE = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)


def edit(**facts):
    return Edit(encode_png(PICTURE), model="m", cost_usd=0.04, **facts)


def reply(body="an answer"):
    return Reply(body=body, latency_s=1.5, request_id="r", limit_per_minute=9.0, at=1000.0)


def test_of_a_request_that_nobody_made_there_is_nothing(store):
    assert find_edit(store, KEY) is None
    assert list(find_replies(store, KEY)) == []


def test_an_edit_is_found_as_it_was_saved(store):
    saved = save_edit(store, REQUEST, edit(usage={"output": 7}, host="h"), PADDED, "plates")
    assert find_edit(store, KEY) == saved
    assert (saved.cost_usd, saved.bought_for, saved.host) == (0.04, "plates", "h")
    assert saved.has_picture


def test_the_sidecar_is_written_last(store, monkeypatch):
    written = []
    write = store.write
    monkeypatch.setattr(
        store, "write", lambda path, data: (written.append(path), write(path, data))
    )
    save_edit(store, REQUEST, edit(truth=np.ones((32, 48), bool)), PADDED)
    assert written[-1] == sidecar_path(KEY)
    assert set(written[:-1]) == {f"{keyed('edits', KEY)}/picture.png", truth_path(KEY)}


def test_a_picture_whose_sidecar_was_never_written_is_no_edit(store):
    store.write(f"{keyed('edits', KEY)}/picture.png", encode_png(PICTURE))
    assert find_edit(store, KEY) is None


def test_an_edit_is_opened_on_the_photos_grid(store):
    record = save_edit(store, REQUEST, edit(), PADDED)
    x, y = PADDED.offset
    np.testing.assert_array_equal(open_edit(store, record, PHOTO), PICTURE[y : y + 20, x : x + 40])


def test_the_true_mask_lies_on_the_photos_grid_apart_from_the_edit(store):
    truth = np.zeros((32, 48), bool)
    truth[PADDED.offset[1], PADDED.offset[0]] = True
    save_edit(store, REQUEST, edit(truth=truth), PADDED)
    stored = decode_mask(store.read(truth_path(KEY)))
    assert stored.shape == (20, 40)
    assert stored[0, 0]
    assert stored.sum() == 1
    assert not truth_path(KEY).startswith("edits")


def test_without_a_true_mask_none_is_written(store):
    save_edit(store, REQUEST, edit(), PADDED)
    assert not store.exists(truth_path(KEY))


def test_a_refusal_is_found_with_its_reason_and_has_no_picture(store):
    saved = save_refusal(store, REQUEST, "不適切", PADDED, bought_for="plates", host="h")
    assert find_edit(store, KEY) == saved
    assert (saved.status, saved.reason, saved.cost_usd) == ("refused", "不適切", 0.0)
    assert not saved.has_picture
    with pytest.raises(EditDamagedError, match="is missing"):
        read_picture(store, saved)


def test_a_picture_that_is_gone_is_named_with_the_way_out(store):
    record = save_edit(store, REQUEST, edit(), PADDED)
    path = f"{keyed('edits', KEY)}/picture.png"
    store.remove(path)
    with pytest.raises(EditDamagedError, match=rf"{path} is damaged: it is missing; .*kizu repair"):
        open_edit(store, record, PHOTO)


def test_another_picture_in_its_place_is_named_with_the_way_out(store):
    record = save_edit(store, REQUEST, edit(), PADDED)
    store.write(f"{keyed('edits', KEY)}/picture.png", encode_png(PICTURE[::-1]))
    with pytest.raises(
        EditDamagedError, match=r"it is not the picture that was received; .*kizu repair"
    ):
        read_picture(store, record)


def test_answers_wait_under_their_calls_numbers_until_they_are_dropped(store):
    save_reply(store, KEY, 12, reply("second"))
    save_reply(store, KEY, 7, reply("first"))
    assert list(find_replies(store, KEY)) == [(7, reply("first")), (12, reply("second"))]
    drop_reply(store, KEY, 7)
    assert [number for number, _ in find_replies(store, KEY)] == [12]


def test_answers_of_other_edits_are_not_found(store):
    save_reply(store, KEY, 1, reply())
    other = REQUEST.model_copy(update={"variant": 1})
    assert list(find_replies(store, other.key)) == []


def test_what_is_set_aside_lies_outside_the_edits_byte_for_byte(store):
    path = set_aside(store, KEY, 3, b"\x00half")
    assert store.read(path) == b"\x00half"
    assert path.startswith("inspect/")
    assert path.endswith("/00000003.bin")
