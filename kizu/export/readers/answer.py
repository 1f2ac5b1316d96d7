"""Runs a reader beside this file in whatever environment it is started with: no kizu is needed.

``python answer.py READER EXPORT DISTRIBUTION`` prints a line of JSON for the distribution's
version, and one for every image: its name, its class, and its mask as packed bits.
"""

import base64
import importlib
import json
import os
import sys
import zlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def main(reader: str, folder: str, distribution: str) -> None:
    """Print what a reader finds in an export.

    Args:
        reader: Name of a file beside this one, without ending.
        folder: The export.
        distribution: What is asked for its version.
    """
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the tool itself prints goes to the errors
    print(json.dumps({"version": version(distribution)}), file=out, flush=True)
    read = importlib.import_module(reader).read
    os.chdir(folder)
    for name, mask, label in read(str(Path.cwd())):
        print(json.dumps(packed(name, mask, label)), file=out, flush=True)


def packed(name: str, mask: Any, label: str | None) -> dict[str, Any]:
    """Return an image as a line has it.

    Args:
        name: Its name without ending.
        mask: (H, W) of anything; what is not 0 belongs.
        label: Its class; None where the tool tells none.
    """
    flags = np.asarray(mask) != 0
    bits = base64.b64encode(zlib.compress(np.packbits(flags).tobytes(), 1)).decode("ascii")
    return {"name": name, "size": list(flags.shape), "bits": bits, "label": label}


if __name__ == "__main__":
    main(*sys.argv[1:4])
