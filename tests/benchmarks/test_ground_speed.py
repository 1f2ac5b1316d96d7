"""The plain loops that the annotator is compared with do the same work."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_models.dino import grounding_dino_folder  # noqa: F401 - fixture
from tiny_models.sam import sam_folder  # noqa: F401 - fixture

from kizu.grounding import GroundingSettings, load_annotator

FILE = Path(__file__).parents[2] / "benchmarks" / "grounding" / "plain.py"
PHRASES = ["a scratch", "a crack"]


@pytest.fixture
def spread_scores_folder(grounding_dino_folder, tmp_path):  # noqa: F811 - the fixture
    """Weights whose scores do not all round to one."""
    import torch
    from transformers import GroundingDinoForObjectDetection

    model = GroundingDinoForObjectDetection.from_pretrained(grounding_dino_folder)
    with torch.no_grad():
        model.model.decoder.layer_norm.weight.fill_(0.01)
    for file in grounding_dino_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    model.save_pretrained(tmp_path)
    return tmp_path


@pytest.fixture
def plain(spread_scores_folder, sam_folder):  # noqa: F811 - the fixture
    found = importlib.util.spec_from_file_location("plain", FILE)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.PlainLoop(spread_scores_folder, sam_folder)


@pytest.fixture
def photo(make_photo):
    return Image.fromarray(make_photo(1))


def test_every_loop_gives_as_many_masks_as_boxes_are_asked_for(plain, photo):
    assert plain.phrase_by_phrase(photo, PHRASES, 4) == 4
    assert plain.one_prompt(photo, PHRASES, 4) == 4
    assert plain.one_prompt_one_embedding(photo, PHRASES, 4) == 4


def test_the_annotator_draws_the_masks_of_the_plain_loop_for_its_boxes(
    plain,
    photo,
    spread_scores_folder,
    sam_folder,  # noqa: F811 - the fixture
):
    settings = GroundingSettings(
        detector_weights=str(spread_scores_folder),
        segmenter_weights=str(sam_folder),
        box_threshold=0.0,
    )
    annotator = load_annotator("grounding-dino+sam", settings)
    (found,) = annotator.annotate([np.asarray(photo)], [PHRASES])
    together = plain._segment(photo, found.xyxy)
    alone = np.concatenate([plain._segment(photo, box[None]) for box in found.xyxy])
    for masks in (together, alone):  # equal but for pixels whose random logit is near zero
        assert (masks != found.mask).mean() < 0.01
    assert 0.05 < found.mask.mean() < 0.95
