"""A ``kizu serve`` that ends while a run is under way loses no night: the next run builds.

The nightly build has one slot. What a stopped worker had taken up must not keep it.
"""

import signal
from collections.abc import Iterator

import numpy as np
import pytest
import yaml
from served import Served

from deployments.abandoned import STARTED_AGAIN, STOPPED_AT_WORK, STOPPED_BEFORE
from kizu.emulator.settings import KEY
from kizu.imaging.codecs import encode_png

pytestmark = pytest.mark.slow

NIGHTLY = "build-dataset/nightly"


@pytest.fixture(scope="module")
def nightly(tmp_path_factory, azure) -> Iterator[Served]:
    """A server with a nightly build, whose night never comes, by a service that can keep it."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "photos").mkdir()
    (folder / "photos" / "a.png").write_bytes(encode_png(np.full((96, 96, 3), 130, np.uint8)))
    fields = {
        "name": "plates",
        "images": {"path": str(folder / "photos")},
        "defects": [{"defect_type": "hole", "prompt": "a deep hole"}],
        "editor": {"name": "gpt-image", "quality": "low"},
        "grounding": {"annotator": "none"},
        "agree": {"without_grounding": "accept"},
    }
    (folder / "dataset.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")
    env = {"AZURE_OPENAI_ENDPOINT": azure.endpoint, "AZURE_OPENAI_API_KEY": KEY}
    one = Served(folder, "dataset.yaml", "--cron", "0 0 1 1 *", env=env)
    one.start()
    yield one
    azure.release()
    assert one.stop() == 0


def waits_for(served: Served, run_id: str, *states: str) -> None:
    served.wait_for(lambda: served.state(run_id)["name"] in states)


def told(served: Served, run_id: str) -> list[str]:
    """What was said of a run, by its states and in its log."""
    states = served.ask("GET", f"flow_run_states/?flow_run_id={run_id}")
    return [state["message"] for state in states] + served.logged(run_id)


def test_a_run_at_work_is_ended_with_serve_and_names_itself_to_those_it_kept_out(nightly, azure):
    azure.hold_after(0)
    first = nightly.run({}, NIGHTLY)
    waits_for(nightly, first, "Running")
    second = nightly.run({}, NIGHTLY)
    nightly.wait_for(lambda: f"({first}) was still at work" in str(told(nightly, second)))
    assert nightly.state(second)["type"] == "CANCELLED"
    nightly.end(signal.SIGINT)
    azure.release()
    nightly.start()
    assert nightly.state(first)["type"] == "CANCELLED"
    assert told(nightly, first).count(STOPPED_AT_WORK) == 2


@pytest.mark.parametrize(
    ("end", "sentence"), [(signal.SIGKILL, STARTED_AGAIN), (signal.SIGINT, STOPPED_BEFORE)]
)
def test_a_run_that_had_not_begun_when_serve_ended_begins_when_it_is_back(nightly, end, sentence):
    first = nightly.run({}, NIGHTLY)
    waits_for(nightly, first, "Pending", "Submitting")
    nightly.end(end)
    nightly.start()
    assert nightly.end_of(first)["message"].startswith("1 samples: 1 accepted")
    assert told(nightly, first).count(sentence) == 2
