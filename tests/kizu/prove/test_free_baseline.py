import numpy as np
from real_parts import surface

from kizu.prove.free_baseline import free_defect

NORMALS = [surface(seed) for seed in range(3)]


def test_a_picture_differs_from_a_normal_one_inside_its_mask_alone():
    for index in range(24):
        image, mask = free_defect(NORMALS, index, np.random.default_rng(index))
        normal = NORMALS[index % 3]
        assert mask.any()
        np.testing.assert_array_equal(image[~mask], normal[~mask])
        assert (image[mask] != normal[mask]).any(axis=1).mean() > 0.5


def test_equal_seeds_lay_on_the_same():
    first, second = (free_defect(NORMALS, 5, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
