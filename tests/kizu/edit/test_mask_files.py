from datetime import date

import numpy as np
import pytest

from kizu.edit.regions import DrawnRegion, region_mask
from kizu.imaging.codecs import encode_mask
from kizu.planning import estimate_build, plan_samples, spec_warnings
from kizu.sources import Inventory, list_source, take_in
from kizu.spec import DatasetSpec
from kizu.spec_errors import SpecError


@pytest.fixture
def taken(spec, store):
    return [take_in(file, store) for file in list_source(spec.images.path)]


def changed(spec, defect=None, **fields):
    parsed = spec.model_dump(mode="json")
    parsed["defects"] = [{**parsed["defects"][0], **(defect or {})}]
    return DatasetSpec.parse({**parsed, **fields})


def left_half(shape=(96, 96)):
    mask = np.zeros(shape, bool)
    mask[:, : shape[1] // 2] = True
    return mask


def test_one_drawn_mask_serves_every_photo(spec, taken, tmp_path):
    (tmp_path / "mask.png").write_bytes(encode_mask(left_half((960, 960))))
    drawn = changed(spec, {"region": {"kind": "mask", "path": str(tmp_path / "mask.png")}})
    for sample in plan_samples(drawn, taken):
        assert isinstance(sample.region, DrawnRegion)
        mask = region_mask(sample.region, (96, 96), lambda: np.zeros((96, 96), bool))
        assert np.array_equal(mask, left_half())


def test_a_folder_holds_a_mask_per_photo(spec, taken, tmp_path):
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(encode_mask(left_half()))
    (tmp_path / "masks" / "b.png").write_bytes(encode_mask(~left_half()))
    drawn = changed(spec, {"region": {"kind": "mask", "path": str(tmp_path / "masks")}})
    a, b = plan_samples(drawn, taken)
    assert a.request.ask["region"] != b.request.ask["region"]


def test_another_drawing_under_the_same_name_is_another_request(spec, taken, tmp_path):
    file = tmp_path / "mask.png"
    drawn = changed(spec, {"region": {"kind": "mask", "path": str(file)}})
    keys = []
    for mask in (left_half(), ~left_half()):
        file.write_bytes(encode_mask(mask))
        keys.append(plan_samples(drawn, taken)[0].request.key)
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "there is no mask"),
        (b"x", "cannot be read"),
        (encode_mask(~np.ones((9, 9), bool)), "black"),
    ],
)
def test_a_mask_that_is_no_use_is_named(spec, taken, tmp_path, data, says):
    if data is not None:
        (tmp_path / "mask.png").write_bytes(data)
    drawn = changed(spec, {"region": {"kind": "mask", "path": str(tmp_path / "mask.png")}})
    with pytest.raises(SpecError, match=rf"defects.0.region.path: .*{says}"):
        plan_samples(drawn, taken)


def test_the_paid_editors_plan_shows_prompts_and_the_most_it_can_cost(spec, taken, store):
    paid = changed(spec, {"variants": 4}, editor={"name": "gpt-image", "quality": "low"})
    found = estimate_build(paid, Inventory.of(taken), store)
    assert found.to_make == 8
    assert len(found.previews) == 3
    assert "a deep hole" in found.previews[0].prompt
    assert 8 * 0.0087 < found.cost_usd < 8 * 0.06
    unpriced = changed(spec, editor={"name": "gpt-image", "model": "gpt-image-2"})
    assert estimate_build(unpriced, Inventory.of(taken), store).cost_usd is None


def test_variants_take_the_wordings_in_turn(spec, taken):
    defect = {"variants": 3, "wordings": ["a round hole"]}
    prompts = [sample.prompt for sample in plan_samples(changed(spec, defect), taken)][:3]
    assert prompts == ["a deep hole", "a round hole", "a deep hole"]


def test_a_prompt_knows_place_and_severity_and_the_painters_request_does_not(spec, taken):
    defect = {"placement": "on the rim", "severity": "severe"}
    painted = plan_samples(changed(spec, defect), taken)
    assert [s.request for s in painted] == [s.request for s in plan_samples(changed(spec), taken)]
    paid = plan_samples(changed(spec, defect, editor={"name": "gpt-image"}), taken)[0]
    assert "on the rim" in paid.request.ask["prompt"]
    assert "severe" in paid.request.ask["prompt"]


@pytest.fixture
def signed_in(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://plates.openai.azure.com")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "a key")


@pytest.mark.parametrize("missing", ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY"])
@pytest.mark.usefixtures("signed_in")
def test_a_missing_key_or_endpoint_is_told_before_anything_starts(spec, missing, monkeypatch):
    paid = changed(spec, editor={"name": "gpt-image"})
    assert spec_warnings(paid, date(2026, 11, 23)) == []
    monkeypatch.delenv(missing)
    [warning] = spec_warnings(paid, date(2026, 11, 23))
    assert warning.startswith(f"{missing} is not set")
    in_a_block = changed(spec, editor={"name": "gpt-image", "secret_block": "image-key"})
    told = [warning] if missing == "AZURE_OPENAI_ENDPOINT" else []
    assert spec_warnings(in_a_block, date(2026, 11, 23)) == told
    replay = changed(spec, editor={"name": "replay", "of": {"name": "gpt-image"}})
    assert spec_warnings(replay, date(2026, 11, 23)) == []


@pytest.mark.usefixtures("signed_in")
def test_warnings_come_before_money_is_spent(spec):
    risky = changed(
        spec, {"prompt": "a smear of blood"}, editor={"name": "gpt-image", "model": "gpt-image-1"}
    )
    retired, word = spec_warnings(risky, date(2026, 11, 23))
    assert "gpt-image-1 was retired" in retired
    assert word == (
        "defects.0: content filters may refuse 'blood'; say 'a red-brown stain' instead"
    )
    unpriced = changed(spec, editor={"name": "gpt-image", "model": "gpt-image-2"})
    [price] = spec_warnings(unpriced, date(2026, 11, 23))
    assert "the price of gpt-image-2 is not known" in price
    assert spec_warnings(spec, date(2026, 11, 23)) == []
