"""How often a build asks an object store: first, with nothing to do, and with one photo more.

The same dataset is built three times without Prefect by the functions that its tasks call, with the
painter, on a service of this machine whose log shows every HTTP request: moto's S3 or Azurite's
Azure Blob. "Nothing to do" is what ``kizu build`` asks before it starts Prefect, and "built again"
what the flow asks where it is started all the same. Of one photo more it is told what is asked
beyond what its own samples take, which are counted as those of the first build. A listing takes a
request per thousand files; with fewer to a page a small dataset asks as often as a large one: 24
photos with 96 files to a page ask as 250 do with a thousand::

    PYTHONPATH=. python benchmarks/store_requests.py --photos 8
    PYTHONPATH=. python benchmarks/store_requests.py --photos 24 --page 96 --rooms
    npm install --no-save --prefix build/npm azurite
    azurite=build/npm/node_modules/.bin/azurite-blob
    PYTHONPATH=. python benchmarks/store_requests.py --azurite $azurite
"""

import argparse
import os
import re
import subprocess
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from republish import moto, write_photo
from stub_build import VARIANTS, bare_loop

from kizu.loopback import free_port
from kizu.spec import DatasetSpec
from kizu.store import Store
from kizu.unchanged import find_unchanged

_REQUEST = re.compile(r'"(GET|PUT|HEAD|POST|DELETE) (\S+) HTTP/1\.1"')
_STOPS = "GET builds/stops"  # how often depends on the time that a build takes
_CONTINUED = re.compile(r"[?&](continuation-token|marker)=[^&]")
_LISTED, _LATER = "list ", "list more "
_LONG_AGO_S = 1e9  # photos that were written a moment ago are not known by their time
_ACCOUNT = "devstoreaccount1"  # the account and key of every Azurite; they open nothing else
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextmanager
def azurite(command: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Run an Azure Blob service while the block runs; yield a store's URL and the log."""
    from azure.storage.blob import BlobServiceClient

    port, log = free_port(), folder / "azurite.log"
    options = ["--disableTelemetry", "--skipApiVersionCheck", "--location", str(folder / "blobs")]
    options += ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    with log.open("w") as opened:
        server = subprocess.Popen([command, *options], stdout=opened, stderr=opened)  # noqa: S603
    connection = (
        f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/{_ACCOUNT};"
    )
    os.environ["AZURE_STORAGE_CONNECTION_STRING"] = connection
    try:
        with BlobServiceClient.from_connection_string(connection) as service:
            service.create_container("kizu")  # the client tries again until it answers
        yield f"abfs://kizu/store-{uuid.uuid4().hex[:8]}", log
    finally:
        server.terminate()
        server.wait(60)


class Requests:
    """Counts what a log shows from one lap to the next."""

    def __init__(self, log: Path) -> None:
        """Point at a log."""
        self._log, self._seen = log, 0

    def lap(self) -> Counter[str]:
        """Return the requests since the last lap, by method and room of the store.

        Pages of a listing but the first stand apart.
        """
        found = _REQUEST.findall(self._log.read_text("utf-8", "replace"))
        new, self._seen = found[self._seen :], len(found)
        return Counter(f"{method} {_room(path)}" for method, path in new)


def _room(path: str) -> str:
    """Return which part of the store a request is about, without keys and names."""
    if "prefix=" in path:
        listed = unquote(path.partition("prefix=")[2].partition("&")[0])
        return f"{_LATER if _CONTINUED.search(path) else _LISTED}{_inner(listed)}"
    return _inner(path.partition("?")[0])


def _inner(path: str) -> str:
    inner = re.sub(r"^.*?store[^/]*/", "", path)
    parts = [
        part for part in inner.split("/") if not re.fullmatch(r"[0-9a-f]{2}|.*[0-9]{3}.*", part)
    ]
    return "/".join(parts[:3])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--side", type=int, default=96, help="side of the photos in pixels")
    parser.add_argument("--azurite", help="command of Azurite's blob service; S3 without it")
    parser.add_argument("--page", type=int, default=1000, help="files of a listing's page on S3")
    parser.add_argument("--rooms", action="store_true", help="also print which parts are asked")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        service = (
            azurite(options.azurite, folder) if options.azurite else moto(folder, options.page)
        )
        with service as (url, log):
            measure(folder, url, Requests(log), options)


def measure(folder: Path, url: str, requests: Requests, options: argparse.Namespace) -> None:
    """Build, and print what each build asked."""
    photos, store = folder / "photos", Store(url)
    photos.mkdir()
    for number in range(options.photos):
        _write_old(photos, number, options.side)
    spec = DatasetSpec.parse(
        {
            "name": "requests",
            "images": {"path": str(photos)},
            "defects": [{"defect_type": "hole", "prompt": "a deep hole", "variants": VARIANTS}],
            "grounding": {"annotator": "none"},
            "agree": {"without_grounding": "accept"},
        }
    )
    requests.lap()
    found = {}
    bare_loop(spec, url, threads=1, shard_size=16)
    found["first"] = requests.lap()
    if find_unchanged(spec, store) is None:
        raise SystemExit("there is something to do")
    found["nothing to do"] = requests.lap()
    bare_loop(spec, url, threads=1, shard_size=16)
    found["built again"] = requests.lap()
    _write_old(photos, options.photos, options.side)
    bare_loop(spec, url, threads=1, shard_size=16)
    found["one photo more"] = requests.lap()
    samples = options.photos * VARIANTS
    stops = {part: asked.pop(_STOPS, 0) for part, asked in found.items()}
    each = found["first"].total() / samples
    print(f"{samples} samples of {options.photos} photos; {VARIANTS} samples of one photo more")
    print(f"{'':16}{'requests':>10}{'per sample':>12}")
    for part, asked in found.items():
        of = VARIANTS if part == "one photo more" else samples
        print(f"{part:16}{asked.total():10}{asked.total() / of:12.2f}")
    beyond = found["one photo more"].total() - each * VARIANTS
    print(f"besides, once a second, whether the run is to stop: {stops}")
    print(f"one photo more asks {beyond:.0f} times beyond {each:.1f} per new sample")
    if options.rooms:
        for part, asked in found.items():
            print(part)
            for room, count in asked.most_common():
                print(f"  {count:6} {room}")


def _write_old(photos: Path, number: int, side_px: int) -> None:
    write_photo(photos, number, side_px)
    os.utime(photos / f"{number:05}.png", (_LONG_AGO_S, _LONG_AGO_S))


if __name__ == "__main__":
    main()
