"""What the emulated service takes, what it refuses, and what it answers."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from kizu.edit.gpt_image.served import served_models
from kizu.edit.openai_images.client import encode_region
from kizu.edit.openai_images.markup import encode_markup
from kizu.emulator.multipart import Part
from kizu.emulator.service import BadRequest, answer_body, check_request, edited_picture
from kizu.imaging.codecs import UnreadableImageError, decode_image, encode_png

MODELS = {model.name: model for model in served_models()}
GREY = np.full((64, 64, 3), 128, np.uint8)
PHOTO = Part("image", "image/png", encode_png(GREY))


def text(name, value):
    return Part(name, "", value.encode())


def form(*changes):
    """A form that passes, with some parts replaced or added."""
    parts = {part.name: part for part in (PHOTO, text("prompt", "a hole"), *changes)}
    return list(parts.values())


def job(*changes, model="gpt-image-1.5"):
    return check_request(form(*changes), MODELS[model])


def mask(region):
    return Part("mask", "image/png", encode_region(region))


def markup(region):
    return Part("markup", "image/png", encode_markup(region))


FLARE = "gpt-image-2.5-flare"


def test_what_is_not_said_is_the_services_default():
    checked = job()
    assert checked.call.size == (1024, 1024)
    assert checked.call.options == {"quality": "high", "input_fidelity": "low"}
    assert checked.region is None
    np.testing.assert_array_equal(checked.picture, GREY)


@pytest.mark.parametrize(
    ("changed", "model", "param", "said"),
    [
        (text("moderation", "low"), "gpt-image-1.5", "moderation", "Unknown parameter"),
        (text("size", "512x512"), "gpt-image-1.5", "size", "Invalid value: '512x512'"),
        (text("size", "1000x1000"), "gpt-image-2", "size", "Invalid value: '1000x1000'"),
        (text("size", "auto"), "gpt-image-2", "size", "Invalid value: 'auto'"),
        (text("quality", "xhigh"), "gpt-image-1.5", "quality", "Invalid value: 'xhigh'"),
        (text("input_fidelity", "high"), "gpt-image-2", "input_fidelity", "Unknown parameter"),
        (text("prompt", ""), "gpt-image-1.5", "prompt", "string length"),
        (text("prompt", "x" * 32_001), "gpt-image-1.5", "prompt", "string length"),
        (Part("image", "image/webp", b"RIFF"), "gpt-image-1.5", "image", "mimetype .'image/webp'"),
        (Part("mask", "image/png", PHOTO.data), "gpt-image-1.5", "mask", "needs alpha"),
        (mask(np.ones((32, 64), bool)), "gpt-image-1.5", "mask", "size does not match"),
        (markup(np.ones((64, 64), bool)), "gpt-image-2", "markup", "Unknown parameter"),
        (Part("markup", "image/png", PHOTO.data), FLARE, "markup", "needs alpha"),
        (markup(np.ones((32, 64), bool)), FLARE, "markup", "size does not match"),
        (text("complexity", "low"), FLARE, "complexity", "Unknown parameter"),
        (text("quality", "ultra"), FLARE, "quality", "Invalid value: 'ultra'"),
    ],
)
def test_what_the_service_would_not_take_names_its_parameter(changed, model, param, said):
    with pytest.raises(BadRequest, match=said) as caught:
        job(changed, model=model)
    assert caught.value.param == param


def test_a_form_without_a_picture_is_refused():
    with pytest.raises(BadRequest, match="Missing required parameter: 'image'") as caught:
        check_request([text("prompt", "a hole")], MODELS["gpt-image-1.5"])
    assert caught.value.code == "missing_parameter"


def test_a_picture_that_cannot_be_decoded_is_told_apart():
    with pytest.raises(UnreadableImageError):
        job(Part("image", "image/png", b"no picture"))


def test_a_mask_marks_where_it_is_transparent():
    region = np.zeros((64, 64), bool)
    region[10:20, 30:50] = True
    np.testing.assert_array_equal(job(mask(region)).region, region)


def test_a_markup_marks_what_it_is_drawn_around():
    region = np.zeros((64, 64), bool)
    region[20:30, 30:50] = True
    marked = job(markup(region), model=FLARE).region
    assert marked[region].all()
    assert marked.sum() < 4 * region.sum()
    assert job(markup(np.zeros((64, 64), bool)), model=FLARE).region is None


def test_a_markup_is_not_taken_beside_a_mask():
    region = np.ones((64, 64), bool)
    with pytest.raises(BadRequest, match="cannot be combined with 'mask'"):
        job(mask(region), markup(region), model=FLARE)


def test_later_families_take_their_qualities_and_complexity():
    assert job(text("quality", "max"), model=FLARE).call.options == {"quality": "max"}
    planned = job(text("complexity", "high"), model="gpt-image-2.6-flare").call.options
    assert planned == {"quality": "high", "complexity": "high"}


def test_an_option_and_a_mask_are_taken_only_by_a_model_that_has_them():
    plain = replace(MODELS["gpt-image-1.5"], options={}, takes_mask=False)
    assert check_request(form(), plain).call.options == {}
    for changed in (text("quality", "low"), mask(np.ones((64, 64), bool))):
        with pytest.raises(BadRequest, match=f"Unknown parameter: '{changed.name}'"):
            check_request(form(changed), plain)


def test_an_answer_has_the_picture_and_tokens_that_add_up():
    checked = job(text("quality", "medium"), text("size", "1536x1024"))
    answer = json.loads(answer_body(PHOTO.data, checked, created=7))
    assert base64.b64decode(answer["data"][0]["b64_json"]) == PHOTO.data
    assert (answer["size"], answer["quality"], answer["created"]) == ("1536x1024", "medium", 7)
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["input_tokens"] == sum(usage["input_tokens_details"].values())


def test_equal_jobs_get_equal_pixels_and_another_prompt_others():
    first, second = edited_picture(job()), edited_picture(job())
    np.testing.assert_array_equal(first, second)
    assert (first != edited_picture(job(text("prompt", "a crack")))).any()


def test_a_prompt_that_names_no_known_defect_is_painted_all_the_same():
    assert (edited_picture(job(text("prompt", "いつもと違う"))) != GREY).any()


def test_a_mask_bounds_where_the_emulator_paints():
    region = np.zeros((64, 64), bool)
    region[:32, :32] = True
    painted = edited_picture(job(mask(region), model="generic"))
    changed = (painted != GREY).any(axis=2)
    assert changed.any()
    assert not changed[~region].any()


def test_the_whole_picture_is_redrawn_as_the_family_does_it():
    shaded = Part(
        "image",
        "image/png",
        encode_png(np.dstack([np.tile(np.arange(64), (64, 1))] * 3).astype(np.uint8)),
    )
    kept = edited_picture(job(shaded, model="generic"))
    redrawn = edited_picture(job(shaded, model="gpt-image-2"))
    before = decode_image(shaded.data)
    assert (kept == before).all(axis=2).mean() > 0.5
    assert (redrawn == before).all(axis=2).mean() < 0.5
