"""What it takes to find that a build has nothing to do, by its number of samples.

A dataset of a stub editor is built without Prefect in a folder of this machine; then a fresh
process looks what ``kizu build`` looks at before it would start Prefect. All variants of a photo
get the same picture, so that the stages are not what is measured; every sample has an edit, rows
and published files of its own::

    PYTHONPATH=. python benchmarks/nothing_to_do.py --samples 64 2000
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from republish import write_photo
from stub_build import StubEditor, bare_loop, stub_in_place

from kizu.spec import DatasetSpec

_SIDE_PX = 64


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[64, 2000])
    parser.add_argument("--variants", type=int, default=8, help="samples per photo")
    parser.add_argument("--look", nargs=2, metavar=("SPEC", "STORE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.look:
        look(*options.look)
        return
    print(f"{'samples':>8}{'first CPU s':>13}{'import CPU s':>14}{'look CPU s':>12}{'wall s':>8}")
    for samples in options.samples:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), samples, options.variants)


def measure(folder: Path, samples: int, variants: int) -> None:
    """Build, look in a fresh process, and print a row."""
    (folder / "photos").mkdir()
    for number in range(-(-samples // variants)):
        write_photo(folder / "photos", number, _SIDE_PX)
    asked = {
        "name": "large",
        "images": {"path": str(folder / "photos")},
        "defects": [{"defect_type": "hole", "prompt": "a deep hole", "variants": variants}],
        "grounding": {"annotator": "none"},
        "agree": {"without_grounding": "accept"},
    }
    (folder / "spec.json").write_text(json.dumps(asked), "utf-8")
    time.sleep(2.1)  # photos that were written a moment ago are not known by their time
    start = time.process_time()
    with stub_in_place(StubEditor(0.0)):
        bare_loop(DatasetSpec.parse(asked), str(folder / "store"), threads=2, shard_size=16)
    first_s = time.process_time() - start
    looking = [sys.executable, __file__, "--look", str(folder / "spec.json"), str(folder / "store")]
    start = time.monotonic()
    found = subprocess.run(looking, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    wall_s = time.monotonic() - start
    import_s, look_s = map(float, found.stdout.split())
    print(f"{samples:8}{first_s:13.1f}{import_s:14.2f}{look_s:12.2f}{wall_s:8.1f}")


def look(spec_file: str, store_url: str) -> None:
    """Print the CPU seconds until all is imported, and those of the look."""
    from kizu.store import Store
    from kizu.unchanged import find_unchanged

    imported = time.process_time()
    spec = DatasetSpec.parse(json.loads(Path(spec_file).read_text("utf-8")))
    if find_unchanged(spec, Store(store_url)) is None:
        raise SystemExit("there is something to do")
    print(imported, time.process_time() - imported)


if __name__ == "__main__":
    main()
