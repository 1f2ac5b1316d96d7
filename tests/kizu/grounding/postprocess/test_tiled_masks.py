from dataclasses import dataclass, field

import numpy as np
import pytest

from kizu.grounding import GroundingSettings, load_annotator
from kizu.grounding.detections import Detections
from kizu.grounding.models.clipseg import load
from kizu.grounding.postprocess.regions import join, regions_of_map
from kizu.grounding.postprocess.tiled_masks import TiledTextSegmenter
from kizu.grounding.weights import find_weights

CHANNEL = {"red": 0, "green": 1}


@dataclass
class ColourSegmenter:
    """Marks the pixels of a phrase's colour exactly, if the window is at most `sharp_px` long.

    In larger windows it marks them `blur_px` too wide, as systems do that shrink their input.
    """

    sharp_px: int = 10_000
    blur_px: int = 0
    sizes: list = field(default_factory=list)

    def detect_masks(self, image, phrases):
        self.sizes.append(image.shape[:2])
        parts = []
        for phrase in phrases:
            strength = image[..., CHANNEL[phrase]].astype(np.float32) / 255
            if max(image.shape) > self.sharp_px:
                rows, columns = np.nonzero(strength)
                for row, column in zip(rows, columns, strict=True):
                    wide = slice(max(column - self.blur_px, 0), column + self.blur_px + 1)
                    strength[row, wide] = strength[row, column]
            parts.append(regions_of_map(strength, 0.1, phrase, 20))
        return join(parts, image.shape[:2])


def dark_image(height=100, width=300):
    return np.zeros((height, width, 3), np.uint8)


def tiled(image, phrases=("red",), tile_px=64, **system):
    segmenter = TiledTextSegmenter(ColourSegmenter(**system), tile_px, 0.5, 20)
    return segmenter.detect_masks(image, phrases)


def zigzag(image, channel=0, value=200):
    """Draw a line through most tiles, three pixels thick."""
    for x in range(10, 290):
        y = 20 + abs((x % 100) - 50)
        image[y : y + 3, x, channel] = value
    return image[..., channel] > 0


def test_a_region_across_many_tiles_is_put_together_pixel_by_pixel():
    image = dark_image()
    truth = zigzag(image)
    result = tiled(image)
    assert len(result) == 1
    assert np.array_equal(result.mask[0], truth)
    assert result.xyxy.tolist() == [[10, 20, 290, 73]]


def test_tiles_alone_put_it_together_too():
    image = dark_image()
    truth = zigzag(image)
    result = tiled(image, sharp_px=64, blur_px=25)
    assert np.array_equal(result.mask[0], truth)


def test_the_sharper_mask_of_the_tiles_replaces_that_of_the_whole_photo():
    image = dark_image()
    image[40:60, 100:140, 0] = 200
    result = tiled(image, sharp_px=64, blur_px=5)
    assert len(result) == 1
    assert result.mask[0].sum() == 20 * 40


def test_what_only_the_whole_photo_shows_stays():
    class WholeOnly(ColourSegmenter):
        def detect_masks(self, image, phrases):
            found = super().detect_masks(image, phrases)
            return found if image.shape[1] == 300 else Detections.empty(image.shape[:2])

    image = dark_image()
    image[40:60, 100:140, 0] = 200
    assert len(TiledTextSegmenter(WholeOnly(), 64, 0.5, 20).detect_masks(image, ["red"])) == 1


def test_separate_regions_stay_separate_and_keep_their_confidence():
    image = dark_image()
    image[10:20, 10:30, 0] = 100
    image[70:90, 200:290, 0] = 200
    result = tiled(image)
    assert result.confidence.tolist() == pytest.approx([200 / 255, 100 / 255])
    assert [int(mask.sum()) for mask in result.mask] == [20 * 90, 10 * 20]


def test_regions_of_different_phrases_are_not_joined():
    image = dark_image()
    truth = zigzag(image, CHANNEL["red"])
    zigzag(image, CHANNEL["green"], 100)
    result = tiled(image, ("red", "green"))
    assert result.phrase == ("red", "green")
    assert all(np.array_equal(mask, truth) for mask in result.mask)


def test_no_region_anywhere_leaves_masks_of_the_photos_size():
    result = tiled(dark_image())
    assert result.mask.shape == (0, 100, 300)


def test_a_photo_within_one_tile_is_searched_once():
    system = ColourSegmenter()
    TiledTextSegmenter(system, 300, 0.5, 20).detect_masks(dark_image(), ["red"])
    assert system.sizes == [(100, 300)]


def test_only_the_surest_regions_are_kept():
    image = dark_image()
    for number in range(5):
        image[10:20, 20 + 50 * number : 40 + 50 * number, 0] = 100 + 20 * number
    segmenter = TiledTextSegmenter(ColourSegmenter(), 64, 0.5, 2)
    result = segmenter.detect_masks(image, ["red"])
    assert result.confidence[:2].tolist() == pytest.approx([180 / 255, 160 / 255])


def test_clipseg_searches_in_tiles_when_the_settings_say_so(clipseg_folder):
    image = np.random.default_rng(0).integers(0, 255, (90, 150, 3), dtype=np.uint8)
    threshold = {"box_threshold": 0.4, "max_boxes": 200, "max_area_fraction": 1.0}
    settings = GroundingSettings(detector_weights=str(clipseg_folder), tile_px=64, **threshold)
    (result,) = load_annotator("clipseg", settings).annotate([image], [["hole"]])
    untiled = settings.model_copy(update={"tile_px": None})
    (whole,) = load_annotator("clipseg", untiled).annotate([image], [["hole"]])
    system = load(find_weights(str(clipseg_folder), "clipseg"), settings)
    corner = system.detect_masks(np.ascontiguousarray(image[:64, :64]), ["hole"])
    seen_in_tile = corner.union_mask((64, 64))
    assert (result.union_mask((90, 150))[:64, :64] >= seen_in_tile).all()
    assert (whole.union_mask((90, 150))[:64, :64] < seen_in_tile).any()


def test_sam3_keeps_in_each_tile_what_fills_it_and_the_photo_decides(sam3_folder):
    settings = GroundingSettings(
        annotator="sam3", detector_weights=str(sam3_folder), tile_px=64, max_area_fraction=0.5
    )
    annotator = load_annotator("sam3", settings)
    assert annotator.system.settings.max_area_fraction == 0.5
    assert annotator.system.system.system.settings.max_area_fraction == 1.0
