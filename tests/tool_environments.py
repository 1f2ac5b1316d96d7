"""The environments of tools that ``make consumers`` makes, without kizu."""

import os
from pathlib import Path

import pytest
from served import ROOT

from kizu.export.roundtrip import find_environment

PLACE = Path(os.environ.get("KIZU_CONSUMERS") or ROOT / "build" / "consumers")


def python_with(package, distribution):
    """The Python that has a package; without one the test is skipped."""
    python = find_environment(package, PLACE)
    if not python:
        pytest.skip(f"{distribution} is not installed in {PLACE}; 'make consumers' does it")
    return python
