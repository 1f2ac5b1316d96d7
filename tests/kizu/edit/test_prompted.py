import pytest

from kizu.edit.gpt_image.settings import GptImageSettings
from kizu.edit.prompted import goes_onto_object, placement_seed
from kizu.edit.regions import BoxRegion, region_guide
from kizu.edit.request import DefectRequest, EditRequest

LARGE = (6000, 4000)
EDITOR = GptImageSettings(name="gpt-image")


def defect(**fields):
    plain = {
        "normal_sha256": "ab" * 32,
        "source": LARGE,
        "category": "door",
        "defect_type": "dent",
        "prompt": "a dent",
        "wording": "a dent",
        "variant": 0,
        "seed": 0,
    }
    return DefectRequest(**{**plain, **fields})


def request(wanted):
    identity = EDITOR.identity(emulated=False)
    return EditRequest(
        normal_sha256=wanted.normal_sha256,
        ask=EDITOR.describe(wanted),
        editor=identity,
        variant=wanted.variant,
        seed=wanted.seed,
    )


def test_a_small_defect_has_another_place_in_each_variant_and_the_same_one_for_ever():
    seeds = [placement_seed(defect(variant=variant)) for variant in range(20)]
    assert len(set(seeds)) == 20
    assert all(0 <= seed < 1 for seed in seeds)
    assert seeds[0] == 0.156445
    assert placement_seed(defect(seed=1)) != seeds[0]


@pytest.mark.parametrize("variant", range(4))
def test_the_window_that_is_sent_is_the_one_that_the_prompt_speaks_of(variant):
    region = BoxRegion(x0=0.5, y0=0.1, x1=0.9, y1=0.4)
    wanted = defect(region=region, area=(0.0001, 0.001), variant=variant)
    geometry = EDITOR.plan_crop(request(wanted), LARGE, region_guide(region, None))
    x, y, width, height = geometry.crop
    assert (width, height) == geometry.model == (1024, 1024)
    left = round(100 * max(0.5 * LARGE[0] - x, 0) / width)
    assert f"between {left} and" in EDITOR.describe(wanted)["prompt"]
    assert 0.1 * LARGE[1] < y + height / 2 < 0.4 * LARGE[1] + 1


def test_only_a_small_defect_without_a_region_goes_onto_the_object():
    assert goes_onto_object(request(defect(area=(0.0001, 0.001))))
    assert not goes_onto_object(request(defect()))
