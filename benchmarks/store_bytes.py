"""What one sample leaves in the store, by folder and file, beside what it was drawn onto.

Photos are painted on, redrawn as by a model, compared, judged, published and reported without
Prefect, in a folder of this machine. PNG files follow the picture's grain, so take photos of your
own; without any, noise with the grain of a photograph is taken::

    PYTHONPATH=. python benchmarks/store_bytes.py --photos FOLDER --variants 2
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from republish import write_photo
from stub_build import bare_loop

from kizu.spec import DatasetSpec

_OF_PHOTOS = ("normals", "thumbnails", "foregrounds")


def main() -> None:
    """Build, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="folder of photos; default: four of noise")
    parser.add_argument("--side", type=int, default=1024, help="pixels a side of those of noise")
    parser.add_argument("--variants", type=int, default=2, help="samples per photo and defect")
    parser.add_argument("--drift", default="gpt-image-2", help="how the painter redraws the photo")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos = options.photos or Path(folder, "photos")
        if not options.photos:
            photos.mkdir()
            for number in range(4):
                write_photo(photos, number, options.side)
        defects = [
            {"defect_type": kind, "prompt": f"a {kind}", "variants": options.variants}
            for kind in ("scratch", "hole")
        ]
        spec = DatasetSpec.parse(
            {
                "name": "bytes",
                "images": {"path": str(photos)},
                "editor": {"name": "painter", "drift": options.drift},
                "grounding": {"annotator": "none"},
                "defects": defects,
            }
        )
        bare_loop(spec, f"{folder}/store", threads=2, shard_size=16)
        report(Path(folder, "store"))


def report(store: Path) -> None:
    """Print bytes per sample of each kind of file, the largest first."""
    sizes: Counter[str] = Counter()
    for file in store.rglob("*"):
        if file.is_file():
            sizes[kind_of(file.relative_to(store))] += file.stat().st_size
    samples = len(list(store.glob("stages/verdict/*/*/record.json")))
    print(f"{samples} samples; KiB per sample:")
    for kind, size in sizes.most_common():
        print(f"{size / samples / 1024:10.1f}  {kind}")
    own = sum(size for kind, size in sizes.items() if not kind.startswith(("edits", *_OF_PHOTOS)))
    print(f"{own / samples / 2**20:10.2f}  MiB in all, without the edit and the photo as taken in")


def kind_of(path: Path) -> str:
    """Return what a file of the store is counted as."""
    parts = path.parts
    if parts[0] == "stages":
        return f"stages/{parts[1]}/{parts[-1]}"
    if parts[0] == "datasets" and len(parts) > 3:
        return f"datasets/{'/'.join(parts[2:-1])}" if parts[2] == "files" else "datasets/version"
    return parts[0]


if __name__ == "__main__":
    main()
