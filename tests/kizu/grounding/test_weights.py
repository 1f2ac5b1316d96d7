import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kizu.grounding import WeightsUnavailable
from kizu.grounding.weights import Weights, check_model_type, find_weights

COMMIT = "1234567890" * 4
FIND = """
import sys
from kizu.grounding import WeightsUnavailable
from kizu.grounding.weights import find_weights
try:
    weights = find_weights("owner/model", "sam")
    print(weights.identity)
    print(sorted(file.name for file in weights.path.iterdir()))
except WeightsUnavailable as error:
    print(error)
"""


@pytest.fixture
def hub():
    """A model hub on this machine with one repository, `owner/model`."""
    files = {}

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer(with_body=False)

        def do_GET(self):
            self.answer(with_body=True)

        def answer(self, *, with_body):
            path = urlsplit(self.path).path
            name = path.rpartition("/")[2]
            if path.startswith("/api/models/owner/model/tree/"):
                content = json.dumps([entry(name) for name in files]).encode()
            elif path.startswith("/api/models/owner/model"):
                siblings = [{"rfilename": name, "size": len(files[name])} for name in files]
                content = json.dumps(
                    {"id": "owner/model", "sha": COMMIT, "siblings": siblings}
                ).encode()
            else:
                content = files.get(name, b"")
            self.send_response(200 if files else 404)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{name}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if with_body:
                self.wfile.write(content)

        def log_message(self, *_):
            """Stay quiet."""

    def entry(name):
        return {"type": "file", "path": name, "size": len(files[name]), "oid": name}

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", files
        server.shutdown()
        thread.join()


def found_through(url, home, code=FIND):
    """Return what a fresh process prints that looks for `owner/model`."""
    environment = {"HF_ENDPOINT": url, "HF_HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment | {"HF_HUB_DISABLE_XET": "1"},
    ).stdout.splitlines()


def test_weights_come_from_the_hub_once_and_then_from_its_cache(hub, tmp_path):
    url, files = hub
    files |= {
        "config.json": b"{}",
        "model.safetensors": b"tensors",
        "pytorch_model.bin": b"a pickle",
        "README.md": b"text",
    }
    expected = [f"owner/model@{COMMIT}", "['config.json', 'model.safetensors']"]
    assert found_through(url, tmp_path) == expected
    assert found_through("http://127.0.0.1:9", tmp_path) == expected


SIZE = """
from kizu.grounding.weights import download_bytes
print(download_bytes("owner/model"))
"""
ONLY_HERE = "from kizu.grounding.weights import without_downloads\nwith without_downloads():{}"


def test_the_hub_says_how_much_it_sends_and_without_it_nobody_knows(hub, tmp_path):
    url, files = hub
    files |= {"config.json": b"{}", "model.safetensors": b"tensors"}
    assert found_through(url, tmp_path, SIZE) == ["9"]
    assert found_through("http://127.0.0.1:9", tmp_path, SIZE) == ["None"]


def test_weights_are_not_fetched_where_only_those_that_are_here_count(hub, tmp_path):
    url, files = hub
    files |= {"config.json": b"{}", "model.safetensors": b"tensors"}
    indented = FIND.replace("\n", "\n    ")
    [said] = found_through(url, tmp_path, ONLY_HERE.format(indented))
    assert "'owner/model' are not on this machine; a build fetches them" in said
    assert not list(tmp_path.rglob("*.safetensors"))


def test_pickled_weights_come_where_there_are_no_others(hub, tmp_path):
    url, files = hub
    files |= {"config.json": b"{}", "pytorch_model.bin": b"a pickle"}
    assert found_through(url, tmp_path)[1] == "['config.json', 'pytorch_model.bin']"


def test_a_model_the_hub_does_not_have_is_named_with_the_way_out(hub, tmp_path):
    url, _ = hub
    (sentence,) = found_through(url, tmp_path)
    assert "sam: the weights 'owner/model' are not on this machine" in sentence
    assert "name its path in the grounding settings" in sentence


def test_a_single_files_identity_is_its_content(tmp_path):
    one, two = tmp_path / "one.pth", tmp_path / "two.pth"
    one.write_bytes(b"weights")
    two.write_bytes(b"weights")
    assert find_weights(str(one), "sam").identity == find_weights(str(two), "sam").identity


@pytest.mark.parametrize("name", ["./dino", "/nowhere/dino", "~/dino", "a/b/c", "sam.pth"])
def test_names_that_look_like_paths_are_not_asked_of_the_hub(name):
    with pytest.raises(WeightsUnavailable, match="does not exist"):
        find_weights(name, "sam")


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (None, "has no config.json"),
        ("{broken", "is not JSON"),
        ("{}", "holds a None model, expected 'sam' or 'sam_hq'"),
    ],
)
def test_a_folder_of_no_known_model_is_refused(tmp_path, config, sentence):
    if config is not None:
        Path(tmp_path / "config.json").write_text(config)
    with pytest.raises(WeightsUnavailable, match=sentence):
        check_model_type(Weights(tmp_path, "sha256:0"), ("sam", "sam_hq"), "sam")
