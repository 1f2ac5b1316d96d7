import re

import pytest

from kizu.edit.content_filter import NEUTRAL_WORDS, flag_words
from kizu.edit.cropping import crop_target, plan_crop
from kizu.edit.gpt_image.models import FAMILIES, Family
from kizu.edit.painter import kind_from_prompt
from kizu.edit.prompts import compose_prompt, sent_box
from kizu.edit.regions import BoxRegion, ForegroundRegion, region_guide
from kizu.edit.request import DefectRequest, Severity

RULE = FAMILIES[Family.GPT_IMAGE_1_5].sizes
SOURCE = (1536, 1024)
BOX = BoxRegion(x0=0.75, y0=0, x1=1, y1=0.25)


def defect(wording, category="mug", variant=0, source=SOURCE, **fields):
    return DefectRequest("ab" * 32, source, category, "a type", "", wording, variant, 0, **fields)


def prompt(defect, language="en", **options):
    guide = region_guide(defect.region, None)
    target = crop_target(defect.source, guide, defect.area[1] if defect.area else None, 0.5)
    geometry = plan_crop(defect.source, RULE, target)
    return compose_prompt(defect, geometry, guide, language=language, **options)


def test_a_prompt_has_defect_category_place_size_severity_and_nothing_else():
    text = prompt(
        defect(
            "a thin crack.",
            placement="on the rim",
            severity=Severity.SLIGHT,
            region=BOX,
            area=(0.001, 0.02),
        )
    )
    assert text.startswith("Make exactly one change to this product photo (mug): a thin crack.")
    assert "Where: on the rim." in text
    assert "in the upper right part of the picture, between 75 and 100 % of its width" in text
    assert "between 0.1 and 2 % of the picture" in text
    assert "The defect is slight" in text
    assert "Change nothing else" in text
    assert ".." not in text


def test_variants_are_put_in_several_phrasings():
    texts = [prompt(defect("a hole", variant=variant)) for variant in range(6)]
    assert len(set(texts[:3])) == 3
    assert texts[:3] == texts[3:]


def test_japanese_prompts_are_japanese_but_for_the_users_words():
    told = {"placement": "縁", "severity": Severity.SEVERE, "region": BOX, "area": (0.001, 0.02)}
    for variant in range(3):
        text = prompt(defect("細いひび", "カップ", variant, **told), "ja")
        assert "細いひび" in text
        assert "カップ" in text
        assert "右上" in text
        assert not re.search("[a-z]{2}", text)


def test_a_window_has_its_places_told_as_the_model_sees_them():
    text = prompt(
        defect("a dent", source=(6000, 4000), region=BOX, area=(0.0005, 0.001)),
    )
    assert "in the upper right part" not in text
    assert "between 1.1 and 2.3 % of the picture" in text  # of one megapixel, not of 24


def test_a_region_that_nobody_knows_yet_is_told_as_the_object():
    text = prompt(defect("a dent", region=ForegroundRegion()))
    assert "on the product itself, not on the background" in text
    assert "inside the transparent area of the mask" in text


@pytest.mark.parametrize("region", [BOX, ForegroundRegion()])
def test_a_model_that_takes_no_mask_is_told_of_none(region):
    wanted = defect("a dent", region=region)
    text = prompt(wanted, region_form="none")
    assert "mask" not in text
    assert text.replace(" Change", " Stay inside the transparent area of the mask. Change") == (
        prompt(wanted)
    )


def test_the_box_of_a_region_is_told_on_the_padded_picture():
    guide = region_guide(BoxRegion(x0=0, y0=0, x1=1, y1=1), None)
    geometry = plan_crop((1000, 500), RULE, None)
    assert geometry.model == (1536, 1024)
    x0, y0, x1, y1 = sent_box(geometry, guide)
    assert (x0, x1) == (0, 1)
    assert (y0, y1) == pytest.approx((0.125, 0.875))


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_words_around_a_defect_name_no_other_defect(language):
    told = {"severity": Severity.SEVERE, "region": BOX, "area": (0.001, 0.02)}
    for variant in range(3):
        text = prompt(defect("XX", "YY", variant, **told), language)
        with pytest.raises(ValueError, match="no known defect"):
            kind_from_prompt(text)
        assert flag_words(text) == []


def test_words_that_filters_refuse_are_named_with_a_neutral_way_to_say_it():
    assert [found.instead for found in flag_words("a stain of blood and a stab")] == [
        "a red-brown stain",
        "puncture",
    ]
    assert [found.word for found in flag_words("表面に流血のような跡")] == ["流血"]
    assert flag_words("a scratch on the enamel") == []


def test_no_neutral_word_is_itself_flagged():
    assert [new for new in NEUTRAL_WORDS.values() if flag_words(new)] == []
