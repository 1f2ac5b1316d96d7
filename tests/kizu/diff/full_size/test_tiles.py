import cv2
import numpy as np
from threadpoolctl import ThreadpoolController

from kizu.diff.full_size.tiles import enlarge_part, limited_threads, tiles_of


def test_a_part_of_an_enlargement_is_that_of_the_whole():
    grid = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    whole = cv2.resize(grid, (70, 50), interpolation=cv2.INTER_LINEAR)
    part = enlarge_part(grid, (50, 70), (slice(11, 30), slice(20, 70)))
    assert np.abs(part - whole[11:30, 20:70]).max() < 0.1


def test_tiles_cover_every_pixel_once():
    seen = np.zeros((50, 70), int)
    for tile in tiles_of(seen.shape, 16, 5):
        seen[tile.around][tile.inner] += 1
    assert (seen == 1).all()


def test_numerical_libraries_have_their_threads_back_afterwards():
    def threads():
        pools = ThreadpoolController().select(user_api="blas").info()
        return cv2.getNumThreads(), [pool["num_threads"] for pool in pools]

    before = threads()
    with limited_threads(1):
        assert threads() == (1, [1] * len(before[1]))
    assert threads() == before
