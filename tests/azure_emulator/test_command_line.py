import os
import re
import signal
import subprocess
import sys

import pytest
import yaml
from typer.testing import CliRunner

from kizu.cli import app
from kizu.emulator.settings import KEY


def run(*words):
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def spec_file(spec, tmp_path):
    fields = spec.model_dump(mode="json")
    fields["editor"] = {"name": "gpt-image", "model": "gpt-image-1", "quality": "low"}
    fields["defects"][0]["prompt"] = "a smear of blood"
    file = tmp_path / "dataset.yaml"
    file.write_text(yaml.safe_dump(fields), encoding="utf-8")
    return str(file)


def test_plan_shows_prompts_cost_and_warnings_and_sends_nothing(start_emulator, spec_file):
    emulator = start_emulator()
    code, out, errors = run("plan", spec_file)
    assert code == 0
    cost = r"USD are the most it can cost \(emulated\)"
    assert re.search(cost, out)
    assert "stain: Make exactly one change to this product photo (plate): a brown stain." in out
    assert "warning: gpt-image-1 was retired on 2026-10-23" in errors
    assert "may refuse 'blood'; say 'a red-brown stain' instead" in errors
    assert emulator.tally.calls == 0


def test_ledger_tells_what_was_paid_and_for_what(start_emulator, open_shop, tmp_path):
    emulator = start_emulator()
    shop = open_shop()
    shop.buy(0)
    shop.buy(1)
    code, out, _ = run(
        "ledger", "plates", "--store", shop.store.url, "--csv", str(tmp_path / "l.csv")
    )
    assert code == 0
    imitated = f"the emulator answered 2 requests, {emulator.tally.cost_usd:.2f} USD at list price"
    assert f"plates: nothing was bought; {imitated}." in out
    assert len((tmp_path / "l.csv").read_text(encoding="utf-8").splitlines()) == 3
    assert "mugs: nothing was bought." in run("ledger", "mugs", "--store", shop.store.url)[1]


def test_the_emulator_is_started_from_the_command_line_and_tells_the_bill(open_shop, monkeypatch):
    words = ["emulate-azure", "--port", "0", "--latency-s", "0"]
    emulator = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", "from kizu.cli import app; app()", *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    with emulator:
        told = [emulator.stdout.readline() for _ in range(3)]
        endpoint = re.search(r"AZURE_OPENAI_ENDPOINT=(\S+)", "".join(told))[1]
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
        assert open_shop().buy().status == "edited"
        emulator.send_signal(signal.SIGINT)
        rest = emulator.stdout.read()
    assert re.search(r"1 calls, 1 served, 0\.0[45] USD at list price", rest)


def test_a_port_that_is_taken_is_said_so(start_emulator):
    port = start_emulator().endpoint.rsplit(":", 1)[1]
    code, _, errors = run("emulate-azure", "--port", port)
    assert code == 2
    assert f"port {port} cannot be used" in errors
    assert "choose another with --port" in errors
