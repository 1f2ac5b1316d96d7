import io

import cv2
import numpy as np
import pytest
from deep_photos import deep_file, part_of_lot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tiny_models.dino import grounding_dino_folder  # noqa: F401 - fixture
from tiny_models.sam import sam_folder  # noqa: F401 - fixture

import kizu
from kizu.agree.verdict import Reason, Verdict
from kizu.diff import Status
from kizu.edit.painter import DefectKind, DriftProfile, imitate_drift, paint
from kizu.edit.regions import BoxRegion
from kizu.grounding import GroundingSettings, GroundingUnavailable
from kizu.imaging.codecs import Decoding, UnreadableImageError, decode_image, encode_png
from kizu.imaging.geometry import Geometry
from kizu.imaging.masks import mask_iou
from kizu.labelling import label_pair

SIZE = (256, 192)
"""(width, height) px of the normal image."""

GEOMETRIES = {
    "as it is": Geometry.whole(SIZE, SIZE),
    "resized": Geometry.whole(SIZE, (384, 288)),
    "cropped": Geometry(SIZE, (16, 8, 224, 168), (224, 168), (0, 0), (224, 168)),
    "padded": Geometry(SIZE, (0, 0, *SIZE), SIZE, (0, 32), (256, 256)),
    "turned": Geometry(SIZE, (0, 0, *SIZE), SIZE, (0, 0), SIZE[::-1], turns=1),
}


def draw_normal():
    """A texture with things on it, (192, 256, 3) uint8: none of it repeats."""
    rng = np.random.default_rng(3)
    coarse = rng.uniform(60, 200, (12, 16, 3)).astype(np.float32)
    image = cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC)
    for _ in range(30):
        corner = rng.integers(0, [220, 160])
        end = corner + rng.integers(8, 36, 2)
        cv2.rectangle(image, corner.tolist(), end.tolist(), rng.uniform(20, 235, 3).tolist(), -1)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.7), 0, 255).astype(np.uint8)


NORMAL = draw_normal()


@pytest.fixture(scope="module")
def painting():
    region = np.zeros(NORMAL.shape[:2], np.bool_)
    region[60:130, 80:180] = True
    return paint(NORMAL, DefectKind.HOLE, seed=4, region=region)


@pytest.fixture
def tiny_annotator(grounding_dino_folder, sam_folder):  # noqa: F811 - the fixtures
    """Random weights: it finds something anywhere, whatever the phrase."""
    return GroundingSettings(
        annotator="grounding-dino+sam",
        detector_weights=str(grounding_dino_folder),
        segmenter_weights=str(sam_folder),
        box_threshold=0.0,
        max_boxes=2,
    )


@pytest.mark.parametrize("kind", GEOMETRIES)
def test_the_label_lies_on_the_defect_however_the_picture_came(painting, kind):
    geometry = GEOMETRIES[kind]
    edited = geometry.apply(painting.image)
    found = label_pair(NORMAL, edited)
    assert found.geometry.turns == geometry.turns
    assert found.match_score > 0.8
    assert found.status is Status.CHANGED
    assert mask_iou(found.mask, painting.truth) > 0.6
    assert found.mask_on_edited.shape == edited.shape[:2]
    assert mask_iou(found.mask_on_edited, geometry.apply_mask(painting.truth)) > 0.6


def test_the_label_lies_on_the_defect_where_an_editor_moved_and_toned_everything(painting):
    redrawn = imitate_drift(painting, DriftProfile.GPT_IMAGE_2, seed=4)
    geometry = GEOMETRIES["resized"]
    found = label_pair(NORMAL, geometry.apply(redrawn.image))
    assert found.status is Status.CHANGED
    assert mask_iou(found.mask, painting.truth) > 0.5
    assert mask_iou(found.mask_on_edited, geometry.apply_mask(redrawn.truth)) > 0.5
    assert np.array_equal(found.composite[~found.touched], NORMAL[~found.touched])


def test_what_the_normal_image_does_not_show_is_told(painting):
    moved = np.roll(painting.image, 6, axis=0)
    moved[:6] = 40
    found = label_pair(NORMAL, moved)
    assert not found.judged_on_edited[:4].any()
    assert found.judged_on_edited[10:].all()
    assert not (found.mask_on_edited & ~found.judged_on_edited).any()
    assert any(said.startswith("Not judged: ") for said in found._sentences())
    assert label_pair(NORMAL, painting.image).judged_on_edited.all()


def test_outside_of_what_was_touched_the_composite_is_the_normal_image(painting):
    found = label_pair(NORMAL, GEOMETRIES["resized"].apply(painting.image))
    assert np.array_equal(found.composite[~found.touched], NORMAL[~found.touched])
    assert np.all(found.touched[found.mask])
    assert found.anomaly_map.shape == NORMAL.shape[:2]


def test_a_file_a_url_and_bytes_are_the_same_as_their_pixels(painting, tmp_path):
    file = tmp_path / "edited.png"
    file.write_bytes(encode_png(painting.image))
    answers = [
        label_pair(encode_png(NORMAL), edited)
        for edited in (painting.image, file, str(file), file.as_uri(), file.read_bytes())
    ]
    assert all(np.array_equal(answers[0].mask, each.mask) for each in answers)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 7)), max_size=3, unique=True))
def test_every_region_of_the_mask_has_its_box(places):
    edited = NORMAL.copy()
    for column, row in places:
        edited[row * 24 + 4 : row * 24 + 12, column * 24 + 4 : column * 24 + 12] ^= 255
    found = label_pair(NORMAL, edited)
    inside = np.zeros_like(found.mask)
    for x0, y0, x1, y1 in found.boxes.astype(int):
        assert found.mask[y0:y1, x0:x1].any()
        inside[y0:y1, x0:x1] = True
    assert np.all(inside[found.mask])
    assert len(found.boxes) == (len(found.boxes_on_edited))


def test_a_picture_that_is_the_normal_image_is_rejected():
    found = label_pair(NORMAL, NORMAL)
    assert (found.verdict, found.reason) == (Verdict.REJECT, Reason.NO_VISIBLE_CHANGE)
    assert not found.mask.any()
    assert found.boxes.shape == (0, 4)
    assert np.array_equal(found.composite, NORMAL)


def test_a_change_outside_the_region_goes_to_review_for_that(painting):
    left = np.zeros(NORMAL.shape[:2], np.bool_)
    left[:, :40] = True
    for region in (left, BoxRegion(x0=0, y0=0, x1=0.15, y1=1)):
        assert label_pair(NORMAL, painting.image, region=region).reason == Reason.OUTSIDE_REGION


def test_an_annotators_findings_are_weighed_against_the_change(painting, tiny_annotator):
    found = label_pair(NORMAL, painting.image, "a hole", annotators=tiny_annotator)
    [(name, detections)] = found.detections.items()
    assert name == "grounding-dino+sam"
    assert detections.mask.shape == (len(detections), *NORMAL.shape[:2])
    assert found.reason in (Reason.AGREE, Reason.DISAGREE, Reason.NOT_GROUNDED)
    assert found.figures["detections"] == len(detections)


def test_without_a_normal_image_the_label_is_what_annotators_found(painting, tiny_annotator):
    found = label_pair(None, painting.image, ["a hole"], annotators=[tiny_annotator])
    [detections] = found.detections.values()
    assert np.array_equal(found.mask, detections.union_mask(NORMAL.shape[:2]))
    assert np.array_equal(found.mask, found.mask_on_edited)
    assert (found.verdict, found.reason) == (Verdict.REVIEW, "no_normal")
    assert found.status is Status.NO_NORMAL
    assert (found.drift, found.match_score, found.anomaly_map) == (None,) * 3
    assert np.array_equal(found.composite, painting.image)


def test_of_a_picture_that_is_another_one_the_label_is_what_annotators_found(tiny_annotator):
    other = np.random.default_rng(9).integers(0, 255, NORMAL.shape).astype(np.uint8)
    found = label_pair(NORMAL, other, ["a hole"], annotators=tiny_annotator)
    assert (found.verdict, found.reason) == (Verdict.REVIEW, Reason.REDRAWN)
    assert found.match_score == 0
    [detections] = found.detections.values()
    assert np.array_equal(found.mask, detections.union_mask(NORMAL.shape[:2]))
    assert np.array_equal(found.composite, other)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((None, NORMAL), "give phrases"),
        ((NORMAL[..., 0], NORMAL), r"normal is uint8 \(192, 256\)"),
        ((NORMAL, NORMAL / 255), r"edited is float64 \(192, 256, 3\)"),
        ((NORMAL, b"no picture"), "edited: it is not an image"),
    ],
)
def test_what_cannot_be_labelled_is_refused_with_the_way_out(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        label_pair(*arguments)


def test_a_path_is_opened_whatever_it_is_called(tmp_path):
    folder = tmp_path / "a::b"
    folder.mkdir()
    (folder / "line[1].png").write_bytes(encode_png(NORMAL))
    assert np.array_equal(label_pair(NORMAL, folder / "line[1].png").edited, NORMAL)


def test_files_of_16_bits_are_read_on_the_scale_that_is_asked_for():
    normal, edited = (deep_file(part_of_lot(brightest)) for brightest in (1000, 1500))
    found = label_pair(normal, edited, depth_bits=12)
    read_as = Decoding(depth_bits=12)
    assert np.array_equal(found.normal, decode_image(normal, decoding=read_as))
    assert np.array_equal(found.edited, decode_image(edited, decoding=read_as))


def test_what_is_no_file_is_named(tmp_path):
    with pytest.raises(UnreadableImageError, match=r"edited .*: it is a folder and no file"):
        label_pair(NORMAL, tmp_path)


def test_a_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(ValueError, match="carries a password") as refused:
        label_pair(NORMAL, "sftp://me:geheim@localhost:1/a.png")
    assert "geheim" not in str(refused.value)


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "cut.png").write_bytes(encode_png(NORMAL)[:500])
    with pytest.raises(UnreadableImageError, match=r"edited .*cut\.png: it is damaged"):
        label_pair(NORMAL, tmp_path / "cut.png")


def test_annotators_without_phrases_or_named_twice_and_regions_of_another_size_are_refused():
    with pytest.raises(ValueError, match="give phrases"):
        label_pair(NORMAL, NORMAL, annotators="clipseg")
    with pytest.raises(ValueError, match="clipseg appears twice"):
        label_pair(NORMAL, NORMAL, "a hole", annotators=["clipseg", "owlv2", "clipseg"])
    with pytest.raises(ValueError, match=r"region is bool \(4, 4\)"):
        label_pair(NORMAL, NORMAL, region=np.ones((4, 4), np.bool_))


def test_an_annotator_that_cannot_run_here_says_so(tmp_path):
    absent = GroundingSettings(annotator="clipseg", detector_weights=str(tmp_path / "absent"))
    with pytest.raises(GroundingUnavailable, match="absent"):
        label_pair(NORMAL, NORMAL, ["a hole"], annotators=absent)


def test_notebooks_are_shown_all_views_and_the_verdict(painting, tiny_annotator):
    compared = label_pair(NORMAL, GEOMETRIES["padded"].apply(painting.image))
    alone = label_pair(None, painting.image, ["a hole"], annotators=tiny_annotator)
    wide, narrow = compared.figure(), alone.figure()
    assert wide.width > 3 * narrow.width
    with Image.open(io.BytesIO(compared._repr_png_())) as shown:
        assert shown.size == wide.size
    assert repr(compared).startswith("LabelledPair(review, annotator_unavailable, ")


def test_it_is_at_hand_in_kizu():
    assert kizu.label_pair is label_pair
