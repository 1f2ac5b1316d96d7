from itertools import islice

import pytest

from benchmarks.attack.bounded import HARMLESS, attack
from benchmarks.attack.replies import cases


@pytest.mark.slow
def test_no_hostile_reply_of_each_kind_breaks_a_promise():
    some = islice(cases(1_500, seed=1), 3, None, 60)
    results = list(attack("benchmarks.attack.replies:buy", some))
    assert len(results) == 25
    assert [result for result in results if result.fate not in HARMLESS] == []
