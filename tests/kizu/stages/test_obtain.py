from dataclasses import dataclass, field

import numpy as np
import pytest

from kizu.edit.editor import Edit, EditError, EditRefusedError, StopEditingError
from kizu.edit.painter.settings import PainterSettings
from kizu.edit.regions import BoxRegion
from kizu.edit.registry import load_editor
from kizu.edit.request import EditRequest
from kizu.edit.storage import EditDamagedError, find_edit, open_edit, truth_path
from kizu.imaging.codecs import decode_mask, encode_png
from kizu.imaging.geometry import FreeSizes, Geometry
from kizu.stages.obtain import obtain_edit
from kizu.store import Store


def request(variant: int = 0) -> EditRequest:
    return EditRequest(
        normal_sha256="ab" * 32,
        ask={"prompt": "a hole", "region": None, "kind": "hole", "area": None},
        editor={"name": "painter"},
        variant=variant,
        seed=0,
    )


@dataclass
class CountingEditor:
    """Turns the picture upside down, or raises; counts the calls."""

    error: EditError | None = None
    cost_usd: float | None = 0.0
    calls: list = field(default_factory=list)
    is_paid = False

    def plan_crop(self, request, source, guide):  # noqa: ARG002 - the Protocol's
        sizes = FreeSizes(16, min_pixels=0, max_pixels=10**8, max_edge_px=10**4, max_aspect=9)
        return Geometry.fit(source, sizes)

    def most_usd(self, request, size):  # noqa: ARG002 - the Protocol's
        return self.cost_usd

    def edit(self, request, picture, region):
        self.calls.append((request, picture, region))
        if self.error:
            raise self.error
        return Edit(encode_png(picture[::-1]), model="mirror", cost_usd=0.0)


def test_an_edit_is_made_once(store, make_photo):
    editor = CountingEditor()
    first = obtain_edit(store, editor, request(), make_photo(1), None)
    again = obtain_edit(store, editor, request(), make_photo(1), None)
    assert first == again
    assert len(editor.calls) == 1
    assert first.cost_usd == 0.0


@pytest.mark.parametrize("cost_usd", [None, 0.04])
def test_an_editor_that_may_cost_money_makes_nothing_outside_the_ledger(
    store, make_photo, cost_usd
):
    editor = CountingEditor(cost_usd=cost_usd)
    with pytest.raises(StopEditingError, match=r"painter costs is not known .* choose another"):
        obtain_edit(store, editor, request(), make_photo(1), None)
    assert editor.calls == []


def test_a_picture_that_is_not_the_recorded_one_is_not_opened(store, make_photo):
    photo = make_photo(1)
    record = obtain_edit(store, CountingEditor(), request(), photo, None)
    folder = f"edits/{record.key[:2]}/{record.key}"
    store.write(f"{folder}/picture.png", encode_png(photo))
    with pytest.raises(EditDamagedError, match=rf"{folder}/picture.png is damaged: .*kizu repair"):
        open_edit(store, record, photo)


def test_the_answer_is_opened_on_the_photos_own_grid(store, make_photo):
    photo = make_photo(1, 100)
    record = obtain_edit(store, CountingEditor(), request(), photo, None)
    assert record.geometry.model == (112, 112)
    assert np.array_equal(open_edit(store, record, photo), photo[::-1])


def test_the_editor_gets_the_region_on_its_own_grid(store, make_photo):
    editor = CountingEditor()
    box = BoxRegion(x0=0, y0=0, x1=0.5, y1=1)
    obtain_edit(store, editor, request(), make_photo(1, 100), box)
    [(_, picture, region)] = editor.calls
    assert region.shape == picture.shape[:2] == (112, 112)
    assert region.sum() == 50 * 100


def test_a_refusal_is_kept_and_never_asked_again(store, make_photo):
    editor = CountingEditor(EditRefusedError("the content filter said no"))
    first = obtain_edit(store, editor, request(), make_photo(1), None)
    obtain_edit(store, editor, request(), make_photo(1), None)
    assert (first.status, first.reason) == ("refused", "the content filter said no")
    assert len(editor.calls) == 1


def test_a_failure_is_not_an_answer(store, make_photo):
    editor = CountingEditor(EditError("the service is busy"))
    with pytest.raises(EditError, match="busy"):
        obtain_edit(store, editor, request(), make_photo(1), None)
    assert find_edit(store, request().key) is None
    editor.error = None
    assert obtain_edit(store, editor, request(), make_photo(1), None).status == "edited"


def test_replay_serves_what_the_store_holds_and_fails_on_a_miss(store, make_photo):
    painter, replay = load_editor("painter"), load_editor("replay")
    made = obtain_edit(store, painter, request(), make_photo(1), None)
    assert obtain_edit(store, replay, request(), make_photo(1), None) == made
    with pytest.raises(EditError, match="is not in the store and replay makes none"):
        obtain_edit(store, replay, request(variant=1), make_photo(1), None)


def test_the_painter_makes_equal_bits_in_two_stores(tmp_path, make_photo):
    pictures = []
    for name in ("one", "two"):
        store = Store(str(tmp_path / name))
        editor = load_editor("painter", PainterSettings(drift="gpt-image-2"))
        record = obtain_edit(store, editor, request(), make_photo(1), None)
        pictures.append(record.picture_sha256)
    assert pictures[0] == pictures[1]


def test_the_true_mask_lies_apart_from_the_edit_on_the_photos_grid(store, make_photo):
    photo = make_photo(1, 100)
    record = obtain_edit(store, load_editor("painter"), request(), photo, None)
    truth = decode_mask(store.read(truth_path(record.key)))
    changed = np.any(open_edit(store, record, photo) != photo, axis=-1)
    assert truth.any()
    assert np.count_nonzero(truth & changed) >= 0.95 * truth.sum()
    assert not truth_path(record.key).startswith("edits/")
