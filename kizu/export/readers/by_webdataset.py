"""Shards, by WebDataset."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def read(folder: str) -> Iterator[tuple[str, Any, str | None]]:
    """Yield name, mask and class of every image."""
    import webdataset as wds

    classes = json.loads(Path(folder, "classes.json").read_text(encoding="utf-8"))
    shards = sorted(str(file) for file in Path(folder).glob("*.tar"))
    data = wds.WebDataset(shards, shardshuffle=False).decode("rgb8")
    for key, mask, label in data.to_tuple("__key__", "mask.png", "cls"):
        yield key, mask[..., 0], classes[label]
