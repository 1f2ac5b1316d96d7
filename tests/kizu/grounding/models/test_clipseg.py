import numpy as np
import torch
from scipy import ndimage
from transformers import AutoTokenizer, CLIPSegForImageSegmentation, ViTImageProcessorPil

from kizu.grounding import GroundingSettings, load_annotator
from kizu.grounding.models.clipseg import load
from kizu.grounding.weights import find_weights

WIDE = (90, 150)
PHRASES = ["a scratch", "long crack", "hole"]


def random_image(shape=WIDE):
    return np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)


def test_maps_are_those_of_the_librarys_own_forward_pass(clipseg_folder):
    image = random_image()
    maps = load(find_weights(str(clipseg_folder), "clipseg"), GroundingSettings())._maps(
        image, PHRASES
    )
    pixels = ViTImageProcessorPil.from_pretrained(clipseg_folder)(image, return_tensors="pt")
    tokens = AutoTokenizer.from_pretrained(clipseg_folder)(
        PHRASES, padding=True, return_tensors="pt"
    )
    model = CLIPSegForImageSegmentation.from_pretrained(clipseg_folder).eval()
    with torch.inference_mode():
        expected = model(
            pixel_values=pixels["pixel_values"].repeat(3, 1, 1, 1),
            input_ids=tokens["input_ids"],
            attention_mask=tokens["attention_mask"],
        ).logits.sigmoid()
    assert maps.shape == (3, 352, 352)
    assert np.allclose(maps, expected.numpy(), atol=1e-4)


def test_regions_are_where_the_phrases_map_is_high(clipseg_folder):
    shape = (400, 900)
    image = random_image(shape)
    system = load(find_weights(str(clipseg_folder), "clipseg"), GroundingSettings())
    maps = system._maps(image, ["hole"])
    threshold = float(np.quantile(maps, 0.9))
    settings = GroundingSettings(
        detector_weights=str(clipseg_folder), box_threshold=threshold, max_boxes=200
    )
    (result,) = load_annotator("clipseg", settings).annotate([image], [["hole"]])
    rows, columns = np.nonzero(result.union_mask(shape))
    assert len(rows) > 100
    at = np.stack([(rows + 0.5) * 352 / 400, (columns + 0.5) * 352 / 900]).astype(int)
    nearby = ndimage.maximum_filter(maps[0], 3)[tuple(at)]
    transposed = ndimage.maximum_filter(maps[0].T, 3)[tuple(at)]
    assert (nearby >= threshold).mean() > 0.99
    assert (transposed >= threshold).mean() < 0.9


def test_a_map_below_the_threshold_has_no_regions_but_full_size_masks(clipseg_folder):
    settings = GroundingSettings(detector_weights=str(clipseg_folder), box_threshold=1.0)
    (result,) = load_annotator("clipseg", settings).annotate([random_image()], [PHRASES])
    assert len(result) == 0
    assert result.mask.shape == (0, *WIDE)
