"""Files and batches as the real client sees them."""

import base64
import json

import numpy as np
import openai
import pytest
from openai import OpenAI

from kizu.emulator import Emulator, EmulatorSettings
from kizu.emulator.batches import BatchFault
from kizu.emulator.settings import KEY
from kizu.imaging.codecs import encode_png

PHOTO = base64.b64encode(encode_png(np.full((64, 64, 3), 128, np.uint8))).decode()


def line(name, **body):
    picture = {"image_url": f"data:image/png;base64,{PHOTO}"}
    fields = {"model": "gpt-image-2", "prompt": "a hole", "images": [picture], "quality": "low"}
    told = {"custom_id": name, "method": "POST", "url": "/v1/images/edits"}
    return json.dumps({**told, "body": {**fields, **body}})


@pytest.fixture
def service():
    """Return a function that starts an emulator and opens the real client of it."""
    open_now = []

    def start(**settings):
        emulator = Emulator(EmulatorSettings(paint=lambda job: job.picture, **settings))
        context = emulator.running()
        context.__enter__()
        client = OpenAI(api_key=KEY, base_url=f"{emulator.endpoint}/openai/v1", max_retries=0)
        open_now.append((context, client))
        return emulator, client

    yield start
    for context, client in open_now:
        client.close()
        context.__exit__(None, None, None)


def start_batch(client, *lines, name="mine"):
    content = "\n".join(lines).encode()
    file = client.files.create(file=("x.jsonl", content, "application/jsonl"), purpose="batch")
    return client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/images/edits",
        completion_window="24h",
        metadata={"name": name},
    )


def lines_of(client, file_id):
    return [json.loads(text) for text in client.files.content(file_id).content.splitlines()]


def test_a_batch_is_worked_off_at_half_the_price(service):
    emulator, client = service()
    batch = client.batches.retrieve(start_batch(client, line("a"), line("b")).id)
    assert batch.status == "completed"
    answers = lines_of(client, batch.output_file_id)
    assert [answer["custom_id"] for answer in answers] == ["a", "b"]
    assert all(answer["response"]["body"]["data"][0]["b64_json"] for answer in answers)
    assert emulator.tally.billed == 2
    client.images.edit(
        model="gpt-image-2",
        image=("p.png", base64.b64decode(PHOTO), "image/png"),
        prompt="a hole",
        quality="low",
    )
    assert emulator.tally.cost_usd == pytest.approx(2 * (emulator.tally.cost_usd / 2), rel=1e-6)


def test_a_batch_takes_its_time_and_is_found_by_its_metadata(service):
    emulator, client = service(batch_s=3600)
    names = [start_batch(client, line("a"), name=f"batch {number}").id for number in range(5)]
    assert client.batches.retrieve(names[0]).status == "in_progress"
    found = [batch.metadata["name"] for batch in client.batches.list(limit=2)]
    assert found == [f"batch {number}" for number in reversed(range(5))]
    assert emulator.tally.billed == 0


def test_a_line_that_is_wrong_fails_alone(service):
    _, client = service()
    batch = start_batch(client, line("a", size="1x1"), line("b"), line("c", model="gpt-9"))
    batch = client.batches.retrieve(batch.id)
    errors = {each["custom_id"]: each["response"] for each in lines_of(client, batch.error_file_id)}
    assert {name: told["status_code"] for name, told in errors.items()} == {"a": 400, "c": 404}
    assert [each["custom_id"] for each in lines_of(client, batch.output_file_id)] == ["b"]


def test_a_batch_may_expire_or_fail_while_it_is_validated(service):
    _, client = service(batch_faults={1: BatchFault.EXPIRED, 2: BatchFault.INVALID})
    expired = client.batches.retrieve(start_batch(client, line("a"), line("b")).id)
    assert expired.status == "expired"
    [late] = lines_of(client, expired.error_file_id)
    assert (late["response"], late["error"]["code"]) == (None, "batch_expired")
    failed = client.batches.retrieve(start_batch(client, line("a")).id)
    assert (failed.status, failed.output_file_id) == ("failed", None)
    assert failed.errors.data[0].message


def test_who_has_no_key_sees_no_file_and_no_batch(service):
    emulator, client = service()
    batch = start_batch(client, line("a"))
    stranger = client.with_options(api_key="another")
    for ask in (
        lambda: stranger.batches.retrieve(batch.id),
        lambda: stranger.files.content(batch.input_file_id),
        lambda: start_batch(stranger, line("a")),
    ):
        with pytest.raises(openai.AuthenticationError):
            ask()
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve("batch_none")
    assert emulator.shelf.started == 1
