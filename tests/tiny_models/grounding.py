"""An annotator of tiny weights, as a spec names it."""

import pytest


@pytest.fixture
def tiny_grounding(grounding_dino_folder, sam_folder):
    return {
        "annotator": "grounding-dino+sam",
        "detector_weights": str(grounding_dino_folder),
        "segmenter_weights": str(sam_folder),
    }
