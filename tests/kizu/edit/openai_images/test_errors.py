"""What the answers of services and gateways mean, however they say it."""

import json

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.bounded_http import BrokenOffError, NotSentError
from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.openai_images.connection import Connection
from kizu.edit.openai_images.errors import (
    failure_of_answer,
    failure_of_error,
    limit_per_minute,
    request_id,
)
from kizu.edit.paid import FailureKind

KEY = "s3cr3t-k3y"
SETTINGS = GptImageSettings(name="gpt-image")
CONNECTION = Connection.from_environment(
    SETTINGS,
    environment={"AZURE_OPENAI_ENDPOINT": "https://plates.example", "AZURE_OPENAI_API_KEY": KEY},
)
REFUSED, STOP, STOP_RUN = FailureKind.REFUSED, FailureKind.STOP, FailureKind.STOP_RUN
REJECTED, UNKNOWN, INVALID = FailureKind.REJECTED, FailureKind.UNKNOWN, FailureKind.INVALID


def failure(status, body=b"", headers=None, prompt="a deep hole"):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = httpx2.Request("POST", "https://plates.example/openai/v1/images/edits")
    answer = httpx2.Response(status, headers=headers, content=content, request=request)
    return failure_of_answer(answer, CONNECTION, SETTINGS, prompt)


def error(**said):
    return {"error": said}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, UNKNOWN) for status in (408, 409, 499, 500, 502, 504, 520, 522, 524, 598)),
        *((status, REJECTED) for status in (425, 429, 503, 529)),
        *((status, STOP) for status in (300, 304, 401, 402, 403, 404, 405, 407, 410, 501, 511)),
        *((status, INVALID) for status in (400, 411, 413, 415, 422)),
    ],
)
@pytest.mark.parametrize(
    "body", [b"", b"<html>what a gateway says</html>", error(message="It failed."), b"[1]", b"\xff"]
)
def test_without_a_word_a_status_tells_whether_the_call_was_served(status, kind, body):
    found = failure(status, body)
    assert found.kind is kind
    assert found.cause.split()[0] == str(status)


@pytest.mark.parametrize(
    "words",
    ["upstream connect error or disconnect/reset before headers", "connection timed out"],
)
def test_a_503_that_tells_of_a_broken_connection_was_perhaps_served(words):
    assert failure(503, words.encode()).kind is UNKNOWN
    assert failure(429, words.encode()).kind is REJECTED


POLICY = ("content_policy_violation", "moderation_blocked", "contentFilter", "content_filter")
POLICY += ("ResponsibleAIPolicyViolation",)


@pytest.mark.parametrize("status", [400, 403, 404, 422, 451, 500])
@pytest.mark.parametrize("word", POLICY)
@pytest.mark.parametrize(
    "form",
    [
        lambda word: error(code=word, message="no"),
        lambda word: error(type=word, message="no"),
        lambda word: error(code="BadRequest", message="no", inner_error={"code": word}),
        lambda word: error(message="no", innererror={"code": "x", "innererror": {"code": word}}),
        lambda word: error(message=f"Error code: 400 - {{'code': '{word}'}}"),
        lambda word: {"code": word, "message": "no"},
        lambda word: {"detail": [{"type": word, "msg": "no"}]},
    ],
)
def test_a_refusal_is_one_in_every_form(status, word, form):
    assert failure(status, form(word)).kind is REFUSED


@pytest.mark.parametrize(
    "words",
    [
        "Your task failed as a result of our safety system.",
        "It was filtered, the prompt triggers Azure OpenAI's content management policy.",
        "This request has been blocked by our content filters.",
        "Your prompt violates our usage policies.",
    ],
)
def test_a_refusal_in_words_alone_is_one_and_says_what_to_try(words):
    found = failure(400, error(message=words), prompt="a smear of blood")
    assert found.kind is REFUSED
    assert "try 'a red-brown stain' for 'blood'" in found.reason


def test_a_filter_that_stepped_in_is_a_refusal():
    found = {"violence": {"filtered": True}, "hate": {"filtered": False}}
    assert failure(400, error(code="x", content_filter_result=found)).kind is REFUSED
    found["violence"]["filtered"] = False
    assert failure(400, error(code="x", content_filter_result=found)).kind is INVALID


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500])
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"code": "billing_hard_limit_reached", "message": "It is reached."}, STOP),
        ({"code": "insufficient_quota", "message": "no"}, STOP),
        ({"message": "You exceeded your current quota, please check your plan."}, STOP),
        ({"message": "API version not supported"}, STOP),
        ({"message": "Unknown parameter: 'input_fidelity'."}, STOP),
        ({"message": "Unknown parameter: 'moderation'.", "code": "unknown_parameter"}, STOP),
        ({"message": "Unrecognized request argument supplied: quality"}, STOP),
        ({"message": "Your resource has been temporarily blocked because of abuse."}, STOP_RUN),
        (
            {
                "code": "content_policy_violation",
                "message": "Your account was suspended for violations of our content policy",
            },
            STOP_RUN,
        ),
        ({"code": "account_deactivated", "message": "no"}, STOP_RUN),
    ],
)
def test_what_is_true_of_the_account_is_no_samples_fault(status, said, kind):
    assert failure(status, error(**said)).kind is kind


def test_a_limit_that_passes_is_not_taken_for_used_up_credit():
    words = (
        "Rate limit reached for images: Limit 5/min. Please try again in 12s. You can increase it "
        "by adding a payment method at https://platform.openai.com/account/billing."
    )
    found = failure(429, error(code="rate_limit_exceeded", message=words))
    assert (found.kind, found.hold_s, found.wait_s) == (REJECTED, 12.0, 12.0)


def test_public_access_that_is_disabled_is_no_block_for_abuse():
    assert failure(403, error(message="Public access is disabled.")).kind is STOP


def test_what_repeats_the_prompt_says_nothing_of_the_account():
    prompt = "a sticker: your account is suspended, check your billing details"
    said = error(message=f"Invalid prompt: {prompt}")
    assert failure(400, said, prompt=prompt).kind is INVALID


def test_options_are_the_same_for_every_request():
    assert failure(400, error(param="size", message="Invalid value")).kind is STOP
    assert failure(400, error(param="prompt", message="Invalid value")).kind is INVALID


@pytest.mark.parametrize("page", [b"<html>sign in", b"\n<!DOCTYPE html>", b"<?xml?><html/>"])
def test_a_web_page_with_a_good_status_stops_the_stage(page):
    found = failure(200, page)
    assert (found.kind, found.cause) == (STOP, "web page")


@pytest.mark.parametrize(
    "body", [b"{}", b"x", error(message="busy"), {"data": [{"b64_json": "x"}]}]
)
def test_other_good_answers_are_read(body):
    assert failure(200, body) is None


def test_the_cause_is_the_same_for_every_sample():
    said = [error(code="invalid_value", message=f"sample {number}") for number in range(2)]
    assert {failure(400, one).cause for one in said} == {"400 invalid_value"}


def test_the_key_is_in_no_sentence_and_no_request_id():
    headers = {"x-request-id": f"id-{KEY}\x07"}
    found = failure(500, error(message=f"wrong key {KEY}\x1b[0m\u2028\ud800"), headers)
    assert KEY not in f"{found.reason}{found.request_id}"
    assert found.reason.isprintable()
    assert request_id(httpx2.Headers(headers), CONNECTION) == "id-[key]"


@pytest.mark.parametrize("told", ["0.001", "0", "-1", "nan", "inf", "1e9", "x", "9" * 300])
def test_a_limit_that_is_none_is_not_believed(told):
    assert limit_per_minute(httpx2.Headers({"x-ratelimit-limit-requests": told})) is None


def test_a_limit_is_read():
    assert limit_per_minute(httpx2.Headers({"x-ratelimit-limit-requests": "60"})) == 60.0


def test_what_was_sent_was_perhaps_billed_and_what_was_not_was_not():
    sent = failure_of_error(BrokenOffError("x", took_too_long=True, received=b"half"), CONNECTION)
    assert (sent.kind, sent.remains, sent.cause) == (UNKNOWN, b"half", "took too long")
    unsent = NotSentError("ConnectError: no route")
    unsent.__cause__ = httpx2.ConnectError("no route")
    found = failure_of_error(unsent, CONNECTION)
    assert (found.kind, found.is_unreachable) == (REJECTED, True)
    odd = failure_of_error(UnicodeEncodeError("ascii", KEY, 0, 1, "no"), CONNECTION)
    assert (odd.kind, odd.cause) == (STOP, "not sent")
    assert KEY not in odd.reason


@given(st.binary(max_size=200), st.sampled_from([200, 302, 400, 403, 429, 500, 503]))
def test_whatever_an_answer_says_there_is_one_sentence(body, status):
    found = failure(status, body)
    assert found is None or (found.reason.isprintable() and found.cause)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["error", "code", "message", "param", "x"]), inner)
        ),
        max_leaves=12,
    )
)
def test_whatever_json_an_error_is_there_is_one_sentence(tree):
    found = failure(400, tree)
    assert found.reason.isprintable()
    assert len(found.reason) < 1_000
