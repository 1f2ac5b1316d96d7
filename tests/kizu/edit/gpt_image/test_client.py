import io
import json

import numpy as np
import pytest
from PIL import Image

from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.openai_images.client import encode_region, request_body
from kizu.edit.openai_images.errors import retry_after_s
from kizu.edit.openai_images.response import read_answer
from kizu.edit.paid import BadReplyError, Reply
from kizu.emulator.multipart import parse_form

PICTURE = np.full((1024, 1536, 3), 90, np.uint8)


def body(region=None, prompt="a hole", **fields):
    settings = GptImageSettings.model_validate({"name": "gpt-image", **fields})
    return request_body(settings, prompt, PICTURE, region)


def test_files_are_sent_with_a_name_and_a_media_type():
    name, data, mime = body()["image"]
    assert (name, mime, data[:4]) == ("photo.png", "image/png", b"\x89PNG")


def test_options_are_sent_as_the_family_takes_them():
    sent = body(model="gpt-image-1.5", quality="high", deployment="eu-1")
    assert (sent["model"], sent["size"], sent["quality"]) == ("eu-1", "1536x1024", "high")
    assert (sent["input_fidelity"], sent["output_format"], sent["n"]) == ("high", "png", 1)
    assert "input_fidelity" not in body(model="gpt-image-2")
    assert "mask" not in sent


def test_a_mask_is_clear_where_the_model_may_edit_and_far_below_4_mb():
    noisy = np.random.default_rng(0).random((2880, 2880)) < 0.5
    data = encode_region(noisy)
    with Image.open(io.BytesIO(data)) as mask:
        assert (mask.format, mask.mode, mask.size) == ("PNG", "RGBA", (2880, 2880))
        assert np.array_equal(np.asarray(mask.getchannel("A")) == 0, noisy)
    assert len(data) < 4_000_000


def test_a_prompt_that_is_too_long_is_not_sent():
    with pytest.raises(ValueError, match=r"prompt is 32,001 long, gpt-image-1\.5 takes 32,000"):
        body(prompt="x" * 32_001)


def reply(text):
    return Reply(body=text, latency_s=1, request_id="r", limit_per_minute=None, at=0)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("<html>gateway</html>", "the reply is no JSON"),
        ("[]", "it holds no picture"),
        ('{"data": []}', "it holds no picture"),
        ('{"data": [{"url": "https://example.org"}]}', "it holds no picture"),
        ('{"data": [{"b64_json": "!!"}]}', "not base64"),
        ('{"data": [{"b64_json": "aGVsbG8="}]}', "it is not an image"),
    ],
)
def test_what_is_no_edit_is_said_so(answer, says):
    with pytest.raises(BadReplyError, match=says):
        read_answer(reply(answer), (1024, 1024), "m", lambda _: None)


def test_a_bad_reply_that_was_billed_tells_its_cost():
    usage = {
        "input_tokens": 237,
        "input_tokens_details": {"text_tokens": 43, "image_tokens": 194},
        "output_tokens": 4160,
        "total_tokens": 4397,
    }
    rates = {"text_input_usd": 5, "image_input_usd": 10, "image_output_usd": 40}
    settings = GptImageSettings.model_validate({"name": "gpt-image", "prices": rates})
    with pytest.raises(BadReplyError) as bad:
        read_answer(reply(json.dumps({"usage": usage})), (1024, 1024), "m", settings.cost_usd)
    assert bad.value.cost_usd == 0.168555


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2026 07:28:00 GMT", "", "-3"])
def test_a_pause_that_is_no_number_is_none(value):
    assert retry_after_s({"retry-after": value}) == 0


def test_a_form_that_is_cut_off_is_not_read():
    whole = b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n--b--\r\n'
    [part] = parse_form("multipart/form-data; boundary=b", whole)
    assert (part.name, part.text) == ("n", "1")
    with pytest.raises(ValueError, match="cut off"):
        parse_form("multipart/form-data; boundary=b", whole[:-8])
