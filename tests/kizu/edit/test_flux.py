from datetime import date

import numpy as np
import pytest

from kizu.edit.flux import SIZES, FluxSettings
from kizu.edit.openai_images.client import request_body
from kizu.planning import estimate_build, plan_samples, spec_warnings
from kizu.sources import NormalImage
from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError

TODAY = date(2026, 11, 25)
IMAGE = NormalImage("ab" * 32, "ab" * 32, "a.png", 1500, 1000)
REGION = {"kind": "box", "x0": 0, "y0": 0, "x1": 0.5, "y1": 0.5}


@pytest.fixture(autouse=True)
def _signed_in(monkeypatch):
    monkeypatch.setenv("AZURE_AI_ENDPOINT", "https://plates.services.ai.azure.com")
    monkeypatch.setenv("AZURE_AI_API_KEY", "a key that is there")


def flux(spec, defect=None, budget=None, **fields):
    plain = spec.model_dump(mode="json")
    defects = [{**plain["defects"][0], **(defect or {})}]
    editor = {"name": "flux", **fields}
    return DatasetSpec.parse(
        {**plain, "defects": defects, "budget": budget or {}, "editor": editor}
    )


def test_a_region_is_told_in_words_and_no_mask_is_sent(spec):
    told = flux(spec, {"region": REGION})
    [sample] = plan_samples(told, [IMAGE])
    assert "in the upper left part of the picture" in sample.request.ask["prompt"]
    assert "mask" not in sample.request.ask["prompt"]
    photo, region = np.zeros((1024, 1024, 3), np.uint8), np.ones((1024, 1024), bool)
    body = request_body(told.editor, "a hole", photo, region)
    assert set(body) == {"model", "image", "prompt", "n", "size"}
    assert (body["model"], body["size"]) == ("FLUX.1-Kontext-pro", "1024x1024")


def test_the_documented_size_is_sent_unless_another_is_asked_for(spec):
    sent = {
        size: flux(spec, size=size).editor.plan_crop(
            plan_samples(flux(spec, size=size), [IMAGE])[0].request, (1500, 1000), None
        )
        for size in ("1024x1024", "auto", "672x1568")
    }
    assert [geometry.model for geometry in sent.values()] == [
        (1024, 1024),
        (1248, 832),
        (672, 1568),
    ]
    assert all(0.95e6 < width * height < 1.1e6 for width, height in SIZES.sizes)


def test_an_image_has_one_price_and_every_cap_can_be_kept(spec, store):
    def cost_of(spec):
        return estimate_build(spec, plan_samples(spec, [IMAGE]), 1, store).cost_usd

    assert cost_of(flux(spec, {"variants": 5})) == 0.2
    contract = flux(spec, {"variants": 5}, budget={"max_cost_usd": 1}, price_usd=0.03)
    assert cost_of(contract) == 0.15


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"size": "1000x1000"}, "FLUX.1-Kontext-pro does not take size 1000x1000; choose 1568x672"),
        ({"language": "ja"}, r"editor.language: Input should be 'en' \(got 'ja'\)"),
        ({"model": "FLUX.2-pro"}, "editor.model: Input should be 'FLUX.1-Kontext-pro'"),
        ({"quality": "low"}, "quality is not a setting"),
    ],
)
def test_what_the_model_does_not_take_is_said_before_anything_is_sent(spec, fields, says):
    with pytest.raises(SpecError, match=says):
        flux(spec, **fields)


def test_what_was_never_tried_is_told_before_money_is_spent(spec):
    [untried] = spec_warnings(flux(spec), TODAY)
    assert untried == (
        "FLUX.1-Kontext-pro was tried against the emulator only; buy a single edit first "
        "(budget.max_requests: 1)"
    )
    told = spec_warnings(flux(spec, {"prompt": "細いひび"}, size="auto"), TODAY)
    assert told[1].startswith("editor.size auto is not documented for FLUX.1-Kontext-pro")
    assert told[2] == "defects.0: FLUX.1-Kontext-pro reads English; say the defect in English"


@pytest.mark.parametrize("missing", ["AZURE_AI_ENDPOINT", "AZURE_AI_API_KEY"])
def test_a_missing_key_or_endpoint_is_told_before_anything_starts(spec, monkeypatch, missing):
    monkeypatch.delenv(missing)
    [_, problem] = spec_warnings(flux(spec), TODAY)
    assert problem.startswith(f"{missing} is not set")


def test_how_a_picture_is_bought_is_no_part_of_its_identity():
    plain = FluxSettings(name="flux")
    plumbed = FluxSettings(name="flux", deployment="eu-1", price_usd=1, api_version="v9")
    assert plumbed.identity(emulated=False) == plain.identity(emulated=False)
    assert plain.identity(emulated=False)["model"] == "FLUX.1-Kontext-pro"
