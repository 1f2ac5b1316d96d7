"""What a newcomer sees where the system's language is Japanese."""

import re

import pytest
from summaries import MUGS

from kizu.cli.ending import print_summary
from kizu.tally import StageTally

JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")
NO_SENTENCES = re.compile(r"^[\s\W\d]*$|^ *kizu |━|[┌├└┡┏]")
"""Lines that are commands, bars or frames."""


@pytest.fixture(autouse=True)
def _japanese(monkeypatch):
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")


def english(text):
    """The lines without a Japanese letter that say something."""
    lines = text.splitlines()
    return [line for line in lines if not JAPANESE.search(line) and not NO_SENTENCES.search(line)]


@pytest.mark.usefixtures("photos")
def test_init_check_and_plan_speak_japanese(run):
    for words in (("init", "photos"), ("check", "dataset.yaml"), ("plan", "dataset.yaml")):
        code, said, errors = run(*words)
        assert code == 0
        rows = [line for line in english(said + errors) if not line.startswith("│ ")]
        assert rows == []


@pytest.mark.usefixtures("photos")
def test_the_usual_errors_speak_japanese(run, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "made.yaml").touch()
    for words, said in (
        (("init", "nowhere"), "'nowhere' がありません"),
        (("init", "empty"), "'empty' にファイルがありません"),
        (("init", "photos", "--output", "made.yaml"), "made.yaml はすでにあります"),
        (("plan", "no.yaml"), "no.yaml: ファイルがありません"),
        (("report", "mugs"), "データセット 'mugs' はありません"),
    ):
        code, _, errors = run(*words)
        assert code == 2
        assert said in errors


def test_the_end_of_a_build_speaks_japanese(capsys):
    stages = (StageTally(stage="edit", made=7, refused=1),)
    summary = MUGS.model_copy(update={"review": 3, "rejected": 1, "stages": stages})
    print_summary(summary, 61.0, "kizu build mugs.yaml")
    said = capsys.readouterr().out
    assert "サンプル 8 件: 採用 3、要確認 3、不採用 1、拒否 1" in said
    assert english(said) == []
