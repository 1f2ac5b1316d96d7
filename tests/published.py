"""A published version with the shapes that exports lose: a hole, two parts, a thin line."""

import numpy as np
import pytest

from kizu.imaging.codecs import encode_mask, encode_png
from kizu.publish.dataset import FILE_KINDS, open_dataset
from kizu.publish.layout import VersionFolder
from kizu.publish.schemas import TABLES, encode_table
from kizu.store.keys import sha256_hex

SHAPE = (61, 95)


def hard_masks():
    ring, parts, line = (np.zeros(SHAPE, np.bool_) for _ in range(3))
    ring[10:50, 20:70] = True
    ring[20:40, 30:60] = False
    parts[5:15, 5:15] = True
    parts[30:61, 60:95] = True
    parts[40:45, 70:75] = False
    line[np.arange(40), np.arange(40) + 10] = True
    line[60, 94] = True
    return {"ring": ring, "parts": parts, "line": line}


@pytest.fixture
def masks():
    """The defects of the version by sample id, (H, W) bool each."""
    return hard_masks()


@pytest.fixture
def dataset(store, masks, make_photo):
    """A version of one normal image, three accepted defects, and one that waits for review."""
    folder = VersionFolder("plates", "0123")
    rows = [
        ("normal", "good", "train", "accept", None),
        ("ring", "hole", "train_defects", "accept", masks["ring"]),
        ("parts", "hole", "test", "accept", masks["parts"]),
        ("line", "crack", "test", "accept", masks["line"]),
        ("doubtful", "crack", "review", "review", masks["line"]),
    ]
    samples = []
    for number, (sample_id, defect_type, split, verdict, mask) in enumerate(rows):
        image = encode_png(np.ascontiguousarray(make_photo(number)[: SHAPE[0], : SHAPE[1]]))
        files = {"image": image} | ({} if mask is None else {"mask": encode_mask(mask)})
        row = {
            "label_index": int(mask is not None),
            "split": split,
            "label": "normal" if mask is None else "abnormal",
            "sample_id": sample_id,
            "category": "plate",
            "defect_type": defect_type,
            "verdict": verdict,
            "certified": False,
        }
        for kind in FILE_KINDS:
            path = f"{kind}s/{sample_id}.png" if kind in files else ""
            row |= {f"{kind}_path": path, f"{kind}_sha256": sha256_hex(files[kind]) if path else ""}
            if path:
                store.write(folder.path(path), files[kind])
        samples.append(row)
    tables = {name: encode_table(name, samples if name == "samples" else []) for name in TABLES}
    for name, data in tables.items():
        store.write(folder.path(f"{name}.parquet"), data)
    manifest = {
        "rows": {name: len(samples) if name == "samples" else 0 for name in TABLES},
        "sha256": {name: sha256_hex(data) for name, data in tables.items()},
    }
    store.write_json(folder.path("manifest.json"), manifest)
    return open_dataset(store, "plates", "0123")
