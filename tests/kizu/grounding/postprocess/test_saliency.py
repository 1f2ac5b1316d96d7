import numpy as np
import pytest

from kizu.grounding import GroundingSettings
from kizu.grounding.compose import BoxThenMask
from kizu.grounding.detections import Detections, from_rows
from kizu.grounding.postprocess.saliency import saliency_map, with_saliency

SPOT = (40, 60, 80, 100)
PLAIN = (200, 60, 240, 100)


@pytest.fixture
def spotted():
    """An even grey texture of 200 x 300 px with one red spot at SPOT."""
    noise = np.random.default_rng(0).normal(128, 6, (200, 300, 1))
    image = np.repeat(noise, 3, axis=2).clip(0, 255).astype(np.uint8)
    image[60:100, 40:80] = (200, 60, 60)
    return image


def test_a_salient_region_outranks_a_plain_one_of_equal_confidence(spotted):
    found = from_rows([(PLAIN, 0.5, "a hole"), (SPOT, 0.5, "a stain")])
    result = with_saliency(found, spotted)
    assert result.phrase == ("a stain", "a hole")
    assert result.xyxy.tolist() == [list(SPOT), list(PLAIN)]
    assert result.confidence[0] > 1.5 * result.confidence[1]


def test_a_much_surer_region_still_comes_first(spotted):
    found = from_rows([(SPOT, 0.3, "a stain"), (PLAIN, 0.9, "a hole")])
    assert with_saliency(found, spotted).phrase == ("a hole", "a stain")


def test_confidences_never_rise_and_keep_at_least_one_in_e(spotted):
    found = from_rows([(SPOT, 1.0, "a stain"), (PLAIN, 1.0, "a hole")])
    confidence = with_saliency(found, spotted).confidence
    assert ((np.exp(-1) <= confidence) & (confidence <= 1)).all()


def test_a_mask_counts_not_its_box(spotted):
    mask = np.zeros((2, 200, 300), dtype=bool)
    mask[0, 0:20, 0:300] = True
    mask[1, 60:100, 40:80] = True
    whole = np.array([[0, 0, 300, 200]] * 2, np.float32)
    found = Detections(whole, mask, np.full(2, 0.5, np.float32), ("outside", "spot"))
    assert with_saliency(found, spotted).phrase == ("spot", "outside")


def test_the_map_is_highest_where_the_spot_is(spotted):
    salient = saliency_map(spotted)
    row, column = np.unravel_index(salient.argmax(), salient.shape)
    scale = 200 / salient.shape[0]
    assert 60 <= (row + 0.5) * scale <= 100
    assert 40 <= (column + 0.5) * scale <= 80
    assert salient.max() == 1.0


def test_what_fills_most_of_the_photo_is_not_salient(spotted):
    spotted[:, 100:] = (200, 60, 60)
    salient = saliency_map(spotted)
    assert salient[:, -10:].mean() < 0.5 * salient.max()


def test_an_even_photo_leaves_confidences_alone():
    found = from_rows([(SPOT, 0.5, "a stain"), (PLAIN, 0.4, "a hole")])
    result = with_saliency(found, np.full((200, 300, 3), 7, np.uint8))
    assert result.confidence.tolist() == found.confidence.tolist()


def test_no_regions_stay_none(spotted):
    assert len(with_saliency(Detections.empty((200, 300)), spotted)) == 0


@pytest.mark.parametrize("shape", [(32, 32), (33, 1000), (5, 7)])
def test_photos_of_any_shape_have_a_map(shape):
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    salient = saliency_map(image)
    assert np.isfinite(salient).all()
    assert 0 <= salient.min() <= salient.max() == 1


class TwoBoxes:
    def detect(self, image, phrases):
        del image
        return from_rows([(PLAIN, 0.6, phrases[0]), (SPOT, 0.5, phrases[0])])


def test_annotators_judge_by_saliency_only_if_asked(spotted):
    def first_box(**settings):
        annotator = BoxThenMask(TwoBoxes(), None, GroundingSettings(**settings))
        return tuple(annotator.annotate_image(spotted, ["a stain"]).xyxy[0])

    assert first_box() == PLAIN
    assert first_box(saliency=True) == SPOT
