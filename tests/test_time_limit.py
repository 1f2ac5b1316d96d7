"""The suite's own option that ends a run in time."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
ONE_FILE = "tests/kizu/imaging/test_borders.py"


def test_what_has_not_begun_in_time_is_skipped_by_name():
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-n", "0", ONE_FILE]
    told = subprocess.run(  # noqa: S603 - our own command
        [*command, "--begin-within", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "6 skipped" in told.stdout
    assert "not begun within 0 minutes" in told.stdout
