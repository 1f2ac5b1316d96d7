from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kizu.pauses import LONGEST_S, asked_pause_s

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "pause_s"),
    [
        ({"retry-after": "8"}, 8.0),
        ({"retry-after": "8s"}, 8.0),
        ({"retry-after": formatdate(NOW + 8, usegmt=True)}, 8.0),
        ({"retry-after": f"{NOW + 8:.0f}"}, 8.0),
        ({"retry-after": "86400"}, 86_400.0),
        ({"retry-after": "1", "retry-after-ms": "700"}, 0.7),
        ({"x-ratelimit-reset-requests": "1m30s"}, 90.0),
        ({"x-ratelimit-reset-tokens": "250ms"}, 0.25),
        ({"x-rate-limit-reset-tokens": "8", "x-ratelimit-remaining-requests": "3"}, 8.0),
        ({"ratelimit-reset": "8"}, 8.0),
    ],
)
def test_a_pause_is_read_in_every_form_that_services_use(headers, pause_s):
    assert asked_pause_s(headers, now=NOW) == pytest.approx(pause_s)


@pytest.mark.parametrize(
    ("words", "pause_s"),
    [
        ("Requests have exceeded the limit. Please retry after 8 seconds.", 8.0),
        ("Rate limit reached. Please try again in 6m0s. Visit https://example.org", 360.0),
        ("Please try again in 20ms.", 0.02),
        ("retry after 9", 9.0),
        ("Try again in 1 minute 5 seconds", 65.0),
        ("You tried 8 times", 0.0),
    ],
)
def test_a_pause_stands_in_the_words_too(words, pause_s):
    assert asked_pause_s({}, words) == pytest.approx(pause_s)


def test_a_quota_that_is_not_used_up_asks_for_nothing():
    headers = {"x-ratelimit-reset-requests": "8", "x-ratelimit-remaining-requests": "3"}
    assert asked_pause_s(headers) == 0


def test_a_date_is_read_by_the_services_own_clock():
    headers = {
        "retry-after": formatdate(NOW + 8, usegmt=True),
        "date": formatdate(NOW, usegmt=True),
    }
    assert asked_pause_s(headers) == 8.0


@pytest.mark.parametrize("name", ["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        "-3",
        "nan",
        "inf",
        "-inf",
        "1e5",
        "99999999999999",
        "1_000",
        "٣",
        "soon",
        "2026-01-01",
        "Wed, 21 Oct 2020 07:28:00 GMT",
        "Wed, 99 Oct 2099",
        "0x10",
        "1;2",
        "9" * 400,
    ],
)
def test_what_is_no_time_to_come_is_noise(name, value):
    assert asked_pause_s({name: value}, now=NOW) == 0
    assert asked_pause_s({name: value}, "try again in 2s", now=NOW) == 2.0


@given(st.text(), st.text(), st.sampled_from(["retry-after", "x-ratelimit-reset-requests", "date"]))
def test_whatever_a_service_says_a_pause_is_finite_and_not_negative(value, words, name):
    assert 0 <= asked_pause_s({name: value}, words) <= LONGEST_S
