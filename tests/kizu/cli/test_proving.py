"""The command that proves a dataset on real defects."""

import json

import pytest
from real_parts import pictures, publish, with_line, with_spot, write_folder

from kizu.prove import feature_model


@pytest.fixture
def real(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_model, "_STEPS", 20)
    return write_folder(tmp_path / "real", pictures({"spot": with_spot}, 6))


def test_a_proof_is_shown_and_written(run, store, real, tmp_path):
    made = pictures({"made": with_line}, 3, first=500)
    name = publish(store, made).name
    words = ["--real", str(real), "--store", store.url, "--version", "01", "--seeds", "1"]
    files = ["--json", "proof.json", "--report", "proof.md"]
    code, shown, told = run("prove", name, *words, "--group", "part[0-9]+", *files)
    assert code == 0, told
    assert "this dataset against CutPaste + Perlin (free)" in shown
    assert "few real + this dataset" in shown
    assert json.loads((tmp_path / "proof.json").read_text())["dataset"] == f"{name} 01"
    assert (tmp_path / "proof.md").read_text().startswith(f"# {name} 01 on real defects")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--version", "0123", "--real", "nowhere"], "'nowhere' does not exist; give a folder"),
        (["--version", "0123", "--real", ".", "--segmenter", "resnet"], "no segmenter 'resnet'"),
        (["--real", ".", "--version", "99"], "no version '99'"),
    ],
)
def test_what_cannot_be_proven_is_told_in_a_sentence(run, dataset, store, words, told):
    code, _, errors = run("prove", dataset.name, "--store", store.url, *words)
    assert code == 2
    assert told in errors
    assert "Traceback" not in errors
