import math

import pytest

from kizu.store.keys import canonical_json, content_key, fraction_of


def test_the_order_of_names_does_not_change_a_key():
    assert content_key("edit", a=1, b={"x": 2, "y": 3}) == content_key(
        "edit", b={"y": 3, "x": 2}, a=1
    )


def test_things_of_different_kinds_differ_in_key():
    assert content_key("edit", a=1) != content_key("diff", a=1)


def test_a_known_key_never_changes():
    key = content_key("edit", prompt="細いひび", variant=2, strength=0.5)
    assert key == "302e8d3595ead0c199c60579430bdd9f76012e6e45a63088ff134d986c7bad7c"


def test_numbers_that_are_no_json_are_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"x": math.nan})


def test_draws_lie_evenly_between_zero_and_one():
    draws = [fraction_of(content_key("split", n=n)) for n in range(400)]
    assert min(draws) >= 0
    assert max(draws) < 1
    assert abs(sum(draws) / len(draws) - 0.5) < 0.05
