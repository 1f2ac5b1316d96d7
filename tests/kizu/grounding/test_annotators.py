from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from kizu.grounding import (
    AnnotationFailure,
    GroundingSettings,
    GroundingUnavailable,
    load_annotator,
)
from kizu.grounding.compose import BoxThenMask, PerImageAnnotator
from kizu.grounding.detections import from_rows
from kizu.grounding.loading import load_segmenter

WIDE = (90, 150)
NAMES = [
    "grounding-dino+sam",
    "mm-grounding-dino+sam2",
    "owlv2+sam-hq",
    "owlvit+sam",
    "owlv2+segment-anything",
    "clipseg",
    "sam3",
]


def folder_of(name, request):
    return str(request.getfixturevalue(f"{name.replace('-', '_')}_folder"))


@pytest.fixture(scope="module", params=NAMES)
def settings(request):
    """Settings of every local combination, with its tiny weights; loaded once for all its tests."""
    detector, _, segmenter = request.param.partition("+")
    weights = {"detector_weights": folder_of(detector, request)}
    if segmenter:
        weights["segmenter_weights"] = folder_of(segmenter, request)
    return GroundingSettings(annotator=request.param, box_threshold=0.0, max_boxes=5, **weights)


def random_image(shape=WIDE, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (*shape, 3), dtype=np.uint8)


def test_a_batch_of_eight_in_any_order_gives_identical_bits(settings):
    annotator = load_annotator(settings.annotator, settings)
    shapes = [WIDE, (64, 64), WIDE, (120, 50), (90, 151), (64, 64), WIDE, (33, 77)]
    images = [random_image(shape, seed) for seed, shape in enumerate(shapes)]
    phrases = [["a scratch"], ["crack", "stain"]] * 4
    batch = annotator.annotate(images, phrases)
    backwards = annotator.annotate(images[::-1], phrases[::-1])[::-1]
    (alone,) = annotator.annotate(images[3:4], phrases[3:4])
    for left, right in [*zip(batch, backwards, strict=True), (batch[3], alone)]:
        assert left.xyxy.tobytes() == right.xyxy.tobytes()
        assert left.mask.tobytes() == right.mask.tobytes()
        assert left.confidence.tobytes() == right.confidence.tobytes()
        assert left.phrase == right.phrase


def test_masks_have_the_photos_own_size_and_boxes_lie_inside(settings):
    annotator = load_annotator(settings.annotator, settings)
    (result,) = annotator.annotate([random_image()], [["a scratch"]])
    assert result.mask.shape[1:] == WIDE
    assert (result.xyxy >= 0).all()
    assert (result.xyxy <= np.array([150, 90, 150, 90])).all()


def test_a_read_only_view_of_a_photo_gives_what_its_copy_gives(settings):
    annotator = load_annotator(settings.annotator, settings)
    view = random_image((180, 150))[::-2]
    view.setflags(write=False)
    of_view, of_copy = annotator.annotate([view, view.copy()], [["a scratch"]] * 2)
    assert of_view.xyxy.tobytes() == of_copy.xyxy.tobytes()
    assert of_view.mask.tobytes() == of_copy.mask.tobytes()


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (300, 2)])
def test_a_sliver_of_a_photo_spares_the_others(settings, shape):
    annotator = load_annotator(settings.annotator, settings)
    sliver, whole = annotator.annotate([random_image(shape), random_image()], [["a scratch"]] * 2)
    assert isinstance(sliver, AnnotationFailure) or sliver.mask.shape[1:] == shape
    assert whole.mask.shape[1:] == WIDE


def test_a_process_loads_the_weights_once(settings):
    first = load_annotator(settings.annotator, settings)
    assert load_annotator(settings.annotator, settings) is first
    stricter = settings.model_copy(update={"box_threshold": 0.5})
    assert load_annotator(settings.annotator, stricter) is not first


def test_threads_share_an_annotator(settings):
    annotator = load_annotator(settings.annotator, settings)
    images = [random_image(seed=seed) for seed in range(4)]
    expected = annotator.annotate(images, [["a scratch"]] * 4)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda image: annotator.annotate([image], [["a scratch"]]), images))
    for (left,), right in zip(found, expected, strict=True):
        assert left.xyxy.tobytes() == right.xyxy.tobytes()
        assert left.mask.tobytes() == right.mask.tobytes()


def test_every_system_also_computes_in_16_bits(settings):
    half = settings.model_copy(update={"precision": "bfloat16"})
    (result,) = load_annotator(half.annotator, half).annotate([random_image()], [["a scratch"]])
    assert result.mask.shape[1:] == WIDE


@pytest.mark.parametrize("name", ["sam", "sam-hq", "sam2"])
def test_an_encoder_in_16_bits_leads_to_nearly_the_same_masks(name, request):
    boxes = np.array([[10, 5, 60, 30]], np.float32)
    exact, rounded = (
        load_segmenter(
            name,
            GroundingSettings(segmenter_weights=folder_of(name, request), precision=precision),
        ).segment(random_image(), boxes)
        for precision in ("float32", "bfloat16")
    )
    assert (exact == rounded).mean() > 0.9


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused_with_the_way_out(sam3_folder):
    settings = GroundingSettings(detector_weights=str(sam3_folder), device="cuda")
    with pytest.raises(GroundingUnavailable, match=r"set grounding\.device to 'auto'"):
        load_annotator("sam3", settings)


class DetectorThatFails:
    """Raises what it is told to for images that are black, and finds the rest."""

    def __init__(self, error):
        self.error = error

    def detect(self, image, phrases):
        if not image.any():
            raise self.error
        return from_rows([((1, 1, 5, 5), 0.5, phrases[0])])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "out of memory on an image of 150x90 px; close other programs"),
        (torch.OutOfMemoryError("CUDA out of memory."), "out of memory on an image of 150x90 px"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out of memory on an image"),
        (RuntimeError("odd shape\nand a trace"), "failed on an image of 150x90 px: RuntimeErr"),
    ],
)
def test_one_images_error_becomes_a_sentence_and_spares_the_others(error, reason):
    system = BoxThenMask(DetectorThatFails(error), None, GroundingSettings())
    images = [random_image(), np.zeros((*WIDE, 3), np.uint8), random_image()]
    first, second, third = PerImageAnnotator("{}", system).annotate(images, [["a"]] * 3)
    assert isinstance(second, AnnotationFailure)
    assert reason in second.reason
    assert "\n" not in second.reason
    assert len(first) == len(third) == 1


class SegmenterThatCounts:
    def __init__(self):
        self.calls = 0

    def segment(self, image, xyxy):
        self.calls += 1
        return np.ones((len(xyxy), *image.shape[:2]), dtype=bool)


def test_a_photo_without_boxes_is_not_segmented():
    segmenter = SegmenterThatCounts()
    detector = DetectorThatFails(RuntimeError())
    strict = GroundingSettings(max_area_fraction=1e-9)
    system = BoxThenMask(detector, segmenter, strict)
    (result,) = PerImageAnnotator("{}", system).annotate([random_image()], [["a"]])
    assert result.mask.shape == (0, *WIDE)
    assert segmenter.calls == 0


def test_a_photo_is_encoded_once_for_all_its_boxes():
    segmenter = SegmenterThatCounts()
    rows = [((i * 20, 0, i * 20 + 10, 10), 0.5, "a") for i in range(5)]
    detector = SimpleNamespace(detect=lambda *_: from_rows(rows))
    system = BoxThenMask(detector, segmenter, GroundingSettings())
    (result,) = PerImageAnnotator("{}", system).annotate([random_image()], [["a"]])
    assert result.mask.shape == (5, *WIDE)
    assert segmenter.calls == 1


def test_tiles_find_more_in_a_large_photo(grounding_dino_folder):
    options = {"detector_weights": str(grounding_dino_folder), "box_threshold": 0.0}
    whole = GroundingSettings(**options, max_boxes=200)
    tiled = GroundingSettings(**options, max_boxes=200, tile_px=64)
    once, often = (
        load_annotator("grounding-dino", one).annotate([random_image()], [["a scratch"]])[0]
        for one in (whole, tiled)
    )
    assert len(often) > len(once)
    assert (often.xyxy[:, 2] > 100).any()


def test_as_many_phrase_lists_as_images_are_asked_for():
    system = BoxThenMask(DetectorThatFails(ValueError()), None, GroundingSettings())
    with pytest.raises(ValueError, match="2 images but 1 phrase lists"):
        PerImageAnnotator("{}", system).annotate([random_image()] * 2, [["a"]])


def test_as_many_annotators_stay_loaded_as_are_asked_for(clipseg_folder, owlvit_folder):
    clipseg = GroundingSettings(annotator="clipseg", detector_weights=str(clipseg_folder))
    owlvit = GroundingSettings(annotator="owlvit", detector_weights=str(owlvit_folder))

    def load(settings, keep):
        return load_annotator(settings.annotator, settings, keep=keep)

    first, second = load(clipseg, 2), load(owlvit, 2)
    assert load(clipseg, 2) is first
    assert load(owlvit, 2) is second
    assert load(owlvit, 1) is second
    assert load(clipseg, 1) is not first, "it was let go of when one alone was to be kept"


def test_of_the_kept_annotators_the_one_used_longest_ago_goes_first(clipseg_folder):
    settings = GroundingSettings(annotator="clipseg", detector_weights=str(clipseg_folder))
    kinds = [settings.model_copy(update={"max_boxes": count}) for count in (1, 2, 3)]
    one, two = (load_annotator("clipseg", kind, keep=2) for kind in kinds[:2])
    assert load_annotator("clipseg", kinds[0], keep=2) is one
    load_annotator("clipseg", kinds[2], keep=2)
    assert load_annotator("clipseg", kinds[0], keep=2) is one
    assert load_annotator("clipseg", kinds[1], keep=2) is not two
