"""Object stores on this machine: Azurite for Azure Blob, moto for S3.

One of each per process, known to all tests through ``conftest.py``: clients are kept by their URL,
so a second service under the same one would not be asked. Every test gets a store of its own there.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import PATIENCE_S, ROOT

from kizu.loopback import free_port

# the account and key that every Azurite has; they are documented and open nothing else
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Azurite:
    """An Azure Blob service; its container is called 'kizu'."""

    def __init__(self, command: str, folder: Path) -> None:
        self.port = free_port()
        self.url = "abfs://kizu/store"
        self.connection_string = (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint=http://127.0.0.1:{self.port}/{ACCOUNT};"
        )
        self._command = [
            command,
            "--silent",
            "--disableTelemetry",
            "--skipApiVersionCheck",
            "--location",
            str(folder),
        ]
        self._command += ["--blobHost", "127.0.0.1", "--blobPort", str(self.port)]
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, start_new_session=True)  # noqa: S603 - ours
        wait_until_answers(f"http://127.0.0.1:{self.port}/")

    def stop(self) -> None:
        """End it as its users do: killed, it would forget the last seconds' blobs."""
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(PATIENCE_S)

    def make_container(self) -> None:
        from azure.storage.blob import BlobServiceClient

        service = BlobServiceClient.from_connection_string(self.connection_string)
        with service:
            service.create_container("kizu")


def wait_until_answers(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - http, ours
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(url)


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """An Azure Blob service with an empty container."""
    pytest.importorskip("adlfs", reason="adlfs is not installed; pip install 'kizu[azure-storage]'")
    local = ROOT / "node_modules" / ".bin" / "azurite-blob"
    command = os.environ.get("KIZU_AZURITE") or shutil.which("azurite-blob") or str(local)
    if not Path(command).exists():
        pytest.skip("azurite-blob is not installed; npm install azurite, or set KIZU_AZURITE")
    one = Azurite(command, tmp_path_factory.mktemp("azurite"))
    one.start()
    one.make_container()
    yield one
    one.stop()


@pytest.fixture
def azure_store(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> str:
    """Store URL on Azurite, with the credentials in the environment."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite.connection_string)
    return f"{azurite.url}-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 service with an empty bucket."""
    pytest.importorskip("s3fs", reason="s3fs is not installed; pip install 'kizu[s3-storage]'")
    pytest.importorskip("moto", reason="moto is not installed")
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (tmp_path_factory.mktemp("moto") / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - ours
    wait_until_answers(endpoint)
    request = urllib.request.Request(f"{endpoint}/kizu", method="PUT")  # noqa: S310 - http, ours
    urllib.request.urlopen(request).close()  # noqa: S310 - the same
    yield endpoint
    server.terminate()
    server.wait(30)


@pytest.fixture
def s3_store(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Store URL on an S3 service, with the credentials in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anyone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    return f"s3://kizu/store-{uuid.uuid4().hex[:8]}"
