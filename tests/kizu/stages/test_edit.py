import base64
from collections import Counter

import numpy as np
import pytest
from loopback import scripted_service

from kizu.billing.ledger import Ledger
from kizu.edit.storage import save_refusal
from kizu.imaging.codecs import encode_png
from kizu.imaging.geometry import FreeSizes, Geometry
from kizu.shards import Fate, last_failure
from kizu.spec import DatasetSpec
from kizu.stages import DIFF, EDIT
from kizu.store import Store

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
    assert (report.made, report.kept, report.refused) == (3, 0, 1)
    report = through(DIFF)
    assert (report.made, report.waiting) == (3, (inputs()[0].sample.sample_id,))


@pytest.fixture
def account(monkeypatch):
    """A service that answers every call alike."""
    with scripted_service() as service:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", service.url)
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", "a key of some length")
        yield service


@pytest.fixture
def many(spec, photos):
    """Twelve samples of a paid editor: three defects on four plain photos, which are soon sent."""
    for name, level in (("a", 80), ("b", 100), ("c", 120), ("d", 140)):
        (photos / f"{name}.png").write_bytes(encode_png(np.full((96, 96, 3), level, np.uint8)))
    fields = spec.model_dump(mode="json")
    fields["defects"].append({"defect_type": "dent", "prompt": "a dent"})

    def with_editor(**settings):
        editor = {"name": "gpt-image", "quality": "low", "images_per_minute": 60_000}
        return DatasetSpec.parse({**fields, "editor": {**editor, **settings}})

    return with_editor


@pytest.mark.usefixtures("account")
def test_of_edits_that_are_there_nobody_asks_for_a_batch(through, inputs, many, store, monkeypatch):
    spec = many()
    for one in inputs(spec=spec):
        save_refusal(store, one.sample.request, "never", Geometry.fit((96, 96), SIZES))
    asked = []
    read = Store.read
    monkeypatch.setattr(Store, "read", lambda self, path: asked.append(path) or read(self, path))
    assert through(EDIT, spec=spec).refused == 12
    assert not [path for path in asked if path.endswith("batch.json")]


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("most", [1, 3])
def test_what_fails_every_edit_alike_is_found_out_by_a_few_calls(
    through, many, account, store, status, most
):
    said = {"error": {"code": "strange", "message": "it is not accepted"}}
    account.answer = lambda _: (status, said)
    report = through(EDIT, spec=many(stop_after_failures=most))
    calls = len(list(Ledger(store).entries()))
    assert most <= calls <= most + 1  # one more if the first few happen to share a prompt
    assert (len(report.failures), len(report.waiting)) == (calls - 1, 13 - calls)
    assert "failed alike" in report.stopped
    assert "it is not accepted" in report.stopped


def test_what_stops_all_edits_leaves_them_waiting_after_a_few_calls(through, many, account, store):
    account.answer = lambda _: (401, {"error": {"code": "401", "message": "no access"}})
    report = through(EDIT, spec=many())
    assert len(list(Ledger(store).entries())) <= 3
    assert (len(report.failures), len(report.waiting)) == (0, 12)
    assert "does not accept the key" in report.stopped


PICTURE = base64.b64encode(encode_png(np.full((1024, 1024, 3), 90, np.uint8))).decode()
REFUSED = {"error": {"code": "moderation_blocked", "message": "rejected by the safety system"}}


def refusing(words):
    """Return what a service answers that refuses prompts with some words."""

    def answer(request):
        if words.encode() in request.body:
            return 400, REFUSED
        return 200, {"data": [{"b64_json": PICTURE}], "usage": {"output_tokens": 10}}

    return answer


def test_a_prompt_that_is_refused_again_and_again_is_not_asked_for_other_photos(
    through, many, account, store
):
    account.answer = refusing("a deep hole")
    report = through(EDIT, spec=many())
    assert (report.made + report.refused, len(report.waiting), report.failures) == (11, 1, ())
    [unasked] = report.waiting
    assert "hole" in unasked
    assert last_failure(store, unasked).fate is Fate.UNASKED
    calls = len(list(Ledger(store).entries()))
    assert through(EDIT, spec=many()).waiting == (unasked,)
    assert len(list(Ledger(store).entries())) == calls == 11


def test_a_prompt_that_was_given_up_is_asked_again_if_it_is_reworded_or_the_user_says_so(
    through, many, account
):
    account.answer = refusing("a deep hole")
    through(EDIT, spec=many())
    report = through(EDIT, spec=many(max_refusals=0))
    assert (report.kept, report.made + report.refused) == (8, 4)
    fields = many().model_dump(mode="json")
    fields["defects"][0]["prompt"] = "a deep hole with a rim"
    report = through(EDIT, spec=DatasetSpec.parse(fields))
    assert (report.made + report.refused, len(report.waiting)) == (3, 1)


def test_refusals_of_some_edits_give_up_no_prompt(through, many, account):
    good, asked = refusing("nothing is refused"), Counter()

    def refuse_the_second(request):
        for words in (b"a deep hole", b"a brown stain", b"a dent"):
            asked[words] += words in request.body
            if words in request.body and asked[words] == 2:
                return 400, REFUSED
        return good(request)

    account.answer = refuse_the_second
    report = through(EDIT, spec=many())
    assert (report.made + report.refused, report.waiting, report.failures) == (12, (), ())
