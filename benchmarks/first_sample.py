"""The first hour of a user without a key: from a fresh clone to the first own accepted sample.

    python benchmarks/first_sample.py [PHOTOS_FOLDER]

Clones the repository that this file is in into a temporary folder and goes through the README's
commands for own photographs, up to the first that leaves an accepted sample. Counts commands,
seconds and CPU seconds behind the installation, for which the packages of this interpreter stand.
Without a folder it takes six photographs that scikit-image bundles and the demo does not use:
camera, chelsea, astronaut, rocket, immunohistochemistry and cell, scaled to 1024 px.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from kizu.imaging.codecs import encode_png
from kizu.publish.dataset import open_dataset

ROOT: Final = Path(__file__).resolve().parents[1]
PHOTOS: Final = ("camera", "chelsea", "astronaut", "rocket", "immunohistochemistry", "cell")
_LONG_SIDE_PX: Final = 1024


def write_photos(folder: Path) -> None:
    """Write the photographs as PNG files."""
    from skimage import data

    folder.mkdir()
    for name in PHOTOS:
        pixels = np.asarray(getattr(data, name)())
        rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
        scale = _LONG_SIDE_PX / max(rgb.shape[:2])
        size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
        scaled = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        (folder / f"{name}.png").write_bytes(encode_png(scaled))


def readme_commands(clone: Path) -> list[str]:
    """Return the README's commands for own photographs, without their comments."""
    text = (clone / "README.md").read_text(encoding="utf-8")
    block = re.search(r"^## Your own photos$.*?^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = block[1].splitlines() if block else []
    return [line.partition("#")[0].strip() for line in lines]


def accepted(folder: Path) -> int:
    """Return how many samples of the dataset are accepted; 0 before there is one."""
    try:
        samples = open_dataset(str(folder / "kizu-store"), "photos").samples
    except ValueError:
        return 0
    return int(((samples["verdict"] == "accept") & (samples["defect_type"] != "good")).sum())


def main(source: str | None) -> int:
    """Go through the commands; return 0 once a sample is accepted."""
    with tempfile.TemporaryDirectory() as place:
        clone, here = Path(place) / "kizu", Path(place) / "mine"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)  # noqa: S603, S607 - our own
        here.mkdir()
        if source:
            (here / "photos").symlink_to(Path(source).resolve())
        else:
            write_photos(here / "photos")
        secrets = ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", "PREFECT_API_URL", "KIZU_STORE")
        environment = {name: value for name, value in os.environ.items() if name not in secrets}
        environment |= {"PYTHONPATH": str(clone), "PREFECT_HOME": str(here / "prefect")}
        began = time.perf_counter()
        for number, command in enumerate(readme_commands(clone), start=1):
            words = command.split()
            program = [sys.executable, "-c", "from kizu.cli import app; app()", *words[1:]]
            started = time.perf_counter()
            code = subprocess.run(program, cwd=here, env=environment, check=False).returncode  # noqa: S603 - as above
            sys.stdout.write(f"[{time.perf_counter() - started:.0f} s, code {code}] {command}\n")
            if count := accepted(here):
                took_s = time.perf_counter() - began
                used = resource.getrusage(resource.RUSAGE_CHILDREN)
                sys.stdout.write(
                    f"{count} accepted after {number} commands, {took_s:.0f} s, "
                    f"{used.ru_utime + used.ru_stime:.0f} CPU s\n"
                )
                return 0
    sys.stdout.write("nothing was accepted\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else None))
