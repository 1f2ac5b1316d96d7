"""Published versions with what exports lose: shapes of masks, names, and verdicts."""

import numpy as np
import pytest
from published import SHAPE, dataset, hard_masks, masks, publish  # noqa: F401 - fixtures

from kizu.publish.dataset import open_dataset
from kizu.publish.layout import VersionFolder

SIZE = (61, 97)
CLASSES = ("傷 あり", "train", "Crack", "crack", "null", "100% <wide> & \"deep\", 'old'")
"""Another script, a split's name, two that differ by case, no value, and what formats quote."""


MOVED = {"a b&c": ("傷 あり/実物 1.png", "ab" * 32)}
"""The real defect that was moved, of the one sample that has one."""


def corner_masks():
    """Masks of (61, 97) px by name: a ring, two parts, lines, corners, borders, all of it."""
    drawn = {
        name: np.pad(mask, ((0, 0), (0, SIZE[1] - SHAPE[1]))) for name, mask in hard_masks().items()
    }
    diagonal, corners, border, dots = (np.zeros(SIZE, np.bool_) for _ in range(4))
    diagonal[np.arange(SIZE[0]), np.arange(SIZE[0]) + 3] = True
    corners[0, 0] = corners[-1, -1] = True
    border[20:, :30] = True
    border[30:40, 5:9] = border[59:, 10:12] = False
    dots[::2, ::3] = True
    return drawn | {
        "diagonal": diagonal,
        "corners": corners,
        "border": border,
        "dots": dots,
        "all": np.ones(SIZE, np.bool_),
    }


@pytest.fixture
def odd_masks():
    """The labels of ``odd_dataset`` by sample id, (61, 97) bool each; normal images have none."""
    names = ("カップ 01.v2", "カップ 02.v2", "a b&c", "x" * 200, "_hidden", "CAP", "cap", "last")
    return dict(zip(names, corner_masks().values(), strict=True)) | {
        "normal ①": np.zeros(SIZE, np.bool_),
        "grey": np.zeros(SIZE, np.bool_),
    }


@pytest.fixture
def odd_dataset(store, odd_masks, make_photo):
    """A version with names, classes and masks of all kinds, in both splits; one photo is grey."""
    rows, images = [], []
    for number, (sample_id, mask) in enumerate(odd_masks.items()):
        defect_type = CLASSES[number % len(CLASSES)] if mask.any() else "good"
        test = "test" if number % 2 else "train_defects"
        split = test if mask.any() or test == "test" else "train"
        rows.append((sample_id, defect_type, split, "accept", mask if mask.any() else None))
        photo = np.ascontiguousarray(make_photo(number, 99)[: SIZE[0], : SIZE[1]])
        images.append(photo[..., :1].repeat(3, axis=2) if sample_id == "grey" else photo)
    publish(
        store, VersionFolder("odd", "0123"), rows, images, category="マグ 1", real_defects=MOVED
    )
    return open_dataset(store, "odd", "0123")
