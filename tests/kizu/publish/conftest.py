"""What the tests of this room share."""

from made_outcomes import outcome  # noqa: F401 - fixture
from republished import first, known, known_spec  # noqa: F401 - fixtures
