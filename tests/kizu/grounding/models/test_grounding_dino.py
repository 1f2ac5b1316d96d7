import shutil

import numpy as np
import pytest
import torch
from transformers import (
    AutoProcessor,
    GroundingDinoForObjectDetection,
)

from kizu.grounding import AnnotationFailure, GroundingSettings, WeightsUnavailable, load_annotator
from kizu.grounding.models.grounding_dino import best_phrases
from kizu.grounding.prompts import PromptChunk

WIDE = (90, 150)


def random_image(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (*shape, 3), dtype=np.uint8)


def loaded(folder, **settings):
    everything = {"box_threshold": 0.0, "nms_iou": 1.0, "max_area_fraction": 1.0}
    chosen = everything | settings | {"detector_weights": str(folder)}
    return load_annotator("grounding-dino", GroundingSettings(**chosen))


@pytest.fixture(scope="session")
def known_boxes_folder(grounding_dino_folder, tmp_path_factory):
    """Weights whose boxes are the proposal grid's, made wider and flatter by a known amount."""
    folder = tmp_path_factory.mktemp("known") / "dino"
    shutil.copytree(grounding_dino_folder, folder)
    model = GroundingDinoForObjectDetection.from_pretrained(folder)
    with torch.no_grad():
        for head in (*model.bbox_embed, model.model.encoder_output_bbox_embed):
            head.layers[-1].weight.zero_()
            head.layers[-1].bias.zero_()
        for head in model.bbox_embed:
            head.layers[-1].bias.copy_(torch.tensor([0.0, 0.0, 0.5, -0.5]))
    model.save_pretrained(folder)
    return folder


def logit(share):
    return np.log(share / (1 - share))


def sigmoid(number):
    return 1 / (1 + np.exp(-number))


def test_boxes_of_known_weights_come_out_in_pixels_of_a_wide_image(known_boxes_folder):
    (result,) = loaded(known_boxes_folder).annotate([random_image(WIDE)], [["a scratch"]])
    height, width = WIDE
    steps = 2 * 0.5  # two decoder layers, each adds its bias
    sizes = 0.05 * 2.0 ** np.arange(3)  # of the proposal grid, one per feature level
    wide = {round(float(w), 2) for w in sigmoid(logit(sizes) + steps) * width}
    flat = {round(float(h), 2) for h in sigmoid(logit(sizes) - steps) * height}
    inside = result.xyxy[
        (result.xyxy > 0).all(axis=1) & (result.xyxy[:, 2] < width) & (result.xyxy[:, 3] < height)
    ]
    assert len(inside) > 3
    assert {round(float(w), 2) for w in inside[:, 2] - inside[:, 0]} <= wide
    assert {round(float(h), 2) for h in inside[:, 3] - inside[:, 1]} <= flat
    column = (inside[:, 0] + inside[:, 2]) / 2 / width
    row = (inside[:, 1] + inside[:, 3]) / 2 / height
    assert is_on_a_grid(column, (27, 14, 7))
    assert is_on_a_grid(row, (16, 8, 4))


def is_on_a_grid(shares, cells):
    """Return whether each share is a cell centre of one of the grids."""
    off = [np.abs(shares * n - 0.5 - np.rint(shares * n - 0.5)) for n in cells]
    return bool((np.min(off, axis=0) < 1e-3).all())


def test_boxes_and_scores_are_those_of_the_librarys_own_processor(grounding_dino_folder):
    image = random_image(WIDE, seed=3)
    (result,) = loaded(grounding_dino_folder).annotate([image], [["a scratch", "long crack"]])
    processor = AutoProcessor.from_pretrained(grounding_dino_folder, backend="pil")
    model = GroundingDinoForObjectDetection.from_pretrained(grounding_dino_folder).eval()
    inputs = processor(images=image, text=[["a scratch", "long crack"]], return_tensors="pt")
    assert inputs["input_ids"].shape == (1, 8)
    with torch.inference_mode():
        output = model(**inputs)
    (expected,) = processor.post_process_grounded_object_detection(
        output, threshold=0.0, target_sizes=[WIDE]
    )
    clipped = np.clip(expected["boxes"].numpy(), 0, [150, 90, 150, 90])
    assert sorted(result.xyxy.tolist()) == pytest.approx(np.array(sorted(clipped.tolist())))
    scores = output.logits.sigmoid()[0, :, [1, 2, 4, 5]].max(dim=1).values.numpy()
    assert result.confidence.tolist() == pytest.approx(sorted(scores, reverse=True))


@pytest.mark.parametrize("name", ["mm-grounding-dino", "llmdet"])
def test_models_of_the_same_architecture_load_through_the_same_door(mm_grounding_dino_folder, name):
    folder = str(mm_grounding_dino_folder)
    settings = GroundingSettings(detector_weights=folder, box_threshold=0.0, max_area_fraction=1.0)
    (result,) = load_annotator(name, settings).annotate([random_image(WIDE)], [["a scratch"]])
    sizes = {round(float(side), 2) for side in result.xyxy[:, 2] - result.xyxy[:, 0]}
    assert {7.5, 15, 30} & sizes  # the proposal grid's: untrained heads do not move the boxes
    assert set(result.phrase) == {"a scratch"}


def test_an_image_alone_and_in_any_batch_gives_identical_bits(grounding_dino_folder):
    annotator = loaded(grounding_dino_folder)
    shapes = [WIDE, (64, 64), WIDE, (120, 50), WIDE, (64, 64), (90, 151), WIDE]
    images = [random_image(shape, seed) for seed, shape in enumerate(shapes)]
    phrases = [["a scratch"], ["crack", "stain"]] * 4
    batch = annotator.annotate(images, phrases)
    backwards = annotator.annotate(images[::-1], phrases[::-1])[::-1]
    for row in range(8):
        (alone,) = annotator.annotate(images[row : row + 1], phrases[row : row + 1])
        for other in (batch[row], backwards[row]):
            assert other.xyxy.tobytes() == alone.xyxy.tobytes()
            assert other.confidence.tobytes() == alone.confidence.tobytes()
            assert other.phrase == alone.phrase


def test_prompts_beyond_256_tokens_are_asked_in_pieces(grounding_dino_folder):
    phrases = ["a long scratch " * 10 + f"no{i}" for i in range(12)]
    (result,) = loaded(grounding_dino_folder, max_boxes=200).annotate(
        [random_image(WIDE)], [phrases]
    )
    assert len(result) > 12  # one prompt has twelve query boxes
    assert set(result.phrase) <= set(phrases)


def test_phrases_of_unknown_words_only_fail_their_image(grounding_dino_folder):
    images = [random_image(WIDE), random_image(WIDE)]
    first, second = loaded(grounding_dino_folder).annotate(images, [["キズ"], ["a scratch"]])
    assert isinstance(first, AnnotationFailure)
    assert "no word of the phrases ['キズ']; add one in English" in first.reason
    assert len(second) > 0


def test_an_unknown_phrase_beside_a_known_one_is_passed_over(grounding_dino_folder):
    both, one = loaded(grounding_dino_folder).annotate(
        [random_image(WIDE)] * 2, [["キズ", "a scratch"], ["a scratch"]]
    )
    assert set(both.phrase) == {"a scratch"}
    assert both.xyxy.tobytes() == one.xyxy.tobytes()


def test_an_image_without_phrases_fails_alone(grounding_dino_folder):
    (result,) = loaded(grounding_dino_folder).annotate([random_image(WIDE)], [[" "]])
    assert result == AnnotationFailure("no phrase to look for; give the defect at least one phrase")


def test_a_grey_image_fails_with_what_is_expected(grounding_dino_folder):
    (result,) = loaded(grounding_dino_folder).annotate([np.zeros((4, 4), np.uint8)], [["a"]])
    assert "the image is uint8 (4, 4); give a non-empty uint8 (H, W, 3) array" in result.reason


def two_phrase_chunk():
    return PromptChunk((101, 7, 8, 1012, 9, 1012, 102), ("long scratch", "chip"), ((1, 3), (4, 5)))


def scored(*rows, **settings):
    token_scores = np.array(rows, np.float32)
    boxes = np.tile(np.array([[0, 0, 9, 9]], np.float32), (len(rows), 1))
    return best_phrases(token_scores, boxes, two_phrase_chunk(), GroundingSettings(**settings))


def test_a_box_takes_the_phrase_of_its_best_token():
    result = scored([0.99, 0.1, 0.6, 0.99, 0.5], [0, 0.3, 0.1, 0, 0.7])
    assert result.phrase == ("long scratch", "chip")
    assert result.confidence.tolist() == pytest.approx([0.6, 0.7])


def test_separators_scores_do_not_lift_a_box_over_the_threshold():
    assert len(scored([0.99, 0.1, 0.1, 0.99, 0.1])) == 0


def test_each_phrase_has_its_own_threshold():
    rows = [0, 0.4, 0.4, 0, 0.1], [0, 0.1, 0.1, 0, 0.4]
    assert scored(*rows, phrase_thresholds={"chip": 0.5}).phrase == ("long scratch",)


def test_phrase_threshold_drops_boxes_that_match_one_word_of_many():
    assert len(scored([0, 0.9, 0.0, 0, 0.1], phrase_threshold=0.5)) == 0


def test_damaged_weights_are_named_with_the_way_out(grounding_dino_folder, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(grounding_dino_folder, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(WeightsUnavailable, match=r"cannot read .*; download the model again"):
        loaded(folder)


def test_weights_of_another_model_are_refused(sam_folder):
    with pytest.raises(WeightsUnavailable, match="holds a 'sam' model, expected 'grounding-dino'"):
        loaded(sam_folder)


def test_weights_that_lack_tensors_are_refused(grounding_dino_folder, tmp_path):
    folder = tmp_path / "partial"
    shutil.copytree(grounding_dino_folder, folder)
    model = GroundingDinoForObjectDetection.from_pretrained(folder)
    tensors = model.state_dict()
    model.save_pretrained(
        folder, state_dict={name: t for name, t in tensors.items() if "encoder.layers" not in name}
    )
    with pytest.raises(WeightsUnavailable, match=r"lacks \d+ of the model's tensors"):
        loaded(folder)


def test_weights_without_a_tokenizer_are_refused(grounding_dino_folder, tmp_path):
    folder = tmp_path / "mute"
    shutil.copytree(grounding_dino_folder, folder, ignore=shutil.ignore_patterns("tok*", "vocab*"))
    with pytest.raises(WeightsUnavailable, match="tokenizer"):
        loaded(folder)
