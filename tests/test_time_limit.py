"""The suite's own option that ends a run in time."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ONE_FILE = "tests/kizu/imaging/test_borders.py"


@pytest.mark.parametrize(("minutes", "ending"), [("0", "6 skipped"), ("9", "6 passed")])
def test_what_has_not_begun_in_time_is_skipped_by_name(minutes, ending):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-n", "0", ONE_FILE]
    told = subprocess.run(  # noqa: S603 - our own command
        [*command, "--begin-within", minutes],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert ending in told.stdout
    assert ("not begun within 0 minutes" in told.stdout) == (minutes == "0")
