"""Runs commands; tiny checkpoints for those that need a model."""

import pytest
from made_outcomes import outcome  # noqa: F401 - fixture
from published import dataset, masks  # noqa: F401 - fixtures
from republished import first, known, known_spec, second  # noqa: F401 - fixtures
from tiny_models.dino import grounding_dino_folder  # noqa: F401 - fixture
from tiny_models.sam import sam_folder  # noqa: F401 - fixture
from typer.testing import CliRunner

from kizu.cli import app


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command in an empty folder; returns exit code, standard output and errors."""
    monkeypatch.chdir(tmp_path)

    def invoke(*words: str):
        result = CliRunner().invoke(app, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.stdout, result.stderr

    return invoke
