import json

import numpy as np
import pytest

from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.openai_images.response import read_answer
from kizu.edit.paid import BadReplyError, Reply

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
