"""The emulator as the real client sees it."""

import numpy as np
import openai
import pytest
from openai import AzureOpenAI, OpenAI

from kizu.edit.openai_images.client import encode_region
from kizu.emulator.settings import KEY
from kizu.imaging.codecs import encode_png

PHOTO = encode_png(np.full((1024, 1024, 3), 128, np.uint8))
FILE = ("photo.png", PHOTO, "image/png")


@pytest.fixture
def azure(start_emulator):
    emulator = start_emulator()
    with AzureOpenAI(
        azure_endpoint=emulator.endpoint, api_key=KEY, api_version="2025-04-01-preview"
    ) as client:
        yield client.with_options(max_retries=0)


def edit(client, **changes):
    fields = {"model": "gpt-image-1.5", "image": FILE, "prompt": "a hole", "size": "1024x1024"}
    return client.images.edit(**{**fields, **changes})


def test_an_answer_has_picture_tokens_and_the_options_that_count(azure):
    answer = edit(azure, quality="high", input_fidelity="high")
    assert answer.data[0].b64_json
    assert (answer.size, answer.quality, answer.output_format) == ("1024x1024", "high", "png")
    assert answer.usage.output_tokens == 4160
    assert answer.usage.input_tokens_details.image_tokens == 65 + 129 + 4096
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


def test_a_list_of_images_is_taken_as_the_client_sends_it(azure):
    assert edit(azure, image=[FILE]).data[0].b64_json


def test_v1_takes_a_bearer_token_and_the_deployment_from_the_form(start_emulator):
    emulator = start_emulator()
    with OpenAI(base_url=f"{emulator.endpoint}/openai/v1/", api_key=KEY) as client:
        assert edit(client).data[0].b64_json
    assert emulator.tally.billed == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image": PHOTO}, r"unsupported mimetype \('application/octet-stream'\)"),
        ({"size": "512x512"}, "Invalid value: '512x512'"),
        ({"quality": "xhigh"}, "Invalid value: 'xhigh'"),
        ({"model": "gpt-image-2", "input_fidelity": "high"}, "Unknown parameter: 'input_fidelity'"),
        ({"model": "gpt-image-2", "size": "1000x1000"}, "Invalid value: '1000x1000'"),
        ({"mask": FILE}, "mask image needs alpha"),
        ({"extra_body": {"moderation": "low"}}, "Unknown parameter: 'moderation'"),
        (
            {"mask": ("mask.png", encode_region(np.ones((64, 64), bool)), "image/png")},
            "Mask size does not match image size",
        ),
    ],
)
def test_what_the_service_would_not_take_is_a_400(azure, changes, said):
    with pytest.raises(openai.BadRequestError, match=said):
        edit(azure, **changes)


def test_an_address_without_a_version_is_not_found(start_emulator):
    emulator = start_emulator()
    base = f"{emulator.endpoint}/openai/deployments/gpt-image-1.5"
    with OpenAI(base_url=base, api_key=KEY) as client, pytest.raises(openai.NotFoundError):
        edit(client)


def test_a_mask_bounds_where_the_emulator_paints(start_emulator, open_shop):
    from kizu.edit.regions import BoxRegion  # noqa: PLC0415 - as above
    from kizu.edit.storage import open_edit  # noqa: PLC0415 - as above
    from kizu.emulator.service import edited_picture  # noqa: PLC0415 - loads the painter

    start_emulator(paint=edited_picture)
    shop = open_shop(model="gpt-image-1-mini")
    record = shop.buy(region=BoxRegion(x0=0, y0=0, x1=0.5, y1=0.5))
    changed = np.abs(open_edit(shop.store, record, shop.photo).astype(int) - shop.photo).max(axis=2)
    assert (changed[:320, :320] > 40).any()
    assert not (changed[330:] > 40).any()
    assert not (changed[:, 330:] > 40).any()
