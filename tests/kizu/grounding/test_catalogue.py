import pytest

from kizu.grounding.catalogue import catalogue
from kizu.grounding.registry import DETECTORS, SEGMENTERS, TEXT_SEGMENTERS
from kizu.grounding.weights import cached_snapshot


@pytest.fixture
def entries(monkeypatch):
    def listed(**environment):
        for name in ("AZURE_VISION_KEY", "AZURE_OPENAI_API_KEY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return {entry.name: entry for entry in catalogue()}

    return listed


def test_every_system_is_listed_once_with_its_licence(entries):
    listed = entries()
    assert set(listed) == {*DETECTORS, *SEGMENTERS, *TEXT_SEGMENTERS}
    assert all(entry.licence for entry in listed.values())


def test_every_system_that_is_not_ready_says_what_adds_it(entries, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    absent = [entry for entry in entries().values() if not entry.is_ready]
    assert all(entry.missing and entry.setup for entry in absent)
    assert not any("None" in entry.setup for entry in absent)


def test_a_service_is_ready_once_its_key_is_set(entries):
    assert "export AZURE_VISION_KEY" in entries()["azure-vision"].setup
    ready = entries(AZURE_VISION_KEY="secret")["azure-vision"]
    assert ready.is_ready
    assert ready.setup == ""


def test_a_model_that_is_not_here_names_the_command_that_fetches_it(entries, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    entry = entries()["owlv2"]
    assert not entry.is_ready
    assert entry.setup == "hf download google/owlv2-base-patch16-ensemble"


def cache_model(cache, hub_id, *files):
    commit = "0" * 40
    repository = cache / f"models--{hub_id.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for name in files:
        (snapshot / name).write_bytes(b"{}")
    return snapshot


def test_a_cached_model_is_found_without_the_network(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    snapshot = cache_model(tmp_path, "owner/model", "config.json", "model.safetensors")
    assert cached_snapshot("owner/model") == snapshot


def test_a_cached_model_without_its_weights_does_not_count(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    cache_model(tmp_path, "owner/model", "config.json")
    assert cached_snapshot("owner/model") is None


def test_a_name_that_is_no_hub_id_is_not_cached():
    assert cached_snapshot("no//id") is None
