"""A loopback web service, and tiny checkpoints."""

import pytest
from loopback import scripted_service
from tiny_models.clip import clipseg_folder, owlv2_folder, owlvit_folder  # noqa: F401 - fixtures
from tiny_models.dino import grounding_dino_folder, mm_grounding_dino_folder  # noqa: F401 - fixtures
from tiny_models.florence import florence2_folder  # noqa: F401 - fixtures
from tiny_models.sam import (  # noqa: F401 - fixtures
    sam2_folder,
    sam3_folder,
    sam_folder,
    sam_hq_folder,
    segment_anything_folder,
)


@pytest.fixture
def loopback():
    with scripted_service() as script:
        yield script
