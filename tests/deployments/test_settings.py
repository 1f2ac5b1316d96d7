from importlib import import_module
from pathlib import Path

from prefect.server.concurrency.lease_storage import ConcurrencyLeaseStorage
from prefect.settings.models.server.concurrency import ServerConcurrencySettings

from deployments.settings import ServeSettings, environment


def test_a_store_folder_is_the_same_from_wherever_a_worker_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ServeSettings("kizu-store", tmp_path).store == str(tmp_path / "kizu-store")
    assert ServeSettings("abfs://kizu/store", tmp_path).store == "abfs://kizu/store"


def test_the_server_records_in_batches_unless_the_user_says_otherwise(tmp_path, monkeypatch):
    size = "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE"
    monkeypatch.delenv(size, raising=False)
    settings = ServeSettings("store", tmp_path)
    assert environment(settings)[size] == "100"
    monkeypatch.setenv(size, "7")
    assert environment(settings)[size] == "7"


def test_without_a_spec_file_there_is_no_nightly_build(tmp_path):
    assert environment(ServeSettings("store", tmp_path))["KIZU_NIGHTLY"] == "false"
    nightly = ServeSettings("store", tmp_path, nightly=Path("x.yaml"), cron="5 4 * * *")
    found = environment(nightly)
    assert (found["KIZU_NIGHTLY"], found["KIZU_CRON"]) == ("true", "5 4 * * *")
    assert Path(found["KIZU_SPEC_FILE"]).is_absolute()


def test_a_restart_of_the_server_forgets_no_lease(tmp_path, monkeypatch):
    name = "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"
    monkeypatch.delenv(name, raising=False)
    module = environment(ServeSettings("store", tmp_path))[name]
    assert issubclass(import_module(module).ConcurrencyLeaseStorage, ConcurrencyLeaseStorage)
    assert module != ServerConcurrencySettings.model_fields["lease_storage"].default


def test_the_page_asks_its_own_origin_and_no_other_origin_may_ask(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_SERVER_CORS_ALLOWED_ORIGINS", "*")
    found = environment(ServeSettings("store", tmp_path, address="kizu.lan", port=4300))
    assert found["PREFECT_SERVER_UI_API_URL"] == "/api"
    assert found["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == "http://kizu.lan:4300"
    assert found["PREFECT_UI_URL"] == "http://kizu.lan:4300"


def test_server_and_workers_sign_in_with_the_same_words_where_there_are_some(tmp_path, monkeypatch):
    both = ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING")
    for name in both:
        monkeypatch.delenv(name, raising=False)
    assert not set(both) & environment(ServeSettings("store", tmp_path)).keys()
    found = environment(ServeSettings("store", tmp_path, sign_in="kizu:pass"))
    assert [found[name] for name in both] == ["kizu:pass", "kizu:pass"]
