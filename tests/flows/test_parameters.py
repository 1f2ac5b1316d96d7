import pytest
import yaml

from flows.parameters import choose_spec, choose_store
from flows.runner import task_runner
from kizu.spec.errors import SpecError


def test_a_spec_file_is_as_good_as_the_form(spec, tmp_path):
    file = tmp_path / "dataset.yaml"
    file.write_text(yaml.safe_dump(spec.model_dump(mode="json")), encoding="utf-8")
    assert choose_spec(None, str(file)) == choose_spec(spec, None) == spec


def test_both_neither_and_a_missing_file_are_one_sentence_each(spec):
    with pytest.raises(SpecError, match=r"both spec and spec_file 'x.yaml'"):
        choose_spec(spec, "x.yaml")
    with pytest.raises(SpecError, match=r"neither spec nor spec_file"):
        choose_spec(None, None)
    with pytest.raises(SpecError, match=r"'x.yaml': no such file on the worker.*full path"):
        choose_spec(None, "x.yaml")


def test_the_store_is_the_one_given_or_the_workers_own(monkeypatch):
    monkeypatch.setenv("KIZU_STORE", "abfs://kizu/store")
    assert choose_store("elsewhere") == "elsewhere"
    assert choose_store(None) == "abfs://kizu/store"
    monkeypatch.delenv("KIZU_STORE")
    assert choose_store(None) == "kizu-store"


@pytest.mark.parametrize(
    ("name", "runner"),
    [("threads", "ThreadPoolTaskRunner"), ("processes", "ProcessPoolTaskRunner")],
)
def test_the_environment_chooses_where_tasks_run(monkeypatch, name, runner):
    monkeypatch.setenv("KIZU_RUNNER", name)
    monkeypatch.setenv("KIZU_WORKERS", "3")
    assert type(task_runner()).__name__ == runner


def test_an_unknown_runner_lists_the_choices(monkeypatch):
    monkeypatch.setenv("KIZU_RUNNER", "ray")
    with pytest.raises(ValueError, match=r"'ray'; choose one of threads, processes, dask"):
        task_runner()


def test_a_number_of_workers_that_is_none_is_told(monkeypatch):
    monkeypatch.setenv("KIZU_WORKERS", "many")
    with pytest.raises(ValueError, match=r"KIZU_WORKERS is 'many'"):
        task_runner()
