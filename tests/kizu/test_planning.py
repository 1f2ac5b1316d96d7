from datetime import date

import numpy as np
import pytest
from real_defects import write_defects
from station_photos import jpeg

from kizu.edit.storage import sidecar_path
from kizu.imaging.codecs import encode_mask, encode_png
from kizu.pairing import open_pairing
from kizu.planning import (
    edited_images,
    estimate_build,
    plan_build,
    plan_dataset,
    plan_samples,
    spec_warnings,
)
from kizu.samples import file_stem
from kizu.sources import Inventory, NormalImage, Skipped, SourceError, list_source, take_in
from kizu.spec import DatasetSpec
from kizu.spec.errors import SpecError
from kizu.splits import Group, Groups


def image(number: int) -> NormalImage:
    return NormalImage(f"{number:064x}", f"{number:064x}", f"line/{number:03d}.png", 100, 80)


@pytest.fixture
def images() -> list[NormalImage]:
    return [image(number) for number in range(12)]


def with_changes(spec: DatasetSpec, **fields) -> DatasetSpec:
    return DatasetSpec.parse({**spec.model_dump(mode="json"), **fields})


def keys(spec: DatasetSpec, images: list[NormalImage]) -> list[str]:
    return [sample.request.key for sample in plan_samples(spec, images)]


def test_a_plan_is_photos_times_defects_times_variants(spec, images):
    defects = [{**spec.defects[0].model_dump(mode="json"), "variants": 3}]
    assert len(plan_samples(with_changes(spec, defects=defects), images)) == 12 * 3
    assert len(plan_samples(spec, images)) == 12 * 2


def test_a_plan_of_too_many_samples_is_refused_before_it_is_made(spec, images):
    defects = [
        {**spec.defects[0].model_dump(mode="json"), "defect_type": f"d{n}", "variants": 1000}
        for n in range(1000)
    ]
    told = "the spec: 12 photos with 1,000,000 variants each are 12,000,000 samples; 200,000 are"
    with pytest.raises(SpecError, match=told):
        plan_samples(with_changes(spec, defects=defects), images)


def test_every_sample_has_its_own_key_and_id(spec, images):
    samples = plan_samples(spec, images)
    assert len({sample.request.key for sample in samples}) == len(samples)
    assert len({sample.sample_id for sample in samples}) == len(samples)
    assert samples[0].sample_id.startswith("line-000_hole_000_")


def test_changing_what_does_not_shape_the_picture_asks_for_nothing_new(spec, images):
    defects = [
        {**defect.model_dump(mode="json"), "phrases": ["something else"]} for defect in spec.defects
    ]
    relaxed = with_changes(spec, defects=defects, agree={"min_mask_iou": 0.1})
    assert keys(relaxed, images) == keys(spec, images)


@pytest.mark.parametrize(
    "fields", [{"seed": 1}, {"editor": {"name": "painter", "drift": "gpt-image-2"}}]
)
def test_another_seed_or_editor_asks_anew(spec, images, fields):
    assert not set(keys(with_changes(spec, **fields), images)) & set(keys(spec, images))


def test_replay_asks_for_what_the_replayed_editor_made(spec, images):
    replay = with_changes(spec, editor={"name": "replay", "of": {"name": "painter"}})
    assert keys(replay, images) == keys(spec, images)


def test_a_bound_on_edited_photos_only_grows(spec, images):
    def chosen(bound: int) -> set[str]:
        bounded = with_changes(spec, images={"path": "x", "max_edited": bound})
        return {image.sha256 for image in edited_images(bounded, images)}

    assert len(chosen(4)) == 4
    assert chosen(4) < chosen(7)
    assert len(chosen(99)) == 12


def with_masks(spec, folder, masked):
    folder.mkdir()
    for name in masked:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).with_suffix(".png").write_bytes(encode_mask(np.ones((9, 9), bool)))
    drawn = {"region": {"kind": "mask", "path": str(folder)}, "variants": 2}
    defects = [{**each.model_dump(mode="json"), **drawn} for each in spec.defects[:1]]
    return with_changes(spec, defects=defects)


def test_a_photo_without_its_drawn_mask_costs_itself_alone(spec, images, store, tmp_path):
    masked = with_masks(spec, tmp_path / "masks", [image.name for image in images[1:]])
    planned = plan_dataset(masked, images)
    assert {sample.normal.name for sample in planned.samples} == {i.name for i in images[1:]}
    [lost] = planned.left_out
    assert lost.name == images[0].name
    assert lost.reason.startswith("defects.0.region.path: there is no mask")
    plan = plan_build(masked, Inventory(tuple(images), ()), (), store, shard_size=7)
    assert (plan.samples, plan.left_out) == (11 * 2, 2)
    assert open_pairing(plan.pairs, store).left_out == planned.left_out


def test_a_folder_without_any_drawn_mask_is_refused_before_anything_is_bought(
    spec, images, tmp_path
):
    with pytest.raises(SpecError, match=r"the spec: defects\.0\.region\.path: there is no mask"):
        plan_dataset(with_masks(spec, tmp_path / "masks", []), images)


def test_the_stored_plan_is_the_plan(spec, images, store):
    inventory = Inventory(tuple(images), (Skipped("x.png", "cannot be read", unreadable=True),))
    plan = plan_build(spec, inventory, (), store, shard_size=7)
    assert [shard.number for shard in plan.shards] == [1, 2, 3, 4]
    assert list(plan.open(store)) == plan_samples(spec, images)
    assert (plan.photos, plan.samples, plan.left_out) == (12, 24, 1)
    assert plan == plan_build(spec, inventory, (), store, shard_size=7)


def test_photos_that_show_the_same_are_planned_into_one_group_unless_the_spec_says_no(
    spec, photos, store, make_photo
):
    shown = make_photo(1, 160)
    (photos / "a.png").write_bytes(encode_png(shown))
    (photos / "a.jpg").write_bytes(jpeg(shown))
    for seed in range(3, 7):
        (photos / f"{seed}.png").write_bytes(encode_png(make_photo(seed, 160)))
    taken = [take_in(file, store) for file in list_source(str(photos))]
    for wanted in (True, False):
        asked = {"images": {"path": str(photos), "near_duplicates": wanted}}
        plan = plan_build(with_changes(spec, **asked), Inventory.of(taken), (), store, 7)
        groups = Groups.open(plan.groups, store)
        names = {image.name: groups.group_of(image).name for image in taken}
        assert (names["a.jpg"] == names["a.png"]) == wanted
        assert len(set(names.values())) == len(taken) - wanted
        drawn = {sample.normal.name: sample.group.name for sample in plan.open(store)}
        assert drawn == names


def test_a_plan_of_what_is_stored_leaves_out_the_rest_and_counts_it(spec, images, store):
    inventory = Inventory(tuple(images), ())
    with pytest.raises(
        SourceError, match="holds no edit of 'plates'; build without stored_only first"
    ):
        plan_build(spec, inventory, (), store, 7, stored_only=True)
    store.write_json(sidecar_path(keys(spec, images)[3]), {})
    plan = plan_build(spec, inventory, (), store, 7, stored_only=True)
    assert (plan.samples, plan.left_out) == (1, 23)


def test_without_a_usable_photo_there_is_no_plan(spec, store):
    nothing = Inventory((), (Skipped("x.txt", "no image"),))
    with pytest.raises(SourceError, match=r"none of 1 files can be used \(x.txt: no image\)"):
        plan_build(spec, nothing, (), store, 7)


def test_the_outlook_counts_what_the_store_holds(spec, images, store):
    store.write_json(sidecar_path(keys(spec, images)[0]), {})
    found = estimate_build(spec, plan_samples(spec, images), len(images), store)
    assert (found.photos, found.requests, found.stored, found.to_make) == (12, 24, 1, 23)
    assert found.cost_usd == 0.0


def test_the_split_of_a_photo_never_changes(images):
    alone = [Group.alone(image) for image in images]
    in_test = [group for group in alone if group.is_test(0.5)]
    assert 0 < len(in_test) < len(images)
    assert all(group.is_test(0.8) for group in in_test)
    assert not any(group.is_test(0.0) for group in alone)


def test_the_kind_is_found_in_the_type_where_the_prompt_does_not_tell(spec, images):
    defects = [{"defect_type": "scratch", "prompt": "something long across the lid"}]
    [sample, *_] = plan_samples(with_changes(spec, defects=defects), images)
    assert sample.request.ask["kind"] == "scratch"


def test_a_prompt_the_painter_does_not_know_is_named(spec, images):
    defects = [{"defect_type": "odd", "prompt": "a purple unicorn"}]
    with pytest.raises(SpecError, match=r"defects.0.prompt: .*unicorn"):
        plan_samples(with_changes(spec, defects=defects), images)


TODAY = date(2026, 10, 10)
"""When gpt-image-1.5 was to live for more than two months by every schedule."""


def test_japanese_file_names_stay_readable():
    assert file_stem("ライン 2/カップ.png") == "ライン-2-カップ"
    assert file_stem("!!!.png") == "photo"


def with_defect(spec, defect=None, **fields):
    """Return the spec with its first defect only, changed."""
    defects = [{**spec.defects[0].model_dump(mode="json"), **(defect or {})}]
    return with_changes(spec, defects=defects, **fields)


def test_the_paid_editors_plan_shows_prompts_and_the_most_it_can_cost(spec, images, store):
    paid = with_defect(spec, {"variants": 4}, editor={"name": "gpt-image", "quality": "low"})
    found = estimate_build(paid, plan_samples(paid, images), len(images), store)
    assert found.to_make == 12 * 4
    assert len(found.previews) == 3
    assert "a deep hole" in found.previews[0].prompt
    assert 48 * 0.0087 < found.cost_usd < 48 * 0.07
    unpriced = with_defect(spec, editor={"name": "gpt-image", "model": "generic"})
    planned = plan_samples(unpriced, images)
    assert estimate_build(unpriced, planned, len(images), store).cost_usd is None


def test_variants_take_the_wordings_in_turn(spec, images):
    defect = {"variants": 3, "wordings": ["a round hole"]}
    prompts = [sample.prompt for sample in plan_samples(with_defect(spec, defect), images)][:3]
    assert prompts == ["a deep hole", "a round hole", "a deep hole"]


def test_a_prompt_knows_place_and_severity_and_the_painter_severity_alone(spec, images):
    defect = {"placement": "on the rim", "severity": "severe"}
    painted = plan_samples(with_defect(spec, defect), images)
    worse = plan_samples(with_defect(spec, {"severity": "severe"}), images)
    assert [s.request for s in painted] == [s.request for s in worse]
    assert painted[0].request.ask["severity"] == "severe"
    paid = plan_samples(with_defect(spec, defect, editor={"name": "gpt-image"}), images)[0]
    assert "on the rim" in paid.request.ask["prompt"]
    assert "severe" in paid.request.ask["prompt"]


@pytest.fixture
def signed_in(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://plates.openai.azure.com")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "a key that is there")


@pytest.mark.parametrize("missing", ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY"])
@pytest.mark.usefixtures("signed_in")
def test_a_missing_key_or_endpoint_is_told_before_anything_starts(spec, missing, monkeypatch):
    paid = with_defect(spec, editor={"name": "gpt-image"})
    assert spec_warnings(paid, TODAY) == []
    monkeypatch.delenv(missing)
    [warning] = spec_warnings(paid, TODAY)
    assert warning.startswith(f"{missing} is not set")
    in_a_block = with_defect(spec, editor={"name": "gpt-image", "secret_block": "image-key"})
    told = [warning] if missing == "AZURE_OPENAI_ENDPOINT" else []
    assert spec_warnings(in_a_block, TODAY) == told
    replay = with_defect(spec, editor={"name": "replay", "of": {"name": "gpt-image"}})
    assert spec_warnings(replay, TODAY) == []


@pytest.mark.usefixtures("signed_in")
def test_warnings_come_before_money_is_spent(spec):
    risky = with_defect(
        spec, {"prompt": "a smear of blood"}, editor={"name": "gpt-image", "model": "gpt-image-1"}
    )
    retired, word = spec_warnings(risky, TODAY)
    assert "gpt-image-1 retires on 2026-10-23" in retired
    assert word == (
        "defects.0: content filters may refuse 'blood'; say 'a red-brown stain' instead"
    )
    unpriced = with_defect(spec, editor={"name": "gpt-image", "model": "generic"})
    [price] = spec_warnings(unpriced, TODAY)
    assert "the price of generic is not known" in price
    assert spec_warnings(spec, TODAY) == []


def test_a_class_without_real_pictures_is_told_with_the_setting_that_names_the_folder(
    spec, images, tmp_path
):
    editor = {"name": "transplant", "defects": str(write_defects(tmp_path, ["pit"]))}
    planned = plan_samples(with_defect(spec, {"defect_type": "pit"}, editor=editor), images)
    assert planned[0].request.ask["source"].startswith("pit/")
    with pytest.raises(SpecError, match=r"editor\.defects: .* holds pit and no 'burr'"):
        plan_samples(with_defect(spec, {"defect_type": "burr"}, editor=editor), images)
