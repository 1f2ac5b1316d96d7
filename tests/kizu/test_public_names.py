"""What ``import kizu`` gives."""

import subprocess
import sys

import pytest

import kizu


@pytest.mark.parametrize("name", kizu.__all__)
def test_every_public_name_is_there(name):
    assert getattr(kizu, name).__name__ == name


def test_importing_kizu_imports_nothing_that_takes_seconds():
    program = (
        "import sys, kizu;"
        "print([m for m in ('numpy', 'torch', 'pandas', 'scipy', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


def test_a_name_that_is_none_is_no_attribute():
    with pytest.raises(AttributeError, match="No kizu attribute drift_mask"):
        kizu.drift_mask  # noqa: B018 - reading it is what is tried
