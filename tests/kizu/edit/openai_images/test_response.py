import base64
import json

import numpy as np
import pytest

from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.openai_images.response import read_answer
from kizu.edit.paid import BadReplyError, RefusedReplyError, Reply, body_fields
from kizu.imaging.codecs import encode_png

SENT = np.full((1024, 1024, 3), 90, np.uint8)


def no_fetch(url):
    raise ValueError(f"no network for {url}")


def reply(text):
    return Reply(body=text, latency_s=1, request_id="r", limit_per_minute=None, at=0)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("gateway", "it is no JSON"),
        ("[]", "it holds no picture"),
        ('{"data": []}', "it holds no picture"),
        ('{"data": [{"url": "https://example.org"}]}', "no network"),
        ('{"data": [{"b64_json": "!!"}]}', "not base64"),
        ('{"data": [{"b64_json": "aGVsbG8="}]}', "it is not an image"),
    ],
)
def test_what_is_no_edit_is_said_so(answer, says):
    with pytest.raises(BadReplyError, match=says):
        read_answer(reply(answer), SENT, "m", lambda _: None, no_fetch, str)


def test_a_bad_reply_that_was_billed_tells_its_cost():
    usage = {
        "input_tokens": 237,
        "input_tokens_details": {"text_tokens": 43, "image_tokens": 194},
        "output_tokens": 4160,
        "total_tokens": 4397,
    }
    rates = {"text_input_usd": 5, "image_input_usd": 10, "image_output_usd": 40}
    settings = GptImageSettings.model_validate({"name": "gpt-image", "prices": rates})
    answer = reply(json.dumps({"usage": usage}))
    with pytest.raises(BadReplyError) as bad:
        read_answer(answer, SENT, "m", settings.cost_usd, no_fetch, str)
    assert bad.value.cost_usd == 0.168555


def good(usage, **more):
    text = base64.b64encode(encode_png(SENT)).decode()
    return json.dumps({"data": [{"b64_json": text}], "usage": usage, **more})


HONEST = {
    "input_tokens": 50,
    "input_tokens_details": {"text_tokens": 40, "image_tokens": 10},
    "output_tokens": 272,
    "total_tokens": 322,
}


def read(text):
    settings = GptImageSettings(name="gpt-image")
    return read_answer(reply(text), SENT, "m", settings.cost_usd, no_fetch, str)


def test_an_honest_usage_is_the_cost():
    edit = read(good(HONEST))
    assert edit.usage["output_tokens"] == 272
    assert edit.cost_usd > 0
    assert read(good(HONEST, created="x", more=[None])).cost_usd == edit.cost_usd


@pytest.mark.parametrize("field", ["input_tokens", "output_tokens", "total_tokens", "text_tokens"])
@pytest.mark.parametrize("value", [-1, -(10**9), 1e30, 0.5, 10**12, 10**400, True, "272", [], {}])
def test_a_usage_that_cannot_be_true_is_not_known(field, value):
    usage = {**HONEST, "input_tokens_details": dict(HONEST["input_tokens_details"])}
    (usage["input_tokens_details"] if field == "text_tokens" else usage)[field] = value
    edit = read(good(usage))
    assert (edit.usage, edit.cost_usd) == ({}, None)


@pytest.mark.parametrize(
    "usage",
    [
        {**HONEST, "output_tokens": 0},
        {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
        {**HONEST, "input_tokens": 5_000},
        {},
        [],
        "much",
        None,
    ],
)
def test_a_picture_for_no_tokens_has_no_known_cost(usage):
    assert read(good(usage)).cost_usd is None


def test_what_was_filtered_in_a_good_answer_is_a_refusal_at_its_cost():
    result = {"content_filter_results": {"violence": {"filtered": True}}}
    with pytest.raises(RefusedReplyError, match="refused by policy") as refused:
        read(json.dumps({"data": [result], "usage": {**HONEST, "output_tokens": 0}}))
    assert 0 < refused.value.cost_usd < read(good(HONEST)).cost_usd


@pytest.mark.parametrize("open_", ["[", '{"a":', '{"data":['])
def test_what_is_nested_too_deep_is_no_edit(open_):
    with pytest.raises(BadReplyError, match=r"nested too deep|no JSON"):
        read(open_ * 100_000)


def test_the_cause_of_a_bad_reply_has_no_figures():
    with pytest.raises(BadReplyError) as bad:
        read(json.dumps({"data": [{"b64_json": base64.b64encode(encode_png(SENT[:90])).decode()}]}))
    assert bad.value.cause == "reply: the picture is was asked for"


def test_a_body_that_is_no_text_is_kept_byte_for_byte():
    picture = encode_png(SENT)
    kept = Reply(**body_fields(picture), latency_s=1, request_id=None, limit_per_minute=None, at=0)
    again = Reply.model_validate(kept.model_dump(mode="json"))
    assert again.content == picture
    assert read_answer(again, SENT, "m", lambda _: None, no_fetch, str).picture == picture
