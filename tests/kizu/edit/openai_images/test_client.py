import io

import numpy as np
import pytest
from PIL import Image

from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.openai_images.client import encode_region, request_body

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


@pytest.mark.parametrize("form", ["mask", "markup", "none"])
def test_a_region_is_sent_in_the_form_that_is_asked_for(form):
    region = np.zeros(PICTURE.shape[:2], bool)
    region[100:200, 300:400] = True
    sent = body(region, model="gpt-image-2.5-flare", region_as=form)
    assert {"mask", "markup"} & set(sent) == {form} - {"none"}
    if form != "none":
        assert sent[form][::2] == (f"{form}.png", "image/png")
