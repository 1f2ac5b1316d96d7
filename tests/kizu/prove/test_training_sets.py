from collections import Counter

import numpy as np
from real_parts import pictures, with_line, with_spot

from kizu.prove.training_sets import few_of


def test_few_are_so_many_of_each_kind_and_of_as_many_parts_as_possible():
    made = [
        *pictures({"spot": with_spot, "line": with_line}, 4, each=6, normals=False),
        *pictures({"rare": with_spot}, 2, first=50, normals=False),
    ]
    chosen = few_of(made, 5, np.random.default_rng(0))
    assert Counter(each.kind for each in chosen) == {"spot": 5, "line": 5, "rare": 2}
    assert len({each.group for each in chosen if each.kind == "spot"}) == 4
    assert len({each.name for each in chosen}) == 12
