from datetime import date

import pytest

from kizu.edit.gpt_image.models import FAMILIES, Family, retirement_warning
from kizu.edit.gpt_image.pricing import Prices, Tokens, cost_of, most_tokens
from kizu.edit.gpt_image.tokens import Quality


@pytest.mark.parametrize(
    ("quality", "size", "usd"),
    [
        (Quality.LOW, (1024, 1024), 0.011),
        (Quality.MEDIUM, (1024, 1024), 0.042),
        (Quality.HIGH, (1024, 1024), 0.167),
        (Quality.LOW, (1024, 1536), 0.016),
        (Quality.MEDIUM, (1024, 1536), 0.063),
        (Quality.HIGH, (1024, 1536), 0.25),
    ],
)
def test_tokens_times_rates_are_the_published_price_per_image(quality, size, usd):
    facts = FAMILIES[Family.GPT_IMAGE_1]
    tokens = Tokens(0, 0, facts.output_tokens(quality, size))
    assert cost_of(facts.prices, tokens) == pytest.approx(usd, abs=0.0007)


def test_gpt_image_1_5_costs_what_its_price_list_says_per_image():
    facts = FAMILIES[Family.GPT_IMAGE_1_5]
    tokens = Tokens(0, 0, facts.output_tokens(Quality.HIGH, (1024, 1024)))
    assert cost_of(facts.prices, tokens) == pytest.approx(0.133, abs=0.0007)


def test_every_price_list_has_a_date_and_a_source():
    for facts in FAMILIES.values():
        assert facts.prices.are_known == (facts.priced_on is not None)
        assert facts.price_source


def test_an_unknown_price_is_unknown_and_never_zero():
    assert cost_of(FAMILIES[Family.GENERIC].prices, Tokens(10, 300, 1000)) is None
    assert cost_of(Prices(text_input_usd=5), Tokens(10, 300, 1000)) is None
    assert cost_of(FAMILIES[Family.GPT_IMAGE_1].prices, None) is None


def test_a_price_per_image_stands_for_everything():
    assert cost_of(Prices(per_image_usd=0.07), None) == 0.07


def test_what_is_reserved_is_never_less_than_what_a_recorded_call_cost():
    """A published call: 43 text, 194 image and 4160 output tokens for 0.168555 USD."""
    prices = FAMILIES[Family.GPT_IMAGE_1].prices
    most = cost_of(prices, most_tokens("x" * 43 * 4, 4160))
    assert 0.168555 <= most < 0.18
    assert cost_of(prices, Tokens(43, 194, 4160)) == 0.168555


@pytest.mark.parametrize(
    ("family", "today", "says"),
    [
        (Family.GPT_IMAGE_1, date(2026, 11, 23), "was retired on 2026-10-23"),
        (Family.GPT_IMAGE_1, date(2026, 10, 1), "retires on 2026-10-23; deploy one of gpt-image-2"),
        (Family.GPT_IMAGE_1_MINI, date(2027, 3, 1), "retires on 2027-04-07"),
    ],
)
def test_a_retired_model_is_named_with_those_that_live_on(family, today, says):
    warning = retirement_warning(family, today)
    assert says in warning
    assert "gpt-image-2 (until 2027-04-21 or 2027-10-21)" in warning
    assert f"{family} (until" not in warning


def test_a_model_with_two_dates_is_warned_of_with_both_until_the_last_is_over():
    warned = retirement_warning(Family.GPT_IMAGE_1_5, date(2026, 11, 29))
    assert "retires on 2026-12-16 or 2027-06-16" in warned
    assert "check your resource" in warned
    between = retirement_warning(Family.GPT_IMAGE_1_5, date(2027, 1, 10))
    assert "2026-12-16 or 2027-06-16" in between
    over = retirement_warning(Family.GPT_IMAGE_1_5, date(2027, 6, 16))
    assert "was retired on 2027-06-16" in over
    assert "check your resource" not in over


def test_models_that_live_on_give_no_warning():
    today = date(2026, 10, 10)
    living = [family for family in Family if family is not Family.GPT_IMAGE_1]
    assert [retirement_warning(family, today) for family in living] == [None] * len(living)


LATER = (Family.GPT_IMAGE_2, Family.GPT_IMAGE_2_5_SUNBURST, Family.GPT_IMAGE_2_5_FLARE)


@pytest.mark.parametrize("family", LATER)
@pytest.mark.parametrize(
    ("quality", "size", "usd"),
    [
        (Quality.LOW, (1024, 1024), 0.006),
        (Quality.MEDIUM, (1024, 1024), 0.053),
        (Quality.HIGH, (1024, 1024), 0.211),
        (Quality.LOW, (1024, 1536), 0.005),
        (Quality.MEDIUM, (1024, 1536), 0.041),
        (Quality.HIGH, (1024, 1536), 0.165),
    ],
)
def test_the_later_families_cost_what_is_listed_per_picture(family, quality, size, usd):
    facts = FAMILIES[family]
    for turned in (size, size[::-1]):
        tokens = Tokens(0, 0, facts.output_tokens(quality, turned))
        assert cost_of(facts.prices, tokens) == pytest.approx(usd, abs=0.0005)


def test_a_low_square_of_2_5_has_the_tokens_that_were_measured():
    facts = FAMILIES[Family.GPT_IMAGE_2_5_FLARE]
    assert facts.output_tokens(Quality.LOW, (1024, 1024)) == 196
