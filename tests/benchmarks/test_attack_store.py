"""The attack on stored files finds nothing, in a small draw of what it tries."""

import subprocess
import sys

import pytest

from benchmarks.attack.store import _kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"stages/diff/ab/{'ab' * 32}/mask.png", "stages/diff/*/*/mask.png"),
        (f"edits/ab/{'ab' * 32}/edit.json", "bought edits/*/*/edit.json"),
        ("ledger/calls/00000003.json", "ledger/calls/*.json"),
        (
            "datasets/bought/files/images/good/1_good_01234567-0123456789ab.png",
            "datasets/NAME/files/images/good/*.png",
        ),
        ("datasets/bought/latest.json", "datasets/NAME/latest.json"),
        ("builds/last/bought.json", "builds/last/NAME.json"),
    ],
)
def test_files_are_of_a_kind_whatever_their_keys(path, kind):
    assert _kind(path, "bought") == kind


@pytest.mark.slow
def test_of_damaged_files_none_does_harm():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.attack.store", "--count", "3", "--seed", "5"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stored files: 3 inputs: 3 named in a sentence" in done.stdout
