"""What the tests of this room share."""

from made_outcomes import outcome  # noqa: F401 - fixture
