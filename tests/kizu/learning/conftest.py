"""Outcomes of builds that never were."""

from made_outcomes import outcome  # noqa: F401 - fixture
