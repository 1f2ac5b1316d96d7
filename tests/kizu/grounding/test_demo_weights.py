"""The weights that come with kizu, on defects they were not trained on."""

import pytest
from pydantic import ValidationError

from kizu.edit.painter import DefectKind, paint
from kizu.grounding import GroundingSettings, annotator_version, load_annotator
from kizu.grounding.registry import DEMO_WEIGHTS
from kizu.imaging.masks import mask_iou
from kizu.spec import DatasetSpec

NAME = "demo-grounding-dino+demo-sam"
MOST_BYTES = 10_000_000


@pytest.fixture(scope="module")
def annotator():
    return load_annotator(NAME)


@pytest.fixture(scope="module")
def wall():
    """A photograph of bricks; the weights know crops of it, but not what is painted here."""
    data = pytest.importorskip("skimage.data")
    return data.brick()[..., None].repeat(3, axis=2)


def test_they_are_small_enough_to_ship():
    assert sum(file.stat().st_size for file in DEMO_WEIGHTS.rglob("*")) < MOST_BYTES


@pytest.mark.parametrize("kind", [DefectKind.STAIN, DefectKind.HOLE])
def test_most_painted_spots_are_found_and_named(annotator, wall, kind):
    paintings = [paint(wall, kind, seed) for seed in range(8)]

    found = annotator.annotate([p.image for p in paintings], [[f"a {kind}"]] * len(paintings))

    hits = [
        bool(len(detections)) and mask_iou(detections.union_mask(wall.shape[:2]), p.truth) > 0.3
        for detections, p in zip(found, paintings, strict=True)
    ]
    assert sum(hits) > len(hits) / 2


def test_a_photo_without_a_defect_has_few_regions(annotator, wall):
    (found,) = annotator.annotate([wall], [["a hole"]])

    assert len(found) <= 2


def test_their_identity_is_their_content_and_names_no_folder():
    version = annotator_version(GroundingSettings(annotator=NAME))

    assert version.count("sha256:") == 2
    assert str(DEMO_WEIGHTS) not in version


FIELDS = {
    "name": "plates",
    "images": {"path": "photos"},
    "defects": [{"defect_type": "crack", "prompt": "a crack"}],
    "editor": {"name": "gpt-image"},
}


def test_paid_edits_are_not_judged_by_demonstration_weights():
    with pytest.raises(ValidationError, match="five words, synthetic defects, too little to judge"):
        DatasetSpec.model_validate({**FIELDS, "grounding": {"annotator": NAME}})


def test_paid_edits_are_judged_by_them_where_the_user_insists():
    grounding = {"annotator": NAME, "force_demo_weights": True}

    assert (
        DatasetSpec.model_validate({**FIELDS, "grounding": grounding}).grounding.annotator == NAME
    )


def test_one_of_several_annotators_that_is_too_weak_is_refused_too():
    with pytest.raises(ValidationError, match="too little to judge"):
        DatasetSpec.model_validate({**FIELDS, "grounding": {"annotators": ["clipseg", NAME]}})


def test_whoever_chooses_them_is_told_what_they_are():
    assert GroundingSettings(annotator=NAME).notice.endswith(
        "demonstration weights, five words, synthetic defects"
    )
    assert GroundingSettings(annotator="grounding-dino+sam").notice is None
