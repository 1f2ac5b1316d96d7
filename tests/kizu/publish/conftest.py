"""What the tests of this room share."""

from made_outcomes import outcome  # noqa: F401 - fixture
from republished import first, known, known_spec, second  # noqa: F401 - fixtures
from tiny_models.dino import grounding_dino_folder  # noqa: F401 - a fixture
from tiny_models.grounding import tiny_grounding  # noqa: F401 - a fixture
from tiny_models.sam import sam_folder  # noqa: F401 - a fixture
