"""The same dataset, to the byte, wherever tasks run and wherever the store is, trouble or not."""

from threading import Lock, Timer

import pytest

from flows.build import build_dataset
from flows.runner import task_runner
from kizu.progress import listening
from kizu.publish.layout import latest_version
from kizu.publish.schemas import TABLES
from kizu.spec import DatasetSpec
from kizu.store import Store

pytestmark = [
    pytest.mark.slow,
    # clients of the store and of the cluster leave sessions for the interpreter to close
    pytest.mark.filterwarnings("ignore"),
]


def manifests(store: Store) -> dict[str, bytes]:
    folder = latest_version(store, "plates")
    names = [*(f"{table}.parquet" for table in TABLES), "manifest.json"]
    return {name: store.read(folder.path(name)) for name in names}


def test_threads_processes_and_dask_on_azure_blob_give_identical_manifests(
    spec,
    azure_store,
    monkeypatch,
):
    pytest.importorskip("prefect_dask", reason="prefect-dask is not installed")
    monkeypatch.setenv("KIZU_WORKERS", "3")
    made = {}
    for name in ("threads", "processes", "dask"):
        monkeypatch.setenv("KIZU_RUNNER", name)
        build = build_dataset.with_options(task_runner=task_runner())
        url = f"{azure_store}-{name}"
        state = build(spec, store_url=url, shard_size=1, return_state=True)
        assert state.is_completed(), state.message
        made[name] = manifests(Store(url))
    assert made["threads"] == made["processes"] == made["dask"]


def test_a_store_away_for_a_minute_in_the_middle_of_a_build_is_waited_for(
    spec,
    azure_store,
    azurite,
):
    url = f"{azure_store}-outage"
    fields = spec.model_dump(mode="json")
    more = [{**defect, "variants": 10} for defect in fields["defects"]]
    long_build = DatasetSpec.parse({**fields, "defects": more})
    back, away = Timer(60, azurite.start), Lock()

    def go_away(stage: str, samples: int, _: int | None) -> None:
        """Stop the service with the first edit, before the build goes on."""
        if stage == "edit" and samples and away.acquire(blocking=False):
            azurite.stop()
            back.start()

    with listening(go_away):
        state = build_dataset(long_build, store_url=url, return_state=True)
    back.join()
    assert state.is_completed(), state.message
    assert state.message.startswith("40 samples")
