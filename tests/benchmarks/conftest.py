"""Makes the modules of a benchmark that is a folder of scripts importable by their bare names."""

import sys
from pathlib import Path

import pytest

DIFF = Path(__file__).parents[2] / "benchmarks" / "diff"


@pytest.fixture(scope="session")
def diff_benchmark():
    """Put benchmarks/diff on the path, as Python does for its scripts."""
    sys.path.insert(0, str(DIFF))
    yield DIFF
    sys.path.remove(str(DIFF))
