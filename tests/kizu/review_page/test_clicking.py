"""Click to segment: which segmenter is taken, and what it marks."""

import cv2
import numpy as np
import pytest
from reviewed import surface
from tiny_models.sam import sam_folder  # noqa: F401 - a fixture

from kizu.grounding import GroundingSettings
from kizu.imaging.masks import mask_iou
from kizu.review_page.clicking import (
    ClickSegmenter,
    SegmenterNotLoadedError,
    named_segmenter,
    segmenters_of,
)
from kizu.spec import DatasetSpec

MISSING = GroundingSettings(annotator="grounding-dino+sam", segmenter_weights="/nowhere")


@pytest.fixture(scope="module")
def stained():
    """A surface with a dark stain, and where it is."""
    image, mask = surface(3, 192), np.zeros((192, 192), np.uint8)
    cv2.circle(mask, (120, 70), 18, 1, -1)
    image[mask > 0] = image[mask > 0] // 3
    return image, mask > 0


def loaded(settings):
    clicks = ClickSegmenter([settings])
    clicks.load()
    return clicks


def test_until_one_is_loaded_there_is_none():
    clicks = ClickSegmenter([MISSING])
    clicks.load()
    assert clicks.name == ""
    with pytest.raises(SegmenterNotLoadedError, match="no segmenter is loaded"):
        clicks.mask_at("v", lambda: None, [(1, 1, True)], None)


def test_the_first_one_that_can_be_loaded_is_taken():
    clicks = ClickSegmenter([MISSING, named_segmenter("demo-sam")])
    clicks.load()
    assert clicks.name == "demo-sam"


def test_a_segmenter_of_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="no segmenter 'sam9'; choose one of sam, sam-hq"):
        named_segmenter("sam9")


def test_those_of_a_datasets_annotators_are_offered(spec):
    fields = spec.model_dump(mode="json")
    grounding = {"annotators": ["clipseg", "grounding-dino+sam2", "owlvit"]}
    several = DatasetSpec.parse({**fields, "grounding": grounding})
    assert [each.annotator for each in segmenters_of(several)] == ["grounding-dino+sam2"]


def test_the_demonstration_weights_mark_a_stain_under_a_click_and_in_a_box(stained):
    image, mask = stained
    clicks = loaded(named_segmenter("demo-sam"))
    clicked = clicks.mask_at("v", lambda: image, [(120, 70, True)], None)
    boxed = clicks.mask_at("v", lambda: image, [], (140, 90, 100, 50))  # drawn upwards
    assert mask_iou(clicked, mask) > 0.5
    assert mask_iou(boxed, mask) > 0.5
    nothing = clicks.mask_at("v", lambda: image, [(120, 70, True), (120, 70, False)], None)
    assert not nothing.any()


def test_an_image_is_read_and_encoded_once(sam_folder, stained):  # noqa: F811 - the fixture
    image, _ = stained
    clicks = loaded(named_segmenter("sam", str(sam_folder)))
    reads = []

    def read():
        reads.append(1)
        return image

    one = clicks.mask_at("v", read, [(120, 70, True)], None)
    clicks.mask_at("v", read, [(120, 70, True), (10, 10, False)], None)
    assert len(reads) == 1
    assert one.shape == image.shape[:2]
    clicks.mask_at("w", read, [(120, 70, True)], None)
    assert len(reads) == 2
