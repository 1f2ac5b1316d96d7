from dataclasses import dataclass, field

import numpy as np
import pytest

from kizu.grounding.detections import from_rows
from kizu.grounding.postprocess.tiles import TiledDetector, tiles_of


@dataclass
class BrightSpotDetector:
    """Boxes the bright pixels of an image, if they take more than `least_share` of its width."""

    least_share: float = 0.0
    sizes: list = field(default_factory=list)

    def detect(self, image, phrases):
        self.sizes.append(image.shape[:2])
        rows, columns = np.nonzero(image[..., 0] > 200)
        if len(rows) == 0 or np.ptp(columns) + 1 < self.least_share * image.shape[1]:
            return from_rows([])
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        return from_rows([(box, 0.9, phrases[0])])


def dark_image(height, width):
    return np.zeros((height, width, 3), np.uint8)


@pytest.mark.parametrize(("height", "width"), [(100, 100), (64, 300), (301, 107)])
def test_tiles_cover_every_pixel(height, width):
    seen = np.zeros((height, width), dtype=bool)
    for tile in tiles_of((height, width), 64):
        seen[tile.y0 : tile.y1, tile.x0 : tile.x1] = True
    assert seen.all()


def test_a_small_spot_is_found_in_a_tile_and_boxed_in_photo_pixels():
    image = dark_image(200, 300)
    image[150:156, 230:240] = 255
    found = TiledDetector(BrightSpotDetector(least_share=0.08), 100).detect(image, ["spot"])
    assert {tuple(box) for box in found.xyxy.tolist()} == {(230, 150, 240, 156)}


def test_a_photo_within_one_tile_is_searched_once():
    detector = BrightSpotDetector()
    TiledDetector(detector, 100).detect(dark_image(100, 80), ["spot"])
    assert detector.sizes == [(100, 80)]


def test_pieces_cut_by_inner_borders_are_dropped_and_the_whole_box_stays():
    image = dark_image(100, 300)
    image[40:60, 20:280] = 255
    found = TiledDetector(BrightSpotDetector(), 100).detect(image, ["spot"])
    assert found.xyxy.tolist() == [[20, 40, 280, 60]]


def test_a_spot_at_the_photos_own_edge_is_kept():
    image = dark_image(100, 300)
    image[0:10, 290:300] = 255
    found = TiledDetector(BrightSpotDetector(least_share=0.08), 100).detect(image, ["spot"])
    assert [290, 0, 300, 10] in found.xyxy.tolist()
