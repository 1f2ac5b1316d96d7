"""A published version with the shapes that exports lose."""

from published import dataset, masks  # noqa: F401 - fixtures
