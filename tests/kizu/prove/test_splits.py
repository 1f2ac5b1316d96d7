from real_parts import pictures, with_line, with_spot

from kizu.prove.splits import folds_of


def test_every_kind_is_spread_over_the_folds():
    real = [
        *pictures({"spot": with_spot}, 3, each=5),
        *pictures({"line": with_line}, 10, first=50),
        *pictures({}, 20, first=100),
    ]
    for seed in range(5):
        fold_of = folds_of(real, 2, seed)
        for kind, least in (("spot", 1), ("line", 4), ("good", 14)):
            parts = {each.group for each in real if each.kind == kind}
            assert min(sum(fold_of[part] == fold for part in parts) for fold in (0, 1)) >= least


def test_equal_seeds_split_alike():
    real = pictures({"spot": with_spot}, 12)
    assert folds_of(real, 2, 3) == folds_of(list(reversed(real)), 2, 3)
    assert folds_of(real, 2, 3) != folds_of(real, 2, 4)
