"""The schedule really starts runs, and they buy nothing when nothing is new."""

import pytest
import yaml
from served import Served

pytestmark = pytest.mark.slow


def test_scheduled_runs_build_once_and_then_buy_nothing(tmp_path, spec):
    spec_file = tmp_path / "dataset.yaml"
    spec_file.write_text(yaml.safe_dump(spec.model_dump(mode="json")), encoding="utf-8")
    one = Served(tmp_path, str(spec_file), "--cron", "* * * * *", "--timezone", "Europe/Berlin")
    one.start()
    try:
        nightly = one.deployment("build-dataset/nightly")
        assert nightly["schedules"][0]["schedule"]["timezone"] == "Europe/Berlin"
        first = one.wait_for(lambda: next(iter(_ended(one, nightly)), None))
        assert (first["state"]["type"], first["auto_scheduled"]) == ("COMPLETED", True)
        bought, published = _edits(one), _published(one)
        assert len(bought) == 4
        assert one.stop() == 0

        one.start()
        assert one.deployment("build-dataset/nightly")["id"] == nightly["id"]
        assert first["id"] in {run["id"] for run in _ended(one, nightly)}
        second = one.wait_for(lambda: next(iter(_ended(one, nightly)[1:]), None))
        assert second["state"]["type"] == "COMPLETED"
        assert "nothing changed since version" in second["state"]["message"]
        assert _edits(one) == bought
        assert _published(one) == published
    finally:
        assert one.stop() == 0


def _ended(one: Served, deployment: dict) -> list[dict]:
    found = one.post(
        "flow_runs/filter",
        {
            "deployments": {"id": {"any_": [deployment["id"]]}},
            "flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}},
            "sort": "END_TIME_DESC",
        },
    )
    return found[::-1]


def _edits(one: Served) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in one.store.glob("edits/*/*")}


def _published(one: Served) -> dict[str, int]:
    found = one.store.glob("datasets/*/*/manifest.json")
    return {str(file): file.stat().st_mtime_ns for file in found}
