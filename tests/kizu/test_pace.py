"""How long a plan is expected to take."""

import pytest

from kizu import pace
from kizu.pace import DEFAULT, FEWEST, HERE, JUDGING, Paces, note_pace
from kizu.planning import estimate_build, plan_samples
from kizu.sources import NormalImage
from kizu.spec import DatasetSpec
from kizu.stages import STAGES
from kizu.tally import EDIT, StageTally


def spec_of(editor="painter", annotator="none"):
    return DatasetSpec.parse(
        {
            "name": "mugs",
            "images": {"path": "photos"},
            "defects": [
                {"defect_type": "hole", "prompt": "a hole", "variants": 2},
                {"defect_type": "stain", "prompt": "a stain"},
            ],
            "editor": editor,
            "grounding": {"annotator": annotator},
        }
    )


def tally(stage, made, seconds):
    return StageTally(stage=stage, made=made, made_megapixels=float(made), seconds=seconds)


@pytest.fixture(autouse=True)
def _two_workers(monkeypatch):
    monkeypatch.setenv("KIZU_WORKERS", "2")


def test_the_stages_are_those_that_samples_go_through():
    assert (EDIT, *JUDGING) == tuple(stage.name for stage in STAGES)


def test_seconds_are_kept_of_builds_that_made_enough(store):
    spec = spec_of()
    before = Paces(store, spec).seconds([], [2.0, 2.0])
    note_pace(store, spec, [tally("diff", FEWEST - 1, 7.0)])
    assert Paces(store, spec).seconds([], [2.0, 2.0]) == before
    diff = pace.DEFAULTS["diff", ""].seconds_for(2, 4.0, by_size=True)
    note_pace(store, spec, [tally("diff", FEWEST, FEWEST * 3.0)])
    assert Paces(store, spec).seconds([], [2.0, 2.0]) == pytest.approx(before + (12 - diff) / 2)


def test_another_editor_or_annotator_has_a_pace_of_its_own(store):
    note_pace(store, spec_of(annotator="clipseg"), [tally("grounding", 10, 9.0)])
    assert not Paces(store, spec_of(annotator="clipseg")).unmeasured
    assert Paces(store, spec_of(annotator="sam3")).unmeasured == ("grounding by sam3",)


def test_what_this_store_measured_goes_before_the_default(store):
    spec = spec_of()
    assert Paces(store, spec).measured == DEFAULT
    note_pace(store, spec, [tally(stage.name, 10, 20.0) for stage in STAGES])
    paces = Paces(store, spec)
    assert paces.measured == HERE
    assert paces.seconds([1.0], [1.0, 1.0]) == pytest.approx((2 + 3 * 4) / 2)


def test_models_take_as_long_for_a_large_photo_as_for_a_small_one(store):
    spec = spec_of(annotator="clipseg")
    note_pace(store, spec, [tally("grounding", 10, 20.0)])
    before = Paces(store, spec_of()).seconds([], [9.0])
    assert Paces(store, spec).seconds([], [9.0]) - before == pytest.approx(2.0 / 2)


def test_who_was_never_measured_is_named(store):
    paces = Paces(store, spec_of("gpt-image", "clipseg"))
    assert paces.unmeasured == ("edit by gpt-image", "grounding by clipseg")


def test_every_default_is_of_a_stage_and_takes_time():
    stages = {stage.name for stage in STAGES}
    assert all(stage in stages and each.seconds > 0 for (stage, _), each in pace.DEFAULTS.items())


def test_a_plan_tells_each_defect_apart_and_what_is_finished_takes_no_time(store):
    spec = spec_of()
    images = [NormalImage(f"{n:064x}", f"{n:064x}", f"{n}.png", 1000, 1000) for n in range(3)]
    samples = plan_samples(spec, images)
    found = estimate_build(spec, samples, 3, store)
    told = [(d.defect_type, d.photos, d.variants, d.stored, d.to_make) for d in found.defects]
    assert told == [("hole", 3, 2, 0, 6), ("stain", 3, 1, 0, 3)]
    assert found.defects[0].seconds == pytest.approx(2 * found.defects[1].seconds)
    assert found.seconds == pytest.approx(sum(d.seconds for d in found.defects))
    done = estimate_build(spec, samples, 3, store, {sample.sample_id for sample in samples})
    assert (done.seconds, done.measured) == (0.0, "")
