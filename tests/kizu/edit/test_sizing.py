from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.edit.cropping import CropTarget, plan_crop
from kizu.edit.gpt_image.models import FAMILIES, Family
from kizu.edit.gpt_image.tokens import Quality
from kizu.edit.openai_images.settings import accepts
from kizu.edit.sizing import LEAST_FILLED, CheapestSizes
from kizu.imaging.geometry import Geometry

RANKED = [family for family in Family if FAMILIES[family].rank is not None]
EDGES = st.integers(40, 6000)


def cheapest(family, quality=Quality.MEDIUM):
    facts = FAMILIES[family]
    return CheapestSizes(facts.sizes, partial(facts.rank, quality))


def test_a_longer_picture_is_chosen_where_it_has_fewer_tokens():
    width, height = cheapest(Family.GPT_IMAGE_2).best_size(1024, 1024)
    assert max(width, height) > min(width, height) == 1024


def test_a_square_is_chosen_where_it_has_fewer_tokens():
    assert cheapest(Family.GPT_IMAGE_1_5).best_size(1000, 700) == (1024, 1024)
    assert FAMILIES[Family.GPT_IMAGE_1_5].sizes.best_size(1000, 700) == (1536, 1024)


@pytest.mark.parametrize("family", [Family.GPT_IMAGE_1_5, Family.GPT_IMAGE_2])
@given(width=EDGES, height=EDGES, quality=st.sampled_from(FAMILIES[Family.GPT_IMAGE_2].qualities))
def test_the_cheapest_size_is_accepted_dearer_than_none_and_shows_the_crop_as_large(
    family, width, height, quality
):
    facts, sizes = FAMILIES[family], cheapest(family, quality)
    chosen, fitting = sizes.best_size(width, height), facts.sizes.best_size(width, height)
    assert accepts(facts.sizes, chosen)
    assert facts.rank(quality, chosen) <= facts.rank(quality, fitting)
    scale, before = (min(1, size[0] / width, size[1] / height) for size in (chosen, fitting))
    assert scale >= before - 1 / min(width, height)
    if chosen != fitting:
        grown = min(chosen[0] / width, chosen[1] / height)
        filled = grown * grown * width * height / (chosen[0] * chosen[1])
        assert filled >= LEAST_FILLED


@given(
    source=st.tuples(st.integers(3000, 8000), st.integers(3000, 8000)),
    side=st.integers(50, 1500),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_window_is_filled_by_the_photo_and_held_by_the_size_that_was_chosen(source, side, place):
    sizes = cheapest(Family.GPT_IMAGE_2)
    centre = (place[0] * source[0], place[1] * source[1])
    geometry = plan_crop(source, sizes, CropTarget(centre, side, side))
    if geometry.crop[2:] != source:
        assert geometry.model == sizes.best_size(side, side)
        assert geometry.scaled == geometry.model


@pytest.mark.parametrize("family", RANKED)
def test_every_ranked_family_chooses_a_size_for_every_quality(family):
    for quality in FAMILIES[family].qualities:
        geometry = Geometry.fit((4000, 3000), cheapest(family, quality))
        assert accepts(FAMILIES[family].sizes, geometry.model)
