"""The emulator as clients see it: the real one, and plain HTTP where that would not send it."""

import base64
import json
from dataclasses import replace

import httpx
import numpy as np
import openai
import pytest
from openai import AzureOpenAI, OpenAI

from kizu.edit.openai_images.emulation import EMULATOR_HEADER
from kizu.emulator import Emulator, EmulatorSettings
from kizu.emulator.faults import Fault, FaultPlan
from kizu.emulator.settings import KEY
from kizu.imaging.codecs import encode_png

PHOTO = encode_png(np.full((64, 64, 3), 128, np.uint8))
FILE = ("photo.png", PHOTO, "image/png")
EDITS = "openai/deployments/gpt-image-1.5/images/edits?api-version=2025-04-01-preview"
QUICK = EmulatorSettings(paint=lambda job: job.picture)


@pytest.fixture
def emulate():
    """Return a function that starts an emulator; it stops with the test."""
    running = []

    def start(**settings):
        emulator = Emulator(replace(QUICK, **settings))
        context = emulator.running()
        running.append(context)
        return context.__enter__()

    yield start
    for context in running:
        context.__exit__(None, None, None)


@pytest.fixture
def client_of():
    """Return a function that opens the real client of an emulator, without its retries."""
    opened = []

    def client(emulator, kind=AzureOpenAI, **address):
        address = address or {
            "azure_endpoint": emulator.endpoint,
            "api_version": "2025-04-01-preview",
        }
        opened.append(kind(api_key=KEY, max_retries=0, **address))
        return opened[-1]

    yield client
    for one in opened:
        one.close()


def edit(client, **changes):
    fields = {"model": "gpt-image-1.5", "image": FILE, "prompt": "a hole", "size": "1024x1024"}
    return client.images.edit(**{**fields, **changes})


def post(emulator, path=EDITS, key=KEY, **form):
    form = form or {"data": {"prompt": "a hole", "quality": "low"}, "files": {"image": FILE}}
    return httpx.post(f"{emulator.endpoint}/{path}", headers={"api-key": key}, **form)


def test_an_answer_has_picture_tokens_and_the_options_that_count(emulate, client_of):
    answer = edit(client_of(emulate()), quality="high", input_fidelity="high")
    assert answer.data[0].b64_json
    assert (answer.size, answer.quality, answer.output_format) == ("1024x1024", "high", "png")
    assert answer.usage.output_tokens == 4160
    assert answer.usage.input_tokens_details.image_tokens == 65 + 129 + 4096
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


def test_a_list_of_images_is_taken_as_the_client_sends_it(emulate, client_of):
    assert edit(client_of(emulate()), image=[FILE]).data[0].b64_json


def test_raw_bytes_are_refused_as_the_service_does_it(emulate, client_of):
    client = client_of(emulate())
    with pytest.raises(openai.BadRequestError, match=r"mimetype \('application/octet-stream'\)"):
        edit(client, image=PHOTO)


def test_v1_takes_a_bearer_token_and_the_deployment_from_the_form(emulate, client_of):
    emulator = emulate()
    client = client_of(emulator, OpenAI, base_url=f"{emulator.endpoint}/openai/v1/")
    assert edit(client).data[0].b64_json
    assert emulator.tally.billed == 1


def test_an_address_without_a_version_is_not_found(emulate, client_of):
    emulator = emulate()
    base = f"{emulator.endpoint}/openai/deployments/gpt-image-1.5"
    client = client_of(emulator, OpenAI, base_url=base)
    with pytest.raises(openai.NotFoundError):
        edit(client)


@pytest.mark.parametrize(
    ("path", "key", "status", "code"),
    [
        (EDITS, "another-key", 401, "401"),
        (EDITS, "", 401, "401"),
        (EDITS.replace("edits", "generations"), KEY, 404, "404"),
        (EDITS.replace("gpt-image-1.5", "gpt-9"), KEY, 404, "DeploymentNotFound"),
    ],
)
def test_who_is_denied_is_told_why_and_no_call_is_counted(emulate, path, key, status, code):
    emulator = emulate()
    answer = post(emulator, path, key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert emulator.tally.calls == 0
    assert emulator.tally.statuses == {str(status): 1}


def test_a_retired_deployment_is_gone(emulate):
    answer = post(emulate(retired=frozenset({"gpt-image-1.5"})))
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "ModelDeprecated")


def test_own_deployment_names_hide_the_models_own(emulate):
    emulator = emulate(deployments={"mine": "gpt-image-2"})
    assert emulator.model("mine").name == "gpt-image-2"
    assert emulator.model("gpt-image-2") is None


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"content": b"{}"}, "invalid_request", None),
        ({"data": {"prompt": "a hole"}, "files": {"mask": FILE}}, "missing_parameter", "image"),
        (
            {"data": {"prompt": "x"}, "files": {"image": ("a.png", b"none", "image/png")}},
            "invalid_image",
            "image",
        ),
    ],
)
def test_a_wrong_form_is_a_400_that_is_not_billed(emulate, form, code, param):
    emulator = emulate()
    answer = post(emulator, **form)
    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (code, param)
    assert emulator.tally.billed == 0


def test_every_answer_says_that_the_emulator_gave_it(emulate):
    emulator = emulate(told_per_minute=7)
    for answer in (post(emulator), post(emulator, key="wrong"), httpx.get(emulator.endpoint)):
        assert answer.headers[EMULATOR_HEADER] == "1"
        assert answer.headers["x-ratelimit-limit-requests"] == "7"


def test_what_was_counted_can_be_asked_for(emulate):
    emulator = emulate()
    post(emulator)
    post(emulator, key="wrong")
    counted = json.loads(httpx.get(emulator.endpoint).content)
    assert (counted["calls"], counted["billed"], counted["statuses"]) == (
        1,
        1,
        {"200": 1, "401": 1},
    )
    assert counted["cost_usd"] == emulator.tally.cost_usd > 0


@pytest.mark.parametrize(
    ("fault", "status", "headers"),
    [
        (Fault.RATE_LIMIT, 429, {"retry-after": "2"}),
        (Fault.RATE_LIMIT_MS, 429, {"retry-after-ms": "2000", "retry-after": "2"}),
        (Fault.SERVER_ERROR, 500, {}),
        (Fault.OVERLOADED, 503, {}),
        (Fault.POLICY, 400, {}),
        (Fault.BLOCKED, 403, {}),
    ],
)
def test_a_fault_before_the_work_is_not_billed_and_the_next_call_goes_well(
    emulate, fault, status, headers
):
    emulator = emulate(faults=FaultPlan({1: fault}, retry_after_s=2.0))
    answer = post(emulator)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in headers} == headers
    assert emulator.tally.billed == 0
    assert post(emulator).status_code == 200


def test_a_reset_connection_breaks_off_without_an_answer(emulate):
    emulator = emulate(faults=FaultPlan({1: Fault.RESET}))
    with pytest.raises(httpx.TransportError):
        post(emulator)
    assert emulator.tally.statuses == {}


def test_an_answer_that_breaks_off_was_billed(emulate):
    emulator = emulate(faults=FaultPlan({1: Fault.TRUNCATED}))
    with pytest.raises(httpx.RemoteProtocolError):
        post(emulator)
    assert emulator.tally.billed == 1


def test_calls_beyond_the_quota_are_rejected_with_the_time_to_wait(emulate):
    emulator = emulate(per_minute=1)
    answers = [post(emulator) for _ in range(3)]
    rejected = [answer for answer in answers if answer.status_code == 429]
    assert rejected
    assert len(rejected) == emulator.tally.rejected
    assert all(int(answer.headers["retry-after-ms"]) > 0 for answer in rejected)
    assert emulator.tally.billed == 3 - len(rejected)


def test_a_stopped_emulator_answers_nobody():
    emulator = Emulator(QUICK)
    with emulator.running():
        assert post(emulator).status_code == 200
    with pytest.raises(httpx.ConnectError):
        post(emulator)


def test_a_stream_ends_with_the_edit_and_bills_its_partial_pictures(emulate, client_of):
    client = client_of(emulate(paint=lambda job: job.picture + np.uint8(1)))
    *partial, last = edit(client, stream=True, partial_images=2, quality="low")
    assert [event.type for event in partial] == ["image_edit.partial_image"] * 2
    assert last.type == "image_edit.completed"
    assert last.usage.output_tokens == 272 + 2 * 100
    assert base64.b64decode(last.b64_json) != base64.b64decode(partial[0].b64_json)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_stream_is_whole_however_many_partial_pictures_it_has(emulate, count):
    form = {"prompt": "a hole", "stream": "true", "partial_images": str(count)}
    answer = post(emulate(), data=form, files={"image": FILE})
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.text.count("event: ") == count + 1


def test_partial_pictures_need_a_stream(emulate):
    form = {"prompt": "a hole", "partial_images": "2"}
    assert post(emulate(), data=form, files={"image": FILE}).status_code == 400


def test_a_stream_may_break_off_or_end_without_its_edit(emulate):
    emulator = emulate(faults=FaultPlan({1: Fault.TRUNCATED, 2: Fault.STREAM_ENDS}))
    form = {"prompt": "a hole", "stream": "true", "partial_images": "1"}
    with pytest.raises(httpx.RemoteProtocolError):
        post(emulator, data=form, files={"image": FILE})
    ended = post(emulator, data=form, files={"image": FILE})
    assert "image_edit.partial_image" in ended.text
    assert "image_edit.completed" not in ended.text
    assert emulator.tally.billed == 2
