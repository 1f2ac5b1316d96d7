"""Ctrl-C during ``kizu build``, as a terminal sends it: to all processes of the command."""

import json
import os
import signal
import subprocess
import time

import pytest
from served import PATIENCE_S, ROOT, kizu

from kizu.billing.ledger import Ledger
from kizu.billing.totals import CallStatus
from kizu.emulator import Emulator, EmulatorSettings
from kizu.emulator.settings import KEY
from kizu.imaging.codecs import encode_png
from kizu.store import Store


@pytest.fixture
def emulator():
    with Emulator(EmulatorSettings(paint=lambda job: job.picture, latency_s=3)).running() as found:
        yield found


@pytest.fixture
def start_build(tmp_path, emulator, make_photo):
    """Return a function that starts a build of 24 edits as a terminal does."""
    (tmp_path / "photos").mkdir()
    for seed in range(8):
        (tmp_path / "photos" / f"{seed}.png").write_bytes(encode_png(make_photo(seed)))
    spec = {
        "name": "plates",
        "images": {"path": "photos", "category": "plate"},
        "defects": [{"defect_type": "hole", "prompt": "a hole", "variants": 3}],
        "editor": {"name": "gpt-image", "quality": "low", "images_per_minute": 60},
        "grounding": {"annotator": "none"},
    }
    (tmp_path / "dataset.yaml").write_text(json.dumps(spec))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "KIZU_"))}
    env = {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "AZURE_OPENAI_ENDPOINT": emulator.endpoint,
        "AZURE_OPENAI_API_KEY": KEY,
        "COLUMNS": "200",
    }
    started = []

    def start():
        build = subprocess.Popen(  # noqa: S603 - our own command
            kizu("build", "dataset.yaml"),
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(build)
        return build

    yield start
    for build in started:
        if build.poll() is None:
            os.killpg(build.pid, signal.SIGKILL)
        build.wait()
        build.stdout.close()


def wait_for(done):
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def in_group(build):
    """Tell whether any process of the command is left."""
    try:
        os.killpg(build.pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_stops_asking_keeps_all_and_says_how_to_go_on(
    start_build, emulator, tmp_path, number, status
):
    build = start_build()
    wait_for(lambda: emulator.tally.calls >= 2 or build.poll() is not None)
    os.killpg(build.pid, number) if number == signal.SIGINT else build.send_signal(number)
    asked = emulator.tally.calls
    said, _ = build.communicate(timeout=PATIENCE_S)
    assert build.returncode == status, said
    assert emulator.tally.calls <= asked + 1, said  # one may have been on its way
    assert "Traceback" not in said
    assert said.rstrip().splitlines()[-1].startswith("Stopped: all that was made is kept; go on")
    assert "build dataset.yaml" in said.rstrip().splitlines()[-1]
    ends = [end for _, _, end in Ledger(Store(str(tmp_path / "kizu-store"))).entries()]
    assert [end.status for end in ends] == [CallStatus.BOUGHT] * emulator.tally.calls
    assert not in_group(build)


@pytest.mark.slow
def test_the_second_ctrl_c_ends_at_once(start_build, emulator):
    build = start_build()
    wait_for(lambda: emulator.tally.calls >= 1 or build.poll() is not None)
    os.killpg(build.pid, signal.SIGINT)
    while "Stopping" not in build.stdout.readline():
        assert build.poll() is None
    os.killpg(build.pid, signal.SIGINT)
    assert build.wait(PATIENCE_S) == 130
    wait_for(lambda: not in_group(build))
