"""The tools that exports are for, in environments without kizu; ``make consumers`` makes them.

They lie in ``build/consumers``, or where ``KIZU_CONSUMERS`` says. What is not installed is skipped.
"""

import os
import re
import subprocess

import pytest
from tool_environments import PLACE, python_with

from kizu.export import FORMATS, export_dataset
from kizu.export.roundtrip import TOOLS, roundtrip

pytestmark = [pytest.mark.slow, pytest.mark.consumers]

READS_WITHIN_S = 300
"""On two shared cores importing anomalib alone took 40 seconds."""
APART = {"anomalib", "mvtec"}
"""Formats whose readers see what one-class methods train and test on."""


def environment_of(name):
    """The Python that has the first tool of a format."""
    tool = TOOLS[name][0]
    return python_with(tool.package, tool.distribution)


def run(python, program, folder):
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(  # noqa: S603 - ours
        [python, "-c", program],
        cwd=folder,
        env=own | {"HF_HUB_OFFLINE": "1", "YOLO_OFFLINE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=READS_WITHIN_S,
        check=False,
    )


@pytest.mark.parametrize("name", FORMATS)
def test_every_tool_gives_back_every_pixel_and_class(name, odd_dataset):
    environment_of(name)
    for trip in roundtrip(odd_dataset, formats=[name], environments=PLACE):
        assert not trip.is_broken, trip
        assert trip.images == (6 if name in APART else trip.exported)


@pytest.mark.parametrize("name", FORMATS)
def test_the_lines_of_the_readme_run_where_kizu_is_not_installed(name, odd_dataset, tmp_path):
    python = environment_of(name)
    if name == "fiftyone":
        pytest.skip("it needs a MongoDB server; its parser is tested")
    assert "No module named 'kizu'" in run(python, "import kizu", tmp_path).stderr
    export_dataset(odd_dataset, name, tmp_path / "handed over")
    readme = (tmp_path / "handed over" / "README.md").read_text(encoding="utf-8")
    [program] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    done = run(python, program, tmp_path / "handed over")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
