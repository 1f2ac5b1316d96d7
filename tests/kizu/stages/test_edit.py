from kizu.edit.storage import save_refusal
from kizu.imaging.geometry import FreeSizes, Geometry
from kizu.stages import DIFF, EDIT

SIZES = FreeSizes(16, min_pixels=0, max_pixels=10**8, max_edge_px=10**4, max_aspect=9)


def test_the_key_of_an_edit_is_that_of_its_request(inputs):
    assert [EDIT.key(one) for one in inputs()] == [one.sample.request.key for one in inputs()]


def test_an_edit_is_made_once(through, store):
    assert through(EDIT).made == 4
    edits = list(store.list("edits"))
    assert through(EDIT).kept == 4
    assert list(store.list("edits")) == edits


def test_a_refusal_is_an_answer_and_nothing_follows_from_it(through, inputs, store):
    request = inputs()[0].sample.request
    save_refusal(store, request, "never", Geometry.fit((96, 96), SIZES))
    report = through(EDIT)
    assert (report.made, report.kept) == (3, 1)
    report = through(DIFF)
    assert (report.made, report.waiting) == (3, (inputs()[0].sample.sample_id,))
